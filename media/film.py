"""Films that loop: GIFs, written by Pillow, and WebP and MP4, by imageio's plugins."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from PIL import Image

from console.errors import UserError
from foreign.files import replaced

SUFFIXES = (".gif", ".webp", ".mp4")
_INSTALL = "an MP4 needs PyAV: pip install av; or write a .gif or .webp"
_COLOURS = 256  # most colours of a GIF's frame
_SAMPLE = 32_768  # pixels from which the colours of a GIF are chosen
_WEBP_QUALITY = 80  # percent


def write(
    path: Path,
    frames: Sequence[np.ndarray],
    seconds: float | Sequence[float],
    last: float | None = None,
    suffix: str | None = None,
) -> None:
    """Write `frames` to `path` in the format of its suffix, or of `suffix` if given.

    The other arguments are those of `encoded`.
    """
    film = encoded(frames, seconds, last, suffix or path.suffix)
    # In one write: if the disk is full, imageio's own files would raise again as they close.
    with replaced(path) as unfinished:
        unfinished.write_bytes(film)


def encoded(
    frames: Sequence[np.ndarray],
    seconds: float | Sequence[float],
    last: float | None = None,
    suffix: str = ".gif",
) -> bytes:
    """A looping film of `frames`, T arrays uint8 (H, W, 3) of one size.

    Args:
        seconds: how long a frame is shown: one number, or one per frame. A GIF counts hundredths
            of a second, at least two, since players slow down anything faster.
        last: how long the last frame is shown; by default as long as the others. Not allowed with
            one time per frame.
        suffix: one of `SUFFIXES`.

    A GIF stores equal neighbouring frames once, with their total time. An MP4 has even sides, as
    its colour format needs: the last row or column of an odd side is cut off. An MP4 cannot store
    that it loops.

    Raises:
        UserError: an unknown suffix, an MP4 without PyAV, or an MP4 with one time per frame.
    """
    film, suffix = np.asarray(frames), check_suffix(suffix)
    if isinstance(seconds, (int, float)):
        times = [float(seconds)] * (len(film) - 1) + [seconds if last is None else last]
    else:
        times = list(seconds)
    if suffix == ".mp4":
        if not isinstance(seconds, (int, float)):
            raise UserError("an MP4 shows all frames for the same time; write a .gif or .webp")
        return _mp4(film, seconds, times[-1])
    if suffix == ".webp":
        thousandths = [round(1000 * time) for time in times]
        return _by_pillow(film, suffix, thousandths, quality=_WEBP_QUALITY)
    return _gif(in_one_palette(film), [10 * max(2, round(100 * t)) for t in times])


def in_one_palette(frames: np.ndarray) -> list[Image.Image]:
    """`frames`, uint8 (T, H, W, 3), in one palette of at most 256 colours for all frames.

    The colours are found by maximum coverage and k-means on a sample of all pixels. There is no
    dithering, which would flicker and enlarge the file. With imageio's default, Pillow would choose
    a palette per frame by median cut. Size, processor time and PSNR of ours and of Pillow's choice:

        21 grids of faces, 530 × 552    5.1 MB   1.0 s  30.5 dB     6.4 MB   4 to 7 s  29.7 dB
        72 frames of four faces         0.61 MB  0.6 s  30.3 dB     1.4 MB   1.5 s     28.9 dB
        21 frames of plots, 480 × 495   0.40 MB  0.4 s  39.4 dB     0.66 MB  0.5 s     45.5 dB

    These times are with imageio's writing; as Pillow writes the pictures with their palette, 48
    grids took 0.3 of them (0.47 and 1.56 s).
    """
    pixels = frames.reshape(-1, 3)
    chosen = np.random.Generator(np.random.Philox(0)).integers(len(pixels), size=_SAMPLE)
    sample = Image.fromarray(pixels[chosen][None])
    palette = sample.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=100)
    return [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]


def check_suffix(suffix: str) -> str:
    """The suffix of a film, in lower case; `UserError` if it cannot be written here."""
    suffix = suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"a film cannot be {suffix!r}. Known: {', '.join(SUFFIXES)}")
    if suffix == ".mp4":
        try:
            import av  # noqa: F401
        except ImportError as error:
            raise UserError(_INSTALL) from error
    return suffix


def _gif(pages: list[Image.Image], milliseconds: list[int]) -> bytes:
    """A GIF of pictures with a palette, which imageio would turn into RGB and quantise again."""
    buffer = io.BytesIO()
    pages[0].save(
        buffer, "GIF", save_all=True, append_images=pages[1:], duration=milliseconds, loop=0
    )
    return buffer.getvalue()


def _by_pillow(frames: np.ndarray, suffix: str, milliseconds: list[int], **options: Any) -> bytes:
    # WebP takes a list only for several frames.
    duration = milliseconds if len(frames) > 1 else milliseconds[0]
    return imageio.imwrite(
        "<bytes>", frames, plugin="pillow", extension=suffix, duration=duration, loop=0, **options
    )


def _mp4(frames: np.ndarray, seconds: float, last: float) -> bytes:
    height, width = (size - size % 2 for size in frames.shape[1:3])
    rest = np.repeat(frames[-1:], max(0, round(last / seconds) - 1), axis=0)
    shown = np.concatenate([frames, rest])[:, :height, :width]
    # The index goes to the beginning, so that a browser can play while it loads.
    options = {"moov_size": str(2_000 + 40 * len(shown))}
    how: dict[str, Any] = {"plugin": "pyav", "extension": ".mp4", "options": options}
    with imageio.imopen("<bytes>", "w", **how) as film:
        return film.write(shown, codec="libx264", fps=1 / seconds, out_pixel_format="yuv420p")
