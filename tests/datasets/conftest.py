"""Pictures to test with."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import open_data


def save_picture(path: Path, colour=(10, 20, 30), size: int | tuple[int, int] = 8) -> Path:
    """A picture of one colour; its folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = (size, size) if isinstance(size, int) else size
    Image.new("RGB", size, tuple(colour)).save(path, compress_level=0)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six 8 px PNGs, 0.png … 5.png; picture i has the colour (i, i, i)."""
    for i in range(6):
        save_picture(tmp_path / "pictures" / f"{i}.png", (i, i, i))
    return tmp_path / "pictures"


@pytest.fixture
def opened(tmp_path: Path):
    """`open_data` at 8 px, with its own cache folder and no progress bar."""

    def open_quietly(spec, resolution=8, **options):
        options = {"cache_dir": tmp_path / "cache", "progress": False, **options}
        return open_data(spec, resolution, **options)

    return open_quietly


def first_values(images: np.ndarray) -> list[int]:
    """The red value of each picture's first pixel."""
    return images[:, 0, 0, 0].tolist()
