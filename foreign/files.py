"""The one way to write a file: readers and crashes never see or leave an incomplete one."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNFINISHED = ".unfinished-"  # the name of a file that is being written begins with it
ABANDONED_AFTER = 24 * 3600.0  # seconds


@contextlib.contextmanager
def replaced(path: Path, shared: bool = False, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`.

    The temporary name keeps the suffixes, since writers choose the format by them. On an error the
    temporary file is removed and `path` is unchanged. What a killed process left is written over.

    Args:
        shared: other processes may write `path` at this moment, as in a cache. Then what a killed
            process left is removed a day later.
        durable: wait until the disk has it, so that a loss of power leaves the old file or the new
            one; it takes milliseconds, too many for thousands of pictures.
    """
    # Two containers may have one folder, and processes of the same number.
    own = f"{os.getpid()}-{secrets.token_hex(4)}-" if shared else ""
    unfinished = path.with_name(f"{UNFINISHED}{own}{path.name}")
    if shared:
        _remove_abandoned(path.parent)
    try:
        yield unfinished
        if durable:
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


@functools.cache  # once a process: a folder may hold a million files
def _remove_abandoned(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{UNFINISHED}*"):
            if left.is_file() and time.time() - left.stat().st_mtime > ABANDONED_AFTER:
                left.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Delete the unfinished files of a killed process, when no other process writes in `folder`."""
    for left in folder.glob(f"{UNFINISHED}*"):
        if left.is_file():
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str, shared: bool = False) -> None:
    r"""Write UTF-8, with the line ends that `text` has.

    A byte of a file's name that is not UTF-8 becomes "\udcff", which JSON reads as it was.
    `shared`: see `replaced`.
    """
    with replaced(path, shared) as unfinished:
        unfinished.write_text(text, "utf-8", "backslashreplace", newline="")


def write_json(path: Path, value: Any, shared: bool = False) -> None:
    """Write `value` as indented JSON. `shared`: see `replaced`."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", shared)
