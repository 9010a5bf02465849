"""Arrays of NumPy in files: mapped, so that no more is read than there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from foreign.records import Unreadable


def mapped(path: Path) -> np.ndarray:
    """The array of an `.npy` file as a read-only memory map. Raises `Unreadable`."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy reads the header as Python: damaged, it can raise anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120]
        raise Unreadable(f"{path} cannot be read: {reason}") from error
