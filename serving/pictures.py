"""Generated pictures with their latents and labels; a notebook shows them as a sheet."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from foreign.files import replaced
from media.sheet import sheet

_MOST = 64  # pictures on a sheet


@dataclasses.dataclass(frozen=True)
class Pictures:
    """`images` uint8 (N, H, W, C), `latents` float32 (N, latent_dim), `labels` or `None`."""

    images: np.ndarray
    latents: np.ndarray
    labels: np.ndarray | None = None
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice) -> Pictures:
        part = slice(index, index + 1 or None) if isinstance(index, int) else index
        labels = None if self.labels is None else self.labels[part]
        return Pictures(self.images[part], self.latents[part], labels)

    def sheet(self, columns: int | None = None) -> Image.Image:
        """At most 64 pictures side by side, in a square unless `columns` is given."""
        shown = self.images[:_MOST]
        return sheet(shown, columns or square(len(shown)), self.captions)

    def save(self, path: str | Path, columns: int | None = None) -> Path:
        """Write the sheet; the file's suffix says in which format."""
        path = Path(path)
        with replaced(path) as unfinished:
            self.sheet(columns).save(unfinished)
        return path

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.sheet().save(buffer, format="PNG")
        return buffer.getvalue()


def square(count: int) -> int:
    """Columns of the most nearly square sheet, at most eight."""
    return max(1, min(8, int(np.ceil(np.sqrt(count)))))


def enlarged(images: np.ndarray, least: int = 128) -> np.ndarray:
    """`images` (N, H, W, C) enlarged by an integer factor to at least `least` pixels of height."""
    factor = max(1, -(-least // images.shape[1]))
    return images.repeat(factor, axis=1).repeat(factor, axis=2)
