"""How any recipe's networks are optimised: optimizer, schedules, moving average."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models import schedules
from models.fields import Above, option

# The last values on the curve of the rates; each first value is the field without "_end".
LAST_VALUES = ("beta_2_end", "penalty_weight_end", "augment_p_end")


@dataclass(frozen=True, kw_only=True)
class OptimisationFields:
    """The fields of a recipe about its optimizers and what changes during training.

    Learning rates, and what else has a last value, follow one curve; see `models.schedules`.
    """

    steps: int = option(10_000, "Training", "training steps, by default the source's", least=1)
    optimizer: str = option("adam", "Training", "optimizer", choices=("adam", "rmsprop", "sgd"))
    beta_1: float = option(
        0.9,
        "Training",
        "Adam's first decay rate, or SGD's momentum",
        only={"optimizer": ("adam", "sgd")},
        least=0,
        below=1,
    )
    beta_2: float = option(
        0.999,
        "Training",
        "Adam's second decay rate, or RMSprop's decay rate",
        only={"optimizer": ("adam", "rmsprop")},
        least=0,
        below=1,
    )
    beta_2_end: float = option(
        0.0,
        "Training",
        "beta_2 at decay_end, by the same curve; 0: it stays the same",
        only={"optimizer": ("adam",), "decay": schedules.ENDING},
        least=0,
        below=1,
    )
    decay: str = option(
        "none",
        "Training",
        "how the learning rates fall: exponential, by decay_rate; linear or cosine, to decay_to at "
        "decay_end",
        choices=schedules.CURVES,
    )
    decay_start: int = option(
        0,
        "Training",
        "step after which the learning rates fall, counted in each phase",
        only={"decay": ("exponential", *schedules.ENDING)},
        least=0,
    )
    decay_end: int = option(
        0,
        "Training",
        "step at which they have fallen, counted in each phase; 0: its last step",
        only={"decay": schedules.ENDING},
        least=0,
    )
    decay_to: float = option(
        0.0,
        "Training",
        "the learning rates at decay_end, as a share of their first values",
        only={"decay": schedules.ENDING},
        least=0,
        most=1,
    )
    decay_rate: float = option(
        0.99,
        "Training",
        "factor of the exponential decay, once per decay_every steps",
        only={"decay": ("exponential",)},
        above=0,
    )
    decay_every: int = option(
        100, "Training", "steps per factor decay_rate", only={"decay": ("exponential",)}, least=1
    )
    ema_decay: float = option(
        0.995,
        "Training",
        "decay of the moving average of the kept network's weights, ramped up; 0: no average",
        only={"ema_half_life": (0,)},
        least=0,
        below=1,
    )
    ema_half_life: int = option(
        0,
        "Training",
        "pictures after which half of the average is new; 0: ema_decay says how it moves",
        least=0,
    )
    ema_ramp: float = option(
        0.0,
        "Training",
        "the half-life is at most this share of the pictures seen so far; 0: it is the same from "
        "the start",
        only={"ema_half_life": Above(0)},
        least=0,
    )

    def without_unread(self, changes: dict[str, Any]) -> dict[str, Any]:
        """`changes` to this recipe, and what nothing reads after them set back, unless it is given.

        Such a value came with the recipe: nobody has asked for it.
        """
        if changes.get("decay", self.decay) in schedules.ENDING:
            return changes
        return dict.fromkeys(self._last_values(), 0.0) | changes

    def _last_values(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in LAST_VALUES if hasattr(self, name)}

    def problems_of_optimisation(self) -> Iterator[str]:
        """A sentence for each combination of these values that is not allowed."""
        if self.decay == "none" and self.decay_start:
            yield (
                f"decay_start {self.decay_start} needs a decay: {', '.join(schedules.CURVES[1:])}"
            )
        if self.decay in schedules.ENDING:
            if self.decay_end and self.decay_end <= self.decay_start:
                yield (
                    f"decay_end {self.decay_end} does not lie after decay_start {self.decay_start}"
                )
            elif not self.decay_end and self.decay_start >= self.steps:
                yield (
                    f"decay_start {self.decay_start} leaves no steps for the {self.decay} decay; "
                    f"there are {self.steps}"
                )
        for name, last in self._last_values().items() if self.decay not in schedules.ENDING else ():
            if last:
                yield f"{name} {last:g} needs a decay that ends: {', '.join(schedules.ENDING)}"
        if self.ema_ramp and not self.ema_half_life:
            yield f"ema_ramp {self.ema_ramp:g} needs an ema_half_life, such as 20000 pictures"
