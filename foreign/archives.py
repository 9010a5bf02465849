"""Zip archives and files of weights from elsewhere: checked before anything in them is read."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from foreign import bounds
from foreign.records import Unreadable, one_line


class Archive:
    """A zip archive, none of whose members is encrypted, twice there or too large; see `opened`.

    `names` are those of its members. Each error is an `Unreadable`, whatever zipfile raises.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._path, self._kind = path, kind
        with self._told():
            self._file = _File(path)
            self._archive = zipfile.ZipFile(self._file)
            members = self._archive.infolist()
            self.names = {member.filename for member in members}
            _check(str(path), members, len(self.names), self._file.size)

    def read(self, name: str, most: int | None = None) -> bytes:
        """The content of one member of at most `most` bytes. Raises `Unreadable`."""
        with self._told():
            size = self._archive.getinfo(name).file_size
            if most is not None and size > most:
                raise Unreadable(
                    f"{self._path} holds {name} of {size:,} bytes, and {most:,} are the most"
                )
            return self._archive.read(name)

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Unreadable:
            raise
        except Exception as error:  # damaged bytes can raise anything
            reason = one_line(error.args[0] if error.args else error)
            raise Unreadable(f"{self._path} is not a complete {self._kind}: {reason}") from error


def opened(path: Path, kind: str = "archive") -> contextlib.closing[Archive]:
    """The zip archive `path`, to be used in `with`. `kind`: what it must be, for messages."""
    return contextlib.closing(Archive(path, kind))


class _File(io.FileIO):
    """A file of which no more is read than there is: Python makes room for all that is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left)) or b""


def _check(name: str, members: list[zipfile.ZipInfo], different: int, size: int) -> None:
    if len(members) > bounds.MEMBERS:
        raise Unreadable(f"{name} holds {len(members):,} files, which is too many")
    if different < len(members):
        raise Unreadable(f"{name} holds two files of one name")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(f"{name} is encrypted; it must be readable without a password")
    refuse_growth(name, size, sum(member.file_size for member in members))


def refuse_growth(name: str, size: int, claimed: int) -> None:
    """Raise `Unreadable` if a file of `size` bytes claims to hold many times as much."""
    if claimed > bounds.GROWTH * size + bounds.SPARE:
        raise Unreadable(
            f"{name} has {size:,} bytes and claims to hold {claimed:,}; it is not what it seems"
        )


def check_weights(file: Path | BinaryIO, name: str, size: int) -> int:
    """How many numbers an HDF5 file holds.

    Raises `Unreadable` unless it holds them in itself, and no more than it can.

    Args:
        file: its path, or the open file.
        name: what to call it.
        size: its bytes.
    """
    import h5py

    claimed = numbers = 0

    def add(at: str, thing: Any) -> None:
        nonlocal claimed, numbers
        if isinstance(thing, h5py.Dataset):
            if thing.external or thing.is_virtual:
                raise Unreadable(f"{name} takes {at} from another file")
            numbers += thing.size
            claimed += thing.size * thing.dtype.itemsize

    try:
        with h5py.File(file, "r") as weights:
            weights.visititems(add)
    except Unreadable:
        raise
    except Exception as error:  # damaged bytes can raise anything
        raise Unreadable(f"{name} cannot be read: {one_line(error)}") from error
    refuse_growth(name, size, claimed)
    return numbers
