"""Trying changed files and absurd options, each within a time, and counting what happens."""

from __future__ import annotations

import contextlib
import io
import random
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.targets import TARGETS, Target

SECONDS, SLOW_SECONDS = 10, 60  # for one input
IMPORT_SECONDS = 600  # for the first one, which is whole


@dataclass
class Tally:
    """What happened: `counts` by outcome, and the first `failures` in words."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0  # bytes of memory of its process

    @property
    def failed(self) -> int:
        """How many inputs ended in another way than read or refused."""
        return sum(n for outcome, n in self.counts.items() if outcome not in ("read", "refused"))


class TooSlow(BaseException):
    """The time of one input is over; no `except Exception` may take it."""


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise `TooSlow` in this thread after some seconds, where the system can."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(
    call: Callable[[], object], refusals: tuple[type[BaseException], ...], seconds: int = SECONDS
) -> str:
    """What a call comes to: "read", "refused" by a proper line, or what is wrong, in words."""
    words = io.StringIO()
    try:
        with within(seconds), contextlib.redirect_stderr(words), contextlib.redirect_stdout(words):
            call()
    except TooSlow:
        return f"takes more than {seconds} s"
    except refusals as error:
        line = str(error)  # `console.screen` shortens it
        if not line.strip() or "\n" in line:
            return f"no proper line: {line[:100]!r}"
        return "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        return f"{type(error).__name__} in {place}: {error}"[:300]
    return "read" if "Traceback" not in words.getvalue() else "prints a traceback"


def attack(target: Target, count: int, seed: int, until: float = float("inf")) -> Tally:
    """Change a whole file `count` times, or until that time, and read each result."""
    tally = Tally()
    seconds = SLOW_SECONDS if target.slow else SECONDS
    with tempfile.TemporaryDirectory(prefix="chaos-") as place:
        whole = target.make(Path(place) / "whole")
        content = whole.read_bytes()
        # The first reading imports what it needs: to break that off would spoil all others.
        first = outcome(lambda: target.read(whole), target.refusals, IMPORT_SECONDS)
        if first != "read":
            tally.counts["whole file"] += 1
            tally.failures.append(f"the whole file: {first}")
        for number in range(count):
            if time.monotonic() > until:
                break
            rng = random.Random(f"{seed} {number}")
            whole.write_bytes(content)
            whole.write_bytes(target.change(whole, rng))
            begin = time.monotonic()
            found = outcome(lambda: target.read(whole), target.refusals, seconds)
            tally.slowest = max(tally.slowest, time.monotonic() - begin)
            count_outcome(tally, found, f"seed {seed}, input {number}")
    return tally


def measured(name: str, count: int, seed: int, seconds: float) -> Tally:
    """`attack` on the target of that name for some seconds, with the memory of this process."""
    tally = attack(TARGETS[name], count, seed, time.monotonic() + seconds)
    tally.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return tally


def count_outcome(tally: Tally, found: str, which: str) -> None:
    """Count one outcome, and keep the first failures."""
    kind = found if found in ("read", "refused") else found.split(":")[0]
    tally.counts[kind] += 1
    if kind == found and found in ("read", "refused"):
        return
    if len(tally.failures) < 20:
        tally.failures.append(f"{which}: {found}")
