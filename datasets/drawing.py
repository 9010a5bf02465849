"""Draw many pictures into one file, on all cores, with a progress bar."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from datasets import processes
from datasets.errors import DataError, PassingError, PictureError
from datasets.shapes import Resolution

CHUNK = 64  # pictures per task: about a tenth of a second
SMALL = 256  # below this many, starting processes costs more than it saves

Render = Callable[[Any, Any], tuple[np.ndarray, bool]]


@dataclass
class Report:
    """The result of drawing: row → reason for each bad picture, and how many were enlarged."""

    bad: dict[int, str] = field(default_factory=dict)
    enlarged: int = 0


def draw_all(
    file: Path,
    offset: int,
    items: Sequence[Any],
    render: Render,
    resolution: Resolution,
    workers: int | None,
    progress: bool,
    title: str,
) -> Report:
    """Write the picture of `items[row]` at `offset + row · size` of `file`; bad ones leave a gap.

    Pixels go from the drawing process straight to the file. They are written, not memory-mapped,
    so that a full disk is an OSError and not a killed process. Raises OSError, and `DataError` if
    a process dies or a picture cannot be read at this moment.
    """
    report = Report()
    workers = workers or processes.cores()
    with tqdm(total=len(items), desc=title, unit="img", disable=not progress) as bar:
        for start, bad, enlarged, drawn in _chunks_done(
            file, offset, items, render, resolution, workers
        ):
            report.bad.update({start + row: reason for row, reason in bad})
            report.enlarged += enlarged
            bar.update(drawn)
    return report


def _chunks_done(file, offset, items, render, resolution, workers) -> Iterator[tuple]:
    starts = range(0, len(items), CHUNK)
    tasks = ((file, offset, s, items[s : s + CHUNK], render, resolution) for s in starts)
    if len(items) <= SMALL:
        workers = 1
    yield from processes.each_done(draw_chunk, tasks, min(workers, len(starts)))


def draw_chunk(
    file: Path,
    offset: int,
    start: int,
    items: Sequence[Any],
    render: Render,
    resolution: Resolution,
) -> tuple[int, list[tuple[int, str]], int, int]:
    """Draw items start … start + len(items): (start, [(row, reason)], enlarged, len(items)).

    Raises `DataError` for a picture that may be read another time: it must not be missing for good.
    """
    bad, enlarged_count = [], 0
    with file.open("r+b") as images:
        for row, item in enumerate(items):
            try:
                pixels, enlarged = render(item, resolution)
            except PassingError as error:
                raise DataError(
                    f"Cannot read {error.path!r} now: {error}. Nothing was kept. Try again, with "
                    "fewer processes (--workers 1) if memory is short, or take the picture away."
                ) from None
            except PictureError as error:
                bad.append((row, str(error)))
                continue
            enlarged_count += enlarged
            images.seek(offset + (start + row) * pixels.nbytes)  # all items have the same size
            images.write(pixels.tobytes())
    return start, bad, enlarged_count, len(items)
