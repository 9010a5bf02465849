"""Measures of the pictures themselves, which need no network: SWD per scale, and MS-SSIM."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tqdm import tqdm

from metrics import intervals, similarity, sliced_wasserstein
from metrics.errors import MetricError
from metrics.intervals import Estimate
from metrics.pictures import as_rgb

MOST = 16_384  # pictures of each kind, as in the paper
SWD, MS_SSIM = "SWDx1e3", "MS-SSIM"


def protocol(count: int) -> dict[str, int]:
    """The part of a protocol that these measures add."""
    chosen = sliced_wasserstein
    return {
        "count": min(count, MOST),
        "patches": chosen.PATCHES,
        "patch": chosen.PATCH,
        "directions": chosen.DIRECTIONS,
    }


def measured(
    real: np.ndarray,
    fake: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    bootstrap: int = 0,
    seed: int = 2020,
    progress: bool = False,
) -> tuple[dict[str, Estimate], list[str]]:
    """Estimates by name, and a note for each measure that the pictures do not allow.

    The sliced Wasserstein distance has no interval: one takes as long as the measure, times the
    replicates. MS-SSIM has one, over pairs.

    Args:
        real, fake: uint8 (N, H, W, C); of unequal numbers the first ones are taken, at most `MOST`.
        halves: as many reals on each side, for the floor: what the measures give between them.
    """
    found: dict[str, Estimate] = {}
    notes: list[str] = []
    chosen = ((SWD, _distances), (MS_SSIM, _similarity))
    for name, take in (bar := tqdm(chosen, "pixels", leave=False, disable=not progress)):
        bar.set_postfix_str(name)
        try:
            estimates = take(real, fake, bootstrap, seed)
            floor = {} if halves is None else take(*halves, 0, seed)
        except MetricError as error:
            notes.append(f"{name} left out: {error}.")
            continue
        for one, value in estimates.items():
            found[one] = replace(value, floor=floor[one].value) if floor else value
    return found, notes


def _distances(real, fake, bootstrap, seed) -> dict[str, Estimate]:
    count = min(len(real), len(fake), MOST)
    levels = sliced_wasserstein.distances(as_rgb(real[:count]), as_rgb(fake[:count]), seed)
    found = {f"{SWD} {side} px": Estimate(value) for side, value in levels.items()}
    return found | {f"{SWD} mean": Estimate(float(np.mean([*levels.values()])))}


def _similarity(real, fake, bootstrap, seed) -> dict[str, Estimate]:
    # Neighbours in a folder may be alike: frames of a film, pictures of one class.
    order = np.random.default_rng(seed).permutation(min(len(fake), MOST))
    values = similarity.of_pairs(as_rgb(fake[order]))
    replicates = intervals.bootstrap_mean(values, bootstrap, seed)
    return {MS_SSIM: intervals.estimate(values.mean(), replicates, (0, 1))}
