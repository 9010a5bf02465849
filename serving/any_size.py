"""What networks have in common that take pictures of any size: files, films and sheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from datasets import decode

SHOWN = 256  # pixels of a picture on a sheet, along each side


class AnySize:
    """Base of the classes that turn a picture of any size into another, one at a time."""

    any_size = True

    def apply(self, pictures: Sequence[np.ndarray], batch_size: int = 1) -> list[np.ndarray]:
        """Turn each of `pictures`, uint8 (h, w, 3) or (h, w, 4) with opacity, into another."""
        raise NotImplementedError

    def read(self, path: str | Path) -> np.ndarray:
        """A picture's file: uint8 (h, w, 3), or (h, w, 4) where it is transparent anywhere.

        Raises `datasets.errors.PictureError` for a file that is no whole picture.
        """
        return decode.read_pixels(path)

    def film(
        self, path: str | Path, batch_size: int = 1
    ) -> Iterator[tuple[np.ndarray, np.ndarray, Sequence[float]]]:
        """A film's frames, one at a time: as read, what became of it, and the seconds of each.

        Raises `PictureError` as `read` does, possibly after some frames.
        """
        for frame, seconds in decode.frames(path, None):
            yield frame[None], np.stack(self.apply([frame])), [seconds]


def on_white(picture: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3 or 4), no larger than `SHOWN` → (SHOWN, SHOWN, 3), on white."""
    page = Image.new("RGB", (SHOWN, SHOWN), "white")
    page.paste(decode.to_rgb(Image.fromarray(np.ascontiguousarray(picture))))
    return np.asarray(page)
