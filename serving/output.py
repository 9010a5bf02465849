"""Writing results: nothing is replaced unasked or left incomplete, disk errors are one line."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from console.errors import UserError
from foreign import records
from foreign.files import replaced, write_json
from foreign.numbers import shown

CARD = "model.json"  # of a folder that is replaced whole: its "format" and its "files"


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one line that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = _free(path)
            raise UserError(f"no space left writing {path}{free}; choose another --out") from error
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def _free(path: Path) -> str:
    with contextlib.suppress(OSError):
        return f" ({shutil.disk_usage(path.parent).free / 1e6:.0f} MB free there)"
    return ""


def check_file(path: Path, overwrite: bool) -> None:
    """Raise `UserError` if `path` exists, or its folder does not."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; give a file name")
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists; --overwrite replaces it")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} to write {path.name} in")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"cannot write to the folder {path.parent}")


def check_folder(folder: Path, overwrite: bool, form: str | int | None = None) -> None:
    """Raise `UserError` if `folder` holds anything, or cannot be made.

    With `overwrite` it may hold something. If it is to be replaced whole, by a result of the format
    `form`, that must be an earlier one and nothing else; see `write_card`.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file; give a folder")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise UserError(f"--out {folder} is not empty; --overwrite replaces what is there")
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise UserError(f"cannot make --out {folder}: {there} cannot be written to")
    if form is not None:
        _refuse_strangers(folder, form)


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write `model.json` with a list of the folder's files, so that they are known to be ours.

    It is to be written last. `card` has a "format".
    """
    write_json(folder / CARD, card | {"files": sorted({*_files(folder), CARD})})


def _files(folder: Path) -> set[str]:
    """The files in a folder and those below it, with their paths in it."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def _refuse_strangers(folder: Path, form: str | int) -> None:
    """Raise `UserError` if a folder holds anything but a result of the format `form`."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    known = {"format": (str, int), "files": [str]}
    try:
        card = records.read_object(folder / CARD, known, needed=("format", "files"))
    except records.Unreadable as error:
        raise UserError(
            f"--overwrite replaces a whole result, and {folder} holds none ({error}); choose "
            "another folder"
        ) from error
    if card["format"] != form:
        raise UserError(
            f"--overwrite replaces a whole result of format {form}, and {folder} holds one of "
            f"format {shown(card['format'])}; choose another folder"
        )
    if strangers := sorted(_files(folder) - set(card["files"])):
        raise UserError(
            f"--overwrite would remove {folder / strangers[0]}, which is not of the result there; "
            "move it away, or choose another folder"
        )


@contextlib.contextmanager
def whole_file(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes `path`. `durable`: see `replaced`."""
    with disk_errors(path), replaced(path, durable=durable) as unfinished:
        yield unfinished


@contextlib.contextmanager
def whole_folder(folder: Path, form: str | int) -> Iterator[Path]:
    """Yield a temporary folder; on success it replaces `folder`.

    Raises `UserError` if that holds anything but an earlier result of the format `form`.
    """
    _refuse_strangers(folder, form)
    unfinished = folder.with_name(f".unfinished-{folder.name}")
    with disk_errors(folder):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            yield unfinished
            _refuse_strangers(folder, form)  # what came since
            _put_in_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _put_in_place(new: Path, folder: Path) -> None:
    """Rename `new` to `folder`. The old one is moved aside first, so none is seen half removed."""
    old = folder.with_name(f".old-{folder.name}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    try:
        new.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


class NpzWriter:
    """Writes one `.npz` whose first array grows a batch at a time, with constant memory.

    The final shape and type of the array `name` are given beforehand. `add` takes its rows,
    `finish` the small arrays. `numpy.load` reads the file.
    """

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: type):
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._member = self._archive.open(f"{name}.npy", "w", force_zip64=True)
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._member, header)
        self._dtype, self._missing = np.dtype(dtype), shape[0]

    def add(self, rows: np.ndarray) -> None:
        """Append rows, in order."""
        if len(rows) > self._missing or rows.dtype != self._dtype:
            raise ValueError(
                f"{len(rows)} rows of {rows.dtype} do not fit the announced shape or type."
            )
        self._missing -= len(rows)
        self._member.write(np.ascontiguousarray(rows).data)

    def finish(self, **arrays: np.ndarray) -> None:
        """Write the other arrays and close."""
        if self._missing:
            raise ValueError(f"{self._missing} rows are missing.")
        self._member.close()
        for name, array in arrays.items():
            with self._archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        self._archive.close()

    def abandon(self) -> None:
        """Close the file after an error; it is then unusable."""
        for part in (self._member, self._archive):
            with contextlib.suppress(OSError, ValueError, struct.error):
                part.close()
