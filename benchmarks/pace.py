"""How many steps a timed turn has, so that the start of `fit` is no part of a step's time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

LEAST = 2.0  # seconds of a turn: the start of `fit` takes some ten milliseconds


def enough_steps(take: Callable[[int], object], least: float = LEAST) -> int:
    """How many steps take at least `least` seconds in one call of `take`, which has compiled."""
    count = 1
    while True:
        begin = time.perf_counter()
        take(count)
        passed = time.perf_counter() - begin
        if passed >= least:
            return count
        # A tenth more, so that it suffices; a clock may stand still.
        wanted = min(100.0 * count, 1.1 * least * count / max(passed, 1e-9))
        count = max(count + 1, math.ceil(wanted))
