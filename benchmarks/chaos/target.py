"""One kind of file that the project reads: how to make, to change and to read one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos import mutator


@dataclass(frozen=True)
class Target:
    """One kind of file.

    make     folder → the whole file in it, with all that is needed to read it
    change   (the whole file, rng) → changed content
    read     the file → anything; must raise nothing but `refusals`
    refusals errors whose one line is meant for the user
    slow     whether it takes a tenth of a second or more
    """

    make: Callable[[Path], Path]
    change: Callable[[Path, random.Random], bytes]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    slow: bool = False


def by(edit: Callable[[bytes, random.Random], bytes]) -> Callable[[Path, random.Random], bytes]:
    """A change of a target, of a change of bytes."""
    return lambda path, rng: edit(path.read_bytes(), rng)


def written(path: Path, content: bytes | str) -> Path:
    """Write a file, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zip_by(member: str = "") -> Callable[[Path, random.Random], bytes]:
    """A change of an archive, often of this JSON in it."""
    return lambda path, rng: mutator.changed_zip(path, rng, member)
