"""`Clip`: frames that loop, as GIF, WebP or MP4; a notebook shows it as a film."""

from __future__ import annotations

import base64
import dataclasses
import io
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from training.errors import UserError

SUFFIXES = (".gif", ".webp", ".mp4")
_INSTALL = "an MP4 needs PyAV: pip install av; or write a .gif or .webp"


@dataclasses.dataclass(frozen=True)
class Clip:
    """`frames` uint8 (T, H, W, 3), shown `fps` a second, for ever: the last leads to the first."""

    frames: np.ndarray
    fps: int = 25

    def save(self, path: str | Path, form: str | None = None) -> Path:
        """Write the film; the suffix of `path` says in which form, unless `form` does.

        Raises `UserError` for an unknown suffix, and for an MP4 without PyAV.
        """
        path = Path(path)
        suffix = check_suffix(form or path.suffix)
        {".gif": self._gif, ".webp": self._webp, ".mp4": self._mp4}[suffix](path)
        return path

    def _images(self) -> list[Image.Image]:
        return [Image.fromarray(frame) for frame in self.frames]

    def _gif(self, target: Path | io.BytesIO) -> None:
        # One palette for all frames and no dither, which would swim and double the file.
        sample = self.frames[:: max(1, len(self.frames) // 16)]
        strip = Image.fromarray(np.concatenate(list(sample), axis=1))
        palette = strip.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
        first, *rest = [
            image.quantize(palette=palette, dither=Image.Dither.NONE) for image in self._images()
        ]
        # GIF counts hundredths of a second; players slow down anything under two.
        delay = 10 * max(2, round(100 / self.fps))
        first.save(target, format="GIF", save_all=True, append_images=rest, duration=delay, loop=0)

    def _webp(self, target: Path) -> None:
        first, *rest = self._images()
        first.save(
            target,
            format="WEBP",
            save_all=True,
            append_images=rest,
            duration=round(1000 / self.fps),
            loop=0,
            quality=80,
        )

    def _mp4(self, target: Path) -> None:
        av = _pyav()
        height, width = (size - size % 2 for size in self.frames.shape[1:3])  # as yuv420p needs
        with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as film:
            stream = film.add_stream("libx264", rate=Fraction(self.fps), options={"crf": "20"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for frame in self.frames[:, :height, :width]:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                film.mux(stream.encode(picture))
            film.mux(stream.encode())

    def _repr_html_(self) -> str:
        buffer = io.BytesIO()
        self._gif(buffer)
        return f'<img src="data:image/gif;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def check_suffix(suffix: str) -> str:
    """The suffix of a film, in small letters; `UserError` if it cannot be written here."""
    suffix = suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"a film cannot be {suffix!r}. Known: {', '.join(SUFFIXES)}")
    if suffix == ".mp4":
        _pyav()
    return suffix


def _pyav():
    try:
        import av
    except ImportError as error:
        raise UserError(_INSTALL) from error
    return av
