"""Arrays of NumPy in files: mapped, so that no more is read than there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foreign import archives
from foreign.records import Unreadable


def mapped(path: Path) -> np.ndarray:
    """The array of an `.npy` file as a read-only memory map. Raises `Unreadable`."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy reads the header as Python: damaged, it can raise anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120]
        raise Unreadable(f"{path} cannot be read: {reason}") from error


def read_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays `names` of an `.npz` file. Raises `Unreadable`."""
    with archives.opened(path, ".npz file") as archive:
        if lacking := [name for name in names if f"{name}.npy" not in archive.names]:
            raise Unreadable(f"{path} cannot be used: it holds no array {lacking[0]!r}")
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in names}
    except Exception as error:  # as above
        reason = " ".join(str(error).split())[:120]
        raise Unreadable(f"{path} cannot be read: {reason}") from error
