"""Contact sheets: pictures in rows and columns, with optional captions.

Transparent parts are shown over a checkerboard, as image editors do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP = 2
_PAPER = (255, 255, 255)
_INK = (40, 40, 40)
_CHECKS = (255, 216)  # grey levels of the checkerboard
_CHECK = 8  # side of a check in pixels; in small pictures an eighth of the shorter side


def sheet(images: np.ndarray, columns: int, captions: Sequence[str] = ()) -> Image.Image:
    """Lay out `images` (N, H, W, C) uint8 row by row in `columns`, `captions` above the columns.

    C: see `shown`.
    """
    count, height, width, _ = images.shape
    rows = -(-count // columns)
    top = _caption_height(width) if captions else 0
    page = Image.new(
        "RGB",
        (columns * (width + _GAP) + _GAP, top + rows * (height + _GAP) + _GAP),
        _PAPER,
    )
    for index, image in enumerate(shown(images)):
        row, column = divmod(index, columns)
        place = (_GAP + column * (width + _GAP), top + _GAP + row * (height + _GAP))
        page.paste(Image.fromarray(image), place)
    draw = ImageDraw.Draw(page)
    for column, caption in enumerate(captions[:columns]):
        font = _fitting(caption, width, top)
        place = (_GAP + column * (width + _GAP) + width / 2, top / 2 + 1)
        draw.text(place, caption, _INK, font, anchor="mm")
    return page


def shown(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) → RGB: grey (C = 1) repeated, RGBA (C = 4) over a checkerboard."""
    height, width, channels = images.shape[-3:]
    if channels == 1:
        return np.repeat(images, 3, axis=-1)
    if channels == 3:
        return images
    side = max(1, min(_CHECK, min(height, width) // 8))
    odd = np.add.outer(np.arange(height) // side, np.arange(width) // side) % 2
    board = np.take(_CHECKS, odd)[:, :, None]
    opacity = images[..., 3:].astype(np.int64)
    mixed = images[..., :3] * opacity + board * (255 - opacity)
    return ((mixed + 127) // 255).astype(np.uint8)


def titled(page: Image.Image, title: str) -> Image.Image:
    """`page` with lines of text below it; the text height depends only on the page's width."""
    lines = title.split("\n")
    height = max(16, page.width // 24)
    out = Image.new("RGB", (page.width, page.height + len(lines) * height), _PAPER)
    out.paste(page)
    font = ImageFont.load_default(size=max(10, round(0.7 * height)))
    for index, line in enumerate(lines):
        place = (page.width / 2, page.height + (index + 0.5) * height)
        ImageDraw.Draw(out).text(place, line, _INK, font, anchor="mm")
    return out


def written(text: str, width: int) -> np.ndarray:
    """A square tile, uint8 (width, width, 3), with `text` in as large letters as fit into it."""
    tile = Image.new("RGB", (width, width), _PAPER)
    for points in range(max(8, width // 8), 7, -1):
        font = ImageFont.load_default(size=points)
        lines = _wrapped(text, font, 0.92 * width)
        if len(lines) * 1.25 * points <= width and all(
            font.getlength(line) <= width for line in lines
        ):
            break
    place = (width / 2, width / 2)
    ImageDraw.Draw(tile).multiline_text(
        place, "\n".join(lines), _INK, font, anchor="mm", align="center", spacing=points // 4
    )
    return np.asarray(tile)


def _wrapped(text: str, font, width: float) -> list[str]:
    """The words of `text` in lines that are at most `width` wide, if single words are."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _caption_height(width: int) -> int:
    return max(12, width // 5)


def _fitting(text: str, width: int, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest font in which `text` fits a box of this size; at least 7 px."""
    for points in range(max(7, int(0.8 * height)), 7, -1):
        font = ImageFont.load_default(size=points)
        if font.getlength(text) <= width:
            return font
    return ImageFont.load_default(size=7)
