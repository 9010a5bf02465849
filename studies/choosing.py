"""What a search has found: the best setting of each model, and the best for a smaller budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from studies.results import Results
from studies.searches import Search
from studies.study import Study


@dataclass(frozen=True)
class Best:
    """The best of k settings drawn from those that were tried: its mean and middle 95 %."""

    mean: float
    low: float
    high: float


def best_of(values: Sequence[float], k: int, direction: str) -> Best:
    """What a search over `k` settings would have found: exact for draws with replacement.

    It is the limit of the bootstrap of Lucic et al. 2018 (arXiv:1711.10337, section 5.2). The best
    of k draws is the one of rank i among n, counted from 0, with probability
    ((n - i) / n)^k - ((n - i - 1) / n)^k.

    Args:
        direction: "max" if more is better, else "min".
    """
    ordered = np.sort(np.asarray(values, "float64"))
    ordered = ordered[::-1] if direction == "max" else ordered
    count = len(ordered)
    worse = (np.arange(count, -1, -1) / count) ** k  # that all draws are of this rank or worse
    chance = worse[:-1] - worse[1:]
    total = np.cumsum(chance)
    ends = [float(ordered[np.searchsorted(total, share - 1e-12)]) for share in (0.025, 0.975)]
    return Best(float(chance @ ordered), min(ends), max(ends))


def numbers(search: Search, folder: Path, comparison: str, model: str) -> dict[str, float]:
    """Setting of the model → what its run has come to; those that have not ended are left out."""
    results, measure = Results(search, folder), search.judged[comparison].measure
    found = {arm: results.number(comparison, arm, 0, measure) for arm in search.arms_of(model)}
    return {arm: value for arm, value in found.items() if value == value}


def chosen(search: Search, folder: Path) -> dict[str, dict[str, str]]:
    """comparison → model → its best setting, the first one if several are as good."""
    results = Results(search, folder)
    found: dict[str, dict[str, str]] = {}
    for name, judged in search.judged.items():
        better = max if results.direction(name, judged.measure) == "max" else min
        found[name] = {}
        for model in search.models:
            if known := numbers(search, folder, name, model):
                found[name][model] = better(known, key=known.__getitem__)
    return found


def again(search: Search, folder: Path) -> Study:
    """The study that runs the best settings with all seeds."""
    return search.again(chosen(search, folder))


def failed(search: Search, folder: Path, comparison: str, model: str) -> float:
    """The share of a model's settings whose run diverged or came to a worse number than allowed."""
    results, judged = Results(search, folder), search.judged[comparison]
    sign = -1 if results.direction(comparison, judged.measure) == "max" else 1
    known = numbers(search, folder, comparison, model)
    bad = [
        results.diverged(comparison, arm, 0) or sign * value > sign * judged.failed
        for arm, value in known.items()
    ]
    return float(np.mean(bad)) if bad else float("nan")
