"""What belongs to a run and not to a recipe: where, on what, how exactly, how often."""

from __future__ import annotations

import dataclasses
from typing import Any

from models.precisions import PRECISIONS

# Those of `models.distribution`, which needs Keras; this file does not.
WAYS = ("none", "mirrored", "hosts")


def _option(default: Any, group: str, help: str, **more: Any) -> Any:
    return dataclasses.field(default=default, metadata={"group": group, "help": help, **more})


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one run; every field is a command-line option."""

    data: str = _option(
        "faces", "Data", "a folder of pictures, or `faces` (drawn on first use), `cifar10`, …"
    )
    labels: str = _option(
        "auto",
        "Data",
        "a CSV file, a folder of JSON files, or `folders`: sub-folders are classes; `data`: the "
        "data's own, for any recipe; `auto`: the same, for BigGAN only; `none`: train without",
    )
    count: int = _option(0, "Data", "how many pictures to use; 0: all there are", least=0)
    cache_dir: str = _option("", "Data", "where prepared pictures are kept; empty: datasets/cache")
    workers: int = _option(0, "Data", "processes that prepare pictures; 0: one per core", least=0)

    precision: str = _option(
        "auto",
        "Run",
        "arithmetic; `auto`: what this machine is fast in",
        choices=("auto", *PRECISIONS),
    )
    distribute: str = _option(
        "none",
        "Run",
        "`mirrored` shares every batch out over all devices of this machine, `hosts` over those of "
        "several that run the same command (TF_CONFIG)",
        choices=WAYS,
    )
    seed: int = _option(0, "Run", "of everything random: weights, data order, latents", least=0)
    steps_per_execution: int = _option(
        1,
        "Run",
        "training steps per call of the backend; more saves time where a step takes milliseconds. "
        "The log then keeps the last step of each call (not on torch)",
        least=1,
    )
    memory_check: str = _option(
        "on",
        "Run",
        "`on` refuses a run whose estimated memory is not there; `off` tries",
        choices=("on", "off"),
    )
    out: str = _option("samples", "Run", "folder that holds the run folders")

    picture_every: int = _option(
        0, "Output", "steps between grids; 0: 100, or more if that gave over 200 grids", least=0
    )
    picture_rows: int = _option(8, "Output", "rows of a grid", least=1)
    picture_columns: int = _option(8, "Output", "columns of a grid without labels", least=1)
    quality_every: int = _option(
        0,
        "Output",
        "steps between measurements of the averaged generator; 0: an eighth of the run, and none "
        "in runs below 400 steps",
        least=0,
    )
    quality_samples: int = _option(
        200, "Output", "pictures that each of them compares with as many reals; 0: none", least=0
    )
    rollbacks: int = _option(
        0,
        "Run",
        "how often a collapsed run may go back to its last healthy checkpoint, each time with half "
        "the learning rates; 0: it is only told",
        least=0,
    )
    control_samples: int = _option(
        2_000,
        "Output",
        "pictures that judge, after a training with labels, how well they are obeyed; 0: none",
        least=0,
    )
    checkpoint_every: int = _option(1_000, "Output", "steps between checkpoints", least=1)
    checkpoints: int = _option(3, "Output", "the newest so many checkpoints are kept", least=1)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            least, value = field.metadata.get("least"), getattr(self, field.name)
            if least is not None and value < least:
                option = field.name.replace("_", "-")
                raise ValueError(f"--{option} must be at least {least}, not {value}")
        if self.seed >= 2**63:
            raise ValueError(f"--seed must be below 2**63, not {self.seed}")

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, ready for JSON."""
        return dataclasses.asdict(self)

    def check_pace(self, steps: int, first_step: int) -> None:
        """Raise a ValueError unless whatever happens beside training falls between two calls."""
        pace = self.steps_per_execution
        if pace > 1 and self.distribute != "none":
            raise ValueError(
                f"--steps-per-execution {pace} works on one device, not with "
                f"--distribute {self.distribute}"
            )
        counts = {
            "--steps": steps,
            "the step to go on from": first_step,
            "--checkpoint-every": self.checkpoint_every,
            "--picture-every": self.picture_interval(steps),
            "--quality-every": self.quality_interval(steps),
        }
        for name, count in counts.items():
            if count % pace:
                raise ValueError(
                    f"--steps-per-execution {pace} must divide {name}, which is {count}"
                )

    def quality_interval(self, steps: int) -> int:
        """Steps between measurements in a run of `steps`; 0: none."""
        if not self.quality_samples:
            return 0
        return self.quality_every or (steps // 8 if steps >= 400 else 0)

    def picture_interval(self, steps: int) -> int:
        """Steps between grids in a run of `steps`."""
        return self.picture_every or max(100, -(-steps // 200))
