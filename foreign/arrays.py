"""Arrays of NumPy in files: mapped, so that no more is read than there is."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foreign import archives
from foreign.records import Unreadable, one_line


def mapped(path: Path) -> np.ndarray:
    """The array of an `.npy` file as a read-only memory map. Raises `Unreadable`."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy reads the header as Python: damaged, it can raise anything
        reason = getattr(error, "strerror", None) or one_line(error)
        raise Unreadable(f"{path} cannot be read: {reason}") from error


def read_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays `names` of an `.npz` file. Raises `Unreadable`."""
    found = {}
    with archives.opened(path, ".npz file") as archive:
        for name in names:
            member = f"{name}.npy"
            if member not in archive.names:
                raise Unreadable(f"{path} cannot be used: it holds no array {name!r}")
            try:
                found[name] = _of_bytes(archive.read(member))
            except Unreadable:
                raise
            except Exception as error:  # as above
                raise Unreadable(f"{path} cannot be read: {one_line(error)}") from error
    return found


def _of_bytes(content: bytes) -> np.ndarray:
    """The array in the bytes of an `.npy` file; its header may claim no more than there is."""
    file = io.BytesIO(content)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[np.lib.format.read_magic(file)]
    shape, by_columns, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds objects, not numbers or texts")
    if min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}")
    count = math.prod(shape)
    flat = np.frombuffer(content, dtype, count, file.tell())
    if dtype.kind == "U":
        letters = count * dtype.itemsize // 4
        codes = np.frombuffer(content, np.dtype("u4").newbyteorder(dtype.byteorder), letters,
                              file.tell())  # fmt: skip
        if (codes > sys.maxunicode).any():
            raise ValueError("it holds letters that do not exist")
    return flat.reshape(shape, order="F" if by_columns else "C")
