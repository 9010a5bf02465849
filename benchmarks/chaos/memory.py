"""Whether memory grows: pictures are read and steps are taken, and a process's memory is looked at.

The first three tenths are warming up and left out. Of the rest the means of the first and the last
quarter are told. Growth is from the lowest of the first half to the lowest of the second half: what
waits to be collected as garbage is in the means (tens of MB after a thousand steps), not in these.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chaos.launch import Plain
from benchmarks.chaos.victims import SMALL, TINY

_WARMING_UP = 0.3
_SAMPLES = 200
_PICTURES = 60  # different ones
# A training that draws, plots and saves, as all do.
_TRAINING = [
    "train.py", "SAGAN_V6", *TINY, *SMALL, "--checkpoint-every=250", "--picture-every=50",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Growth:
    """The memory of a process while it does `count` things, without those of warming up, in MB.

    first, last   means of the first and the last quarter
    rise          from the lowest of the first half to the lowest of the second
    most          what it may grow by in a thousand of them
    """

    name: str
    count: int
    first: float
    last: float
    rise: float
    most: float

    @property
    def per_thousand(self) -> float:
        """MB by which it grows in a thousand; the halves' middles are half of all apart."""
        return self.rise / (0.5 * (1 - _WARMING_UP) * self.count / 1000)

    @property
    def failed(self) -> bool:
        """Whether it grows by more than it may."""
        return self.per_thousand > self.most

    def __str__(self) -> str:
        return (
            f"{self.count:,} {self.name}: {self.first:,.1f} MB in the first quarter, "
            f"{self.last:,.1f} MB in the last; {self.per_thousand:+.2f} MB in a thousand, at most "
            f"{self.most:g}: {'FAILED' if self.failed else 'held'}"
        )


def growth(name: str, samples: Iterator[tuple[int, float]], most: float) -> Growth:
    """From samples (how many are done, MB)."""
    found = list(samples)
    count = found[-1][0]
    sizes = np.array([size for done, size in found if done >= _WARMING_UP * count])
    quarter, half = max(1, len(sizes) // 4), max(1, len(sizes) // 2)
    rise = sizes[-half:].min() - sizes[:half].min()
    return Growth(name, count, sizes[:quarter].mean(), sizes[-quarter:].mean(), rise, most)


def resident(pid: int) -> float:
    """The memory of a process, in MB; 0 if it has ended."""
    known = Path(f"/proc/{pid}/statm")
    if known.parent.parent.is_dir() and hasattr(os, "sysconf"):
        try:
            return int(known.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except (OSError, IndexError):
            return 0.0
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
    return int(listed.stdout or 0) * 1024 / 1e6


def of_reading(count: int, place: Path, most: float = 1.0) -> Growth:
    """The growth of this process while it reads `count` pictures of several formats and sizes."""
    from datasets import decode

    files = list(_pictures(place))

    def samples() -> Iterator[tuple[int, float]]:
        for number in range(count):
            decode.read(files[number % len(files)], 64)
            if number % max(1, count // _SAMPLES) == 0:
                yield number + 1, resident(os.getpid())

    return growth("pictures read", samples(), most)


def _pictures(place: Path) -> Iterator[Path]:
    rng = np.random.default_rng(0)
    place.mkdir(parents=True, exist_ok=True)
    for number in range(_PICTURES):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        suffix = ("png", "jpg", "webp", "gif")[number % 4]
        path = place / f"{number:03d}.{suffix}"
        size = (100 + 7 * number, 300 - 3 * number)
        Image.fromarray(pixels).resize(size).save(path)
        yield path


def of_training(steps: int, place: Path, most: float = 10.0) -> Growth:
    """The growth of `train.py`, with everything that it does between the steps."""
    folder = place / "pictures"
    list(_pictures(folder))
    options = [f"--data={folder}", f"--out={place / 'runs'}", f"--cache-dir={place / 'cache'}"]
    started = Plain().start([*_TRAINING, f"--steps={steps}", *options], place / "said.txt", {})

    def samples() -> Iterator[tuple[int, float]]:
        seen = 0
        while (code := started.wait(0.1)) is None:
            done = _rows(place / "runs")
            size = resident(started.pid)
            if size and done - seen >= max(1, steps // _SAMPLES):
                seen = done
                yield done, size
        if code:
            raise RuntimeError(started.words()[-500:])

    return growth("steps taken", samples(), most)


def _rows(runs: Path) -> int:
    """How many steps a run has logged."""
    path = next(runs.glob("*/losses.csv"), None)
    return max(0, path.read_bytes().count(b"\n") - 1) if path else 0
