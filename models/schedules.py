"""Values that change over a training: a curve from a first to a last value, by the step."""

from dataclasses import dataclass
from math import pi

from models.lazy import ops

CURVES = ("none", "exponential", "linear", "cosine")
ENDING = ("linear", "cosine")  # those that reach a last value


@dataclass(frozen=True)
class Schedule:
    """The curve of a recipe's values: constant until step `start`, then one of `CURVES`.

    "none": constant. "exponential": × factor per `every` steps, continuously, such as the notes'
    SAGAN_V5: × 0.99 per 100 steps after 50 000. "linear": straight from the first to the last
    value at step `end`, which then stays. "cosine": the same by half a period of the cosine, slow
    at both ends (R3GAN, arXiv:2501.05441).

    Attributes:
        end: after `start`; only linear and cosine read it.
        factor, every: only the exponential curve reads them.
    """

    curve: str = "none"
    start: int = 0
    end: int = 1
    factor: float = 1.0
    every: int = 1

    def value(self, first: float, last: float, step):
        """The value at `step`, a float32 scalar. The exponential curve knows no last value."""
        late = ops.maximum(ops.cast(step, "float32") - self.start, 0.0)
        if self.curve == "exponential":
            return first * ops.power(self.factor, late / self.every)
        if self.curve not in ENDING:
            return first * ops.ones_like(late)
        part = ops.minimum(late / (self.end - self.start), 1.0)
        left = 1.0 - part if self.curve == "linear" else 0.5 * (1.0 + ops.cos(pi * part))
        return last + (first - last) * left
