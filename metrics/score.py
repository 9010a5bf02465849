"""The Inception Score, and the same score on another classifier.

Salimans et al., "Improved Techniques for Training GANs", arXiv:1606.03498, section 4:
exp E_x KL(p(y|x) ‖ p(y)), over 10 splits. The 2015 Inception's logits are taken without their bias.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import log_softmax

from metrics.errors import MetricError

SEED = 2020  # torch-fidelity's


@dataclass(frozen=True)
class Score:
    """Mean over the splits and their population standard deviation, as published scores are."""

    mean: float
    std: float
    splits: int


def inception_score(
    logits: np.ndarray, splits: int = 10, seed: int | None = SEED, order: np.ndarray | None = None
) -> Score:
    """The score of logits (N, classes), shuffled as torch-fidelity does for the same seed.

    `seed=None` keeps the order; `order` gives one. Raises `MetricError` for fewer pictures than
    splits, or for NaN.
    """
    if logits is None:
        raise MetricError("This extractor gives no logits, so there is no score to compute.")
    if not 1 <= splits <= len(logits):
        raise MetricError(f"A score over {splits} splits needs {splits} pictures or more.")
    if not np.isfinite(logits).all():
        raise MetricError("Logits hold NaN or infinite numbers.")
    if order is None:
        order = np.arange(len(logits))
        if seed is not None:
            order = np.random.RandomState(seed).permutation(len(logits))
    edges = [split * len(logits) // splits for split in range(splits + 1)]
    scores = [_split_score(logits[order[start:end]]) for start, end in pairwise(edges)]
    return Score(float(np.mean(scores)), float(np.std(scores)), splits)


def _split_score(logits: np.ndarray) -> float:
    log_p = log_softmax(logits.astype(np.float64), axis=1)
    p = np.exp(log_p)
    # A class that no picture has leaves 0 · log 0 = 0.
    log_marginal = np.log(np.maximum(p.mean(axis=0), np.finfo(np.float64).tiny))
    return float(np.exp((p * (log_p - log_marginal)).sum(axis=1).mean()))
