"""`Clip`: frames that loop, as GIF, WebP or MP4; a notebook shows it as a film."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import numpy as np

from media import film


@dataclasses.dataclass(frozen=True)
class Clip:
    """`frames` uint8 (T, H, W, 3), shown `fps` a second in a loop: the last leads to the first."""

    frames: np.ndarray
    fps: int = 25

    def save(self, path: str | Path, form: str | None = None) -> Path:
        """Write the film in the format of `path`'s suffix, or in `form` if given.

        Raises `UserError` for an unknown suffix, and for an MP4 without PyAV.
        """
        path = Path(path)
        film.write(path, self.frames, 1 / self.fps, suffix=form)
        return path

    def _repr_html_(self) -> str:
        text = base64.b64encode(film.encoded(self.frames, 1 / self.fps)).decode()
        return f'<img src="data:image/gif;base64,{text}">'
