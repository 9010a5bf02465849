"""A picture file of any kind → square RGB pixels.

Order of the steps: decode (JPEGs at the smallest of the sizes 1, 1/2, 1/4, 1/8 that is still twice
the resolution), EXIF rotation, centre crop to a square, RGB on white, LANCZOS resize. LANCZOS
widens its window for smaller sizes, which prevents aliasing; pixels of a picture that already has
the resolution stay unchanged.
"""

import contextlib
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from datasets.errors import PictureError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"}
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB")
EXIF_ORIENTATION = 0x0112
_UNTOLD = 100  # milliseconds that browsers show a frame without a time in its file
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read(path: str | Path, resolution: int) -> tuple[np.ndarray, bool]:
    """The picture → uint8 (resolution, resolution, 3), and whether it had to be enlarged.

    Animations give their first frame. Raises `PictureError` with the reason if the file is empty,
    damaged, cut short or not a picture.
    """
    with _opened(path) as image:
        enlarged = min(image.size) < resolution
        image.draft("RGB", (2 * resolution, 2 * resolution))
        square = to_rgb(centre_square(_upright(image)))
    return resize(square, resolution), enlarged


def read_whole(path: str | Path) -> Image.Image:
    """The whole picture, upright, RGB on white, with all its pixels; raises as `read` does."""
    with _opened(path) as image:
        return to_rgb(_upright(image))


def read_pixels(path: str | Path) -> np.ndarray:
    """The whole picture, upright: uint8 (H, W, 3), or (H, W, 4) with opacity where it has some.

    Raises as `read` does.
    """
    with _opened(path) as image:
        upright = _upright(image)
        if upright.has_transparency_data and not upright.mode.startswith("I"):
            pixels = np.asarray(upright.convert("RGBA"))
            return pixels if (pixels[..., 3] < 255).any() else pixels[..., :3]
        return np.asarray(to_rgb(upright))


def frame_count(path: str | Path) -> int:
    """The number of frames: 1 for a picture, more for a film. Raises as `read` does."""
    with _opened(path) as image:
        return getattr(image, "n_frames", 1)


def frames(path: str | Path, resolution: int | None) -> Iterator[tuple[np.ndarray, float]]:
    """Every frame, in the form of `read`, with its time in seconds.

    With a `resolution` of None every frame is whole, uint8 (H, W, 3), on white. Raises
    `PictureError` if the file cannot be read, possibly after some frames.
    """
    with _opened(path) as image:
        for frame in ImageSequence.Iterator(image):
            whole = _upright(frame)
            milliseconds = frame.info.get("duration")  # WebP gives it after the frame is decoded
            if resolution is None:
                pixels = np.asarray(to_rgb(whole))
            else:
                pixels = resize(to_rgb(centre_square(whole)), resolution)
            yield pixels, (milliseconds or _UNTOLD) / 1000


def size(path: str | Path) -> tuple[int, int]:
    """(width, height) from the file's header; raises as `read` does."""
    with _opened(path) as image:
        return image.size


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """The picture, opened but not decoded; errors inside become a `PictureError`."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not an ordinary file")  # opening a pipe would wait for ever
        if status.st_size == 0:
            raise PictureError("the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; a huge picture is still an error
            with Image.open(path, formats=FORMATS) as image:
                yield image
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError("not a picture, or damaged at its start") from None
    except MemoryError:
        raise PictureError("too large for the memory") from None
    except OSError as error:
        raise PictureError(error.strerror or _first_line(error)) from None
    except Exception as error:  # PIL's decoders raise nearly anything on damaged files
        raise PictureError(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else f"cannot be decoded ({type(error).__name__})"


def resize(image: Image.Image, resolution: int) -> np.ndarray:
    """A square RGB image → uint8 (resolution, resolution, 3) by LANCZOS."""
    if image.size != (resolution, resolution):
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image)


def centre_square(image: Image.Image) -> Image.Image:
    """The largest square in the middle of the picture."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image if width == height else image.crop((left, top, left + side, top + side))


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode → RGB. Transparent parts become white; 16-bit grey is rounded to its top 8 bits.

    (PIL's own conversions drop the alpha channel and turn 16-bit grey into white.)
    """
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64).clip(0, 65535)
    grey = ((values * 255 + 32767) // 65535).astype(np.uint8)
    if isinstance(image.info.get("transparency"), int):
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:  # unreadable EXIF is no reason to lose the picture
        orientation = 1
    image.load()
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image
