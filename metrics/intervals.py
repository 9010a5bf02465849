"""Bootstrap intervals of the measures.

Efron and Tibshirani, "An Introduction to the Bootstrap", chapters 12–13. Pictures are redrawn with
replacement. A resample repeats pictures, which makes the Fréchet distance of a replicate larger
than the measure itself, so the replicates' own quantiles would lie above it. Only their spread is
used: the interval is the measure ± 1.96 standard deviations of the replicates.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval and standard error; `floor` is reals against reals."""

    value: float
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    floor: float | None = None

    def text(self, form: str) -> str:
        """The measure ± half its interval, both written as `form`, such as ".2f"."""
        half = 0.0 if self.low is None or self.high is None else 0.5 * (self.high - self.low)
        return f"{self.value:{form}} ± {half:{form}}"

    def to_dict(self) -> dict:
        """Its known numbers by name, for JSON."""
        return {key: value for key, value in vars(self).items() if value is not None}


def estimate(value: float, replicates: np.ndarray | None, bounds=(-np.inf, np.inf)) -> Estimate:
    """An estimate from a measure and its bootstrap replicates (B,), B ≥ 2, or `None`.

    `bounds` are the limits of the measure, such as 0 and 1 for a share. NaN replicates do not
    count: a redraw of three pictures may contain only one of them, and thus no pairs.
    """
    if replicates is not None:
        replicates = replicates[np.isfinite(replicates)]
    if replicates is None or len(replicates) < 2:
        return Estimate(float(value))
    error = float(np.std(replicates, ddof=1))
    low, high = np.clip([value - NORMAL_95 * error, value + NORMAL_95 * error], *bounds)
    return Estimate(float(value), float(low), float(high), error)


def bootstrap(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    real_count: int,
    fake_count: int,
    replicates: int,
    seed: int,
    on_replicate: Callable[[], object] = lambda: None,
) -> np.ndarray | None:
    """Replicates (B,) of `statistic(real_indices, fake_indices)`; `None` for none."""
    if replicates < 2:
        return None
    rng = np.random.default_rng((seed, real_count, fake_count))
    values = np.empty(replicates)
    for replicate in range(replicates):
        rows = rng.integers(0, real_count, real_count), rng.integers(0, fake_count, fake_count)
        values[replicate] = statistic(*rows)
        on_replicate()
    return values


def bootstrap_mean(values: np.ndarray, replicates: int, seed: int) -> np.ndarray | None:
    """Replicates (B,) of the mean of values (N,)."""
    if replicates < 2:
        return None
    rng = np.random.default_rng((seed, len(values)))
    return np.array(
        [values[rng.integers(0, len(values), len(values))].mean() for _ in range(replicates)]
    )


def bootstrap_weights(count: int, replicates: int, seed: int) -> np.ndarray:
    """How often each of `count` pictures is drawn in each replicate: (count, B) float64."""
    rng = np.random.default_rng((seed, count))
    return rng.multinomial(count, np.full(count, 1 / count), size=replicates).T.astype(np.float64)
