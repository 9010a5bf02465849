"""`Translator`: a trained network from pictures to pictures, ready for use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from console.errors import user_errors
from datasets import decode
from datasets.pixels import to_uint8
from models import portable, sampling
from serving.generator import compiled_for_device
from serving.source import Source

BATCH = 16  # pictures at a time


class Translator:
    """A network that translates or reconstructs pictures: in float32, for inference.

    `network` is the functional Keras model, (N, R, R, 3) → (N, R, R, 3), both in [-1, 1]; `recipe`,
    `metadata`, `origin` say where it comes from; `verb` is what it does, `title` its name for
    users, such as "red hair → blue hair"; `resolution` is R.
    """

    any_size = False

    def __init__(self, source: Source):
        self.source = source
        self.recipe, self.metadata, self.origin = source.recipe, source.metadata, source.origin
        self.verb, self.title = self.metadata["verb"], self.metadata.get("title", "")
        self.resolution = self.recipe.resolution
        self.network = compiled_for_device(portable.plain(source.network))

    def translate(self, pictures: np.ndarray, batch_size: int = BATCH) -> np.ndarray:
        """Pictures (N, R, R, 3), uint8 or float in [-1, 1] → uint8 (N, R, R, 3).

        Raises:
            UserError: pictures of another size than the network's.
        """
        with user_errors(ValueError):
            return to_uint8(sampling.translate(self.network, pictures, batch_size))

    def apply(self, pictures: Sequence[np.ndarray], batch_size: int = BATCH) -> list[np.ndarray]:
        """`translate` a list of pictures (R, R, 3)."""
        return list(self.translate(np.stack(pictures), batch_size))

    def read(self, path: str | Path) -> np.ndarray:
        """A picture file, prepared as in training: uint8 (R, R, 3).

        Its centre square is resized; transparent parts become white. Raises
        `datasets.errors.PictureError` for a file that is not a complete picture.
        """
        return decode.read(path, self.resolution)[0]

    def pair(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """A picture and what became of it, for a sheet: uint8 (2, R, R, 3)."""
        return np.stack([before, after])

    def film(
        self, path: str | Path, batch_size: int = BATCH
    ) -> Iterator[tuple[np.ndarray, np.ndarray, Sequence[float]]]:
        """A film's frames in batches: (frames as read, translated frames, seconds of each).

        Raises `PictureError` as `read` does, possibly after some frames.
        """
        read: list[np.ndarray] = []
        seconds: list[float] = []
        for frame, shown in decode.frames(path, self.resolution):
            read.append(frame)
            seconds.append(shown)
            if len(read) == batch_size:
                yield np.stack(read), self.translate(np.stack(read), batch_size), seconds
                read, seconds = [], []
        if read:
            yield np.stack(read), self.translate(np.stack(read), batch_size), seconds
