"""The settings of a run, apart from its recipe: data, folders, precision, intervals."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from typing import Any

from foreign import bounds
from foreign.names import problem
from foreign.numbers import shown
from models import fields
from models.fields import option
from models.precisions import PRECISIONS
from models.recipe import Recipe

# As in `models.distribution`, which needs Keras; this file does not.
WAYS = ("none", "mirrored", "hosts")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one run; every field is a command-line option."""

    data: str = option(
        "faces",
        "Data",
        "a folder of pictures, or `faces`, `ages` (drawn on first use), `cifar10`, …",
    )
    data_b: str = option(
        "", "Data", "pictures of the second domain, given as in --data; for recipes that translate"
    )
    domains: str = option(
        "",
        "Data",
        "two labels that divide the data into domains, for recipes that translate: "
        '"red hair, blue hair" or "no glasses, glasses"',
    )
    labels: str = option(
        "auto",
        "Data",
        "a CSV file; a folder of JSON files; `folders`: each sub-folder is a class; `data`: the "
        "data's own labels; `auto`: these, for recipes that take labels by themselves, such as "
        "BigGANs; `none`: train without labels",
    )
    captions: str = option(
        "auto",
        "Data",
        "for recipes that take captions: a CSV file; `files`: one .txt beside each picture; "
        "`drawn`: made from the attributes of `faces`; `auto`: one of the last two",
    )
    vectors: str = option(
        "",
        "Data",
        "an .npz of your own vectors of the captions: texts (N,), vectors (N, size); by default "
        "the words and pairs of words in them",
    )
    count: int = option(0, "Data", "how many pictures to use; 0: all", least=0)
    only: str = option(
        "",
        "Data",
        'of these pictures, use only those with certain labels: "hat", "red hair + no glasses"',
    )
    cache_dir: str = option("", "Data", "folder for prepared pictures; empty: datasets/cache")
    workers: int = option(0, "Data", "processes that prepare pictures; 0: one per core", least=0)

    from_: str = option(
        "",
        "Run",
        "start from the networks of another run (folder, name or number), of one of its "
        "checkpoints, of a generator file with its discriminator beside it, or of one that comes "
        "with the project (anime), for fine-tuning on other data; the optimizers begin anew",
    )
    precision: str = option(
        "auto",
        "Run",
        "number format; `auto`: the fastest on this machine",
        choices=("auto", *PRECISIONS),
    )
    distribute: str = option(
        "none",
        "Run",
        "`mirrored` divides every batch among all devices of this machine, `hosts` among the "
        "devices of several machines that run the same command (TF_CONFIG)",
        choices=WAYS,
    )
    seed: int = option(
        0, "Run", "seed of weights, data order, latents and so on", least=0, below=2**63
    )
    steps_per_execution: int = option(
        1,
        "Run",
        "training steps per call of the backend (torch: 1 only); more saves time if a step takes "
        "milliseconds, but only the last step of each call is logged",
        least=1,
    )
    memory_check: str = option(
        "on",
        "Run",
        "`on` refuses a run that would need more memory than is free; `off` tries it",
        choices=("on", "off"),
    )
    out: str = option("samples", "Run", "folder that holds the run folders")

    picture_every: int = option(
        0, "Output", "steps between grids; 0: 100, but at most 200 grids in all", least=0
    )
    picture_rows: int = option(8, "Output", "rows of a grid", least=1, most=bounds.SIDE)
    picture_columns: int = option(
        8, "Output", "columns of a grid without labels", least=1, most=bounds.SIDE
    )
    quality_every: int = option(
        0,
        "Output",
        "steps between measurements of the averaged generator; 0: a sixth of the run, or no "
        "measurements in runs below 400 steps",
        least=0,
    )
    quality_samples: int = option(
        200, "Output", "fakes per measurement, compared with as many reals; 0: none", least=0
    )
    rollbacks: int = option(
        0,
        "Run",
        "how often a run that has collapsed, or whose losses are no longer finite, may go back to "
        "its last healthy checkpoint, each time with half the learning rates; 0: never",
        least=0,
    )
    control_samples: int = option(
        2_000,
        "Output",
        "fakes that measure how well labels are obeyed, after a training with labels; 0: none",
        least=0,
    )
    checkpoint_every: int = option(1_000, "Output", "steps between checkpoints", least=1)
    checkpoints: int = option(3, "Output", "how many of the newest checkpoints to keep", least=1)

    def __post_init__(self) -> None:
        # A shell leaves the ~ of --out=~/runs to us.
        for name in ("out", "from_"):
            if isinstance(value := getattr(self, name), str):
                object.__setattr__(self, name, os.path.expanduser(value))
        found = [*fields.problems(self, called=fields.as_option)] or [*self._problems()]
        if found:
            raise ValueError("; ".join(found))

    def _problems(self) -> Iterator[str]:
        if self.quality_samples == 1:
            yield "--quality-samples must be 0, or at least 2 to have a distance, not 1"
        for name in ("data", "out"):
            if wrong := problem(getattr(self, name)):
                yield f"{fields.as_option(name)} {shown(getattr(self, name))} {wrong}"
        for name in ("data_b", "cache_dir", "labels", "captions", "vectors"):
            value = getattr(self, name)
            if value and (wrong := problem(value)):
                yield f"{fields.as_option(name)} {shown(value)} {wrong}"
        if (count := self.picture_rows * self.picture_columns) > bounds.PAGE:
            yield (
                f"--picture-rows {self.picture_rows} times --picture-columns "
                f"{self.picture_columns} make {count:,} pictures; at most {bounds.PAGE:,}"
            )

    @property
    def conditions(self) -> list[str] | None:
        """The labels of `domains`, one per domain; `None` if none are given."""
        return [each.strip() for each in self.domains.split(",")] if self.domains else None

    @classmethod
    def of_record(cls, recorded: dict[str, Any], given: dict[str, Any]) -> Settings:
        """The settings of a run's record, changed by those `given` on the command line.

        Raises ValueError for a setting that there is not, or that it cannot have.
        """
        unknown = sorted(recorded.keys() - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ValueError(f"there is no setting {shown(unknown[0])}")
        return cls(**{**recorded, **given})

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, ready for JSON."""
        return dataclasses.asdict(self)

    def check_pace(self, recipe: Recipe, first_step: int) -> None:
        """Raise ValueError unless checkpoints, grids and so on fall between two backend calls."""
        pace, steps, phases = self.steps_per_execution, recipe.steps, recipe.phases()[:-1]
        if pace > 1 and self.distribute != "none":
            raise ValueError(
                f"--steps-per-execution {pace} works on one device, not with "
                f"--distribute {self.distribute}"
            )
        counts = {
            "--steps": steps,
            **{f"phase {n}'s last step": recipe.phase_steps(n)[1] for n in range(len(phases))},
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
        return self.quality_every or (steps // 6 if steps >= 400 else 0)

    def picture_interval(self, steps: int) -> int:
        """Steps between grids in a run of `steps`."""
        return self.picture_every or max(100, -(-steps // 200))
