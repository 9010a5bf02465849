"""Draw many pictures into one file, on all cores, with a progress bar."""

import contextlib
import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from datasets.errors import DataError, PictureError

CHUNK = 64  # pictures per task: about a tenth of a second
SMALL = 256  # below this many, starting processes costs more than it saves

Render = Callable[[Any, int], tuple[np.ndarray, bool]]


@dataclass
class Report:
    """What happened: the reason by row for each bad picture, and how many were enlarged."""

    bad: dict[int, str] = field(default_factory=dict)
    enlarged: int = 0


def draw_all(
    file: Path,
    offset: int,
    items: Sequence[Any],
    render: Render,
    resolution: int,
    workers: int | None,
    progress: bool,
    title: str,
) -> Report:
    """Write the picture of `items[row]` at `offset + row · size` of `file`; bad ones leave a gap.

    Pixels go from the drawing process straight to the file. They are written, not mapped: a full
    disk is then an OSError and not a killed process. Raises OSError, and `DataError` when a
    process dies.
    """
    report = Report()
    workers = workers or _cores()
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
    if workers == 1 or len(items) <= SMALL:
        for task in tasks:
            yield draw_chunk(*task)
        return
    context = multiprocessing.get_context("spawn")  # forking a process that runs TensorFlow hangs
    pool = ProcessPoolExecutor(
        min(workers, len(starts)), mp_context=context, initializer=_leave_interrupts_to_parent
    )
    try:
        with _main_hidden():
            pending = {pool.submit(draw_chunk, *task) for task in tasks}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise DataError(
            "A process that draws pictures was ended, probably for lack of memory. "
            "Try again with fewer of them (--workers 1)."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def draw_chunk(
    file: Path, offset: int, start: int, items: Sequence[Any], render: Render, resolution: int
) -> tuple[int, list[tuple[int, str]], int, int]:
    """Draw items start … start + len(items): (start, [(row, reason)], enlarged, len(items))."""
    size = resolution * resolution * 3
    bad, enlarged_count = [], 0
    with file.open("r+b") as images:
        for row, item in enumerate(items):
            try:
                pixels, enlarged = render(item, resolution)
            except PictureError as error:
                bad.append((row, str(error)))
                continue
            enlarged_count += enlarged
            images.seek(offset + (start + row) * size)
            images.write(pixels.tobytes())
    return start, bad, enlarged_count, len(items)


def _leave_interrupts_to_parent() -> None:
    """Ctrl-C reaches every process; only the first should answer, by ending the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new processes from importing the user's script again, and with it all of Keras.

    They need nothing but `datasets`. It also lets a notebook, or a script without the
    `if __name__ == "__main__"` guard, build a cache.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
