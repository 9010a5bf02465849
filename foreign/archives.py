"""Zip archives and files of weights from elsewhere: checked before anything in them is read."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from foreign import bounds
from foreign.records import Unreadable


@contextlib.contextmanager
def opened(path: Path, kind: str = "archive") -> Iterator[zipfile.ZipFile]:
    """The zip archive `path`, none of whose members is encrypted, twice there or too large.

    Raises `Unreadable`, also for what goes wrong while its members are read. `kind`: what it must
    be, for the message.
    """
    try:
        with _File(path) as file, zipfile.ZipFile(file) as archive:
            _check(archive, file.size)
            yield archive
    except KeyError as error:
        raise Unreadable(f"{path} is not a complete {kind}: {error.args[0]}") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise Unreadable(f"{path} is not a complete {kind}: {error}") from error


class _File(io.FileIO):
    """A file of which no more is read than there is: Python makes room for all that is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left)) or b""


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of one member of at most `most` bytes. Raises `Unreadable`, or KeyError."""
    member = archive.getinfo(name)
    if member.file_size > most:
        raise Unreadable(
            f"{archive.filename} holds {name} of {member.file_size:,} bytes, and {most:,} are the "
            "most"
        )
    return archive.read(member)


def _check(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    names = {member.filename for member in members}
    if len(members) > bounds.MEMBERS:
        raise Unreadable(f"{archive.filename} holds {len(members):,} files, which is too many")
    if len(names) < len(members):
        raise Unreadable(f"{archive.filename} holds two files of one name")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(f"{archive.filename} is encrypted; it must be readable without a password")
    refuse_growth(str(archive.filename), size, sum(member.file_size for member in members))


def check_network(path: Path) -> None:
    """Raise `Unreadable` unless a `.keras` file is whole and holds no more than it can."""
    with opened(path, ".keras file") as archive:
        archive.getinfo("config.json")
        name = "model.weights.h5"
        weights = archive.read(name)  # all members together have a bound
        check_weights(io.BytesIO(weights), f"{name} in {path}", len(weights))


def refuse_growth(name: str, size: int, claimed: int) -> None:
    """Raise `Unreadable` if a file of `size` bytes claims to hold many times as much."""
    if claimed > bounds.GROWTH * size + bounds.SPARE:
        raise Unreadable(
            f"{name} has {size:,} bytes and claims to hold {claimed:,}; it is not what it seems"
        )


def check_weights(file: Path | BinaryIO, name: str, size: int) -> None:
    """Raise `Unreadable` unless an HDF5 file holds its numbers in itself, and no more than it can.

    Args:
        file: its path, or the open file.
        name: what to call it.
        size: its bytes.
    """
    import h5py

    claimed = 0

    def add(at: str, thing: Any) -> None:
        nonlocal claimed
        if isinstance(thing, h5py.Dataset):
            if thing.external or thing.is_virtual:
                raise Unreadable(f"{name} takes {at} from another file")
            claimed += thing.size * thing.dtype.itemsize

    try:
        with h5py.File(file, "r") as weights:
            weights.visititems(add)
    except Unreadable:
        raise
    except Exception as error:  # damaged bytes can raise anything
        words = " ".join(str(error).split())[:120]
        raise Unreadable(f"{name} cannot be read: {words}") from error
    refuse_growth(name, size, claimed)
