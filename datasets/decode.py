"""A picture file of any kind → pixels of one shape, by default square and RGB.

Order of the steps: decode (JPEGs at the smallest of the sizes 1, 1/2, 1/4, 1/8 that is still twice
the resolution), EXIF rotation, centre crop to a square or to the shape's aspect, RGB on white,
LANCZOS resize. LANCZOS widens its window for smaller sizes, which prevents aliasing; pixels of a
picture that already has the resolution stay unchanged.

Grey pictures are made from RGB on white (BT.601). RGBA keeps the opacity and the colours as a PNG
stores them (not multiplied by the opacity); they are resized by their visible part, so that hidden
colours do not bleed in. Where nothing is visible the colour is white.
"""

import contextlib
import errno
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from datasets.errors import PassingError, PictureError
from datasets.shapes import GREY, RGBA, Resolution, Shape, shape_of

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"}
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB")
# Errors of the machine at this moment, not of the file.
PASSING = (errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
EXIF_ORIENTATION = 0x0112
_INVISIBLE = np.array([255, 255, 255, 0], np.uint8)  # an RGBA pixel of which nothing is visible
_LEVELS = {"L;2": 3, "L;4": 15}  # the highest of grey PNGs with fewer than 8 bits
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
_SIDEWAYS = (5, 6, 7, 8)  # the orientations that exchange width and height


def read(path: str | Path, resolution: Resolution) -> tuple[np.ndarray, bool]:
    """The picture → uint8 (R, R, 3), or of the shape given, and whether it had to be enlarged.

    Animations give their first frame. Raises `PictureError` with the reason if the file is empty,
    damaged, cut short or not a picture.
    """
    shape = shape_of(resolution)
    with _opened(path) as image:
        sides = image.size
        least = 2 * max(shape.height, shape.width)
        image.draft("RGB", (least, least))
        upright = _upright(image)
        width, height = sides[::-1] if _lies(image) else sides
        pixels = fitted(upright, shape)
    return pixels, width < shape.width or height < shape.height


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
            pixels = np.asarray(to_rgb(whole)) if resolution is None else fitted(whole, resolution)
            yield pixels, (milliseconds or _UNTOLD) / 1000


def size(path: str | Path) -> tuple[int, int]:
    """(width, height) from the file's header; raises as `read` does."""
    with _opened(path) as image:
        return image.size


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """The picture, opened but not decoded; errors inside become a `PictureError`.

    Those that may pass become a `PassingError`, which is one.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise PictureError("not an ordinary file")  # opening a pipe would wait for ever
        if status.st_size == 0:
            raise PictureError("the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; a huge picture is still an error
            with Image.open(path, formats=FORMATS) as image:
                _scale_transparency(image)
                yield image
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError("not a picture, or damaged at its start") from None
    except MemoryError:
        raise PassingError("too large for the memory", str(path)) from None
    except OSError as error:
        if error.errno in PASSING:
            raise PassingError(error.strerror or _first_line(error), str(path)) from None
        raise PictureError(error.strerror or _first_line(error)) from None
    except Exception as error:  # PIL's decoders raise nearly anything on damaged files
        raise PictureError(_first_line(error)) from None


def _scale_transparency(image: Image.Image) -> None:
    """Bring the transparent level or colour of a PNG to the range of its decoded pixels.

    Pillow gives the number of the file, of 2, 4 or 16 bits a channel, and scales the pixels alone;
    of 16 it keeps the top 8. (Of 16-bit grey it keeps all.)
    """
    tiles, hidden = getattr(image, "tile", ()), image.info.get("transparency")
    raw = tiles[0].args if tiles else None
    if raw in _LEVELS and isinstance(hidden, int):
        image.info["transparency"] = hidden * 255 // _LEVELS[raw]
    elif raw == "RGB;16B" and isinstance(hidden, tuple):
        image.info["transparency"] = tuple(each >> 8 for each in hidden)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else f"cannot be decoded ({type(error).__name__})"


def fitted(image: Image.Image, resolution: Resolution) -> np.ndarray:
    """The middle of an image, in the shape's aspect → uint8 (height, width, channels)."""
    shape = shape_of(resolution)
    return resize(to_kind(centre_part(image, shape), shape.channels), shape)


def resize(image: Image.Image, resolution: Resolution) -> np.ndarray:
    """An image of that aspect and kind → uint8 (height, width, channels) by LANCZOS."""
    height, width, channels = shape_of(resolution)
    if image.size != (width, height):  # Pillow weighs the colours of RGBA by their opacity
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(image)
    if channels == RGBA:
        pixels = np.where(pixels[..., 3:] == 0, _INVISIBLE, pixels)
    return pixels[..., None] if channels == GREY else pixels


def centre_part(image: Image.Image, shape: Shape) -> Image.Image:
    """The largest part in the middle of the picture that has the aspect of `shape`."""
    width, height = image.size
    wide = min(width, max(1, height * shape.width // shape.height))
    high = min(height, max(1, width * shape.height // shape.width))
    left, top = (width - wide) // 2, (height - high) // 2
    part = (left, top, left + wide, top + high)
    return image if part == (0, 0, width, height) else image.crop(part)


def image_of(pixels: np.ndarray) -> Image.Image:
    """uint8 (H, W, 1, 3 or 4) → a grey, RGB or RGBA image."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == GREY else pixels)


def to_kind(image: Image.Image, channels: int) -> Image.Image:
    """Any mode → grey ("L"), RGB or RGBA, by the number of channels."""
    if channels != RGBA:
        rgb = to_rgb(image)
        return rgb.convert("L") if channels == GREY else rgb
    if image.mode.startswith("I"):
        rgba, hidden = to_rgb(image).convert("RGBA"), image.info.get("transparency")
        if isinstance(hidden, int):
            opaque = np.asarray(image) != hidden
            rgba.putalpha(Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8)))
        return rgba
    return image.convert("RGBA")


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
    orientation = _orientation(image)
    image.load()
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _lies(image: Image.Image) -> bool:
    """Whether the file holds the picture on its side."""
    return _orientation(image) in _SIDEWAYS


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:  # unreadable EXIF is no reason to lose the picture
        return 1
