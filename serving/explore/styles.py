"""Sheets of a StyleGAN's styles and noise (Karras et al. 2019, arXiv:1812.04948, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from console.errors import UserError
from datasets.pixels import to_uint8
from media.sheet import sheet
from serving.generator import Generator, check_count
from serving.pictures import enlarged
from serving.style_generator import StyleGenerator, level, levels_of

_LEAST = 64  # px of a tile
_BLANK = 255
_DRAWS = 16  # of noise, for its standard deviation


def check(generator: Generator, what: str) -> StyleGenerator:
    """The generator, if it is a StyleGAN. Raises `UserError`, which says `what` is refused."""
    if not isinstance(generator, StyleGenerator):
        raise UserError(
            f"{what} is for a stylegan; {generator.origin} holds a {generator.recipe.system}"
        )
    return generator


def mixed(
    generator: StyleGenerator, a: np.ndarray, b: np.ndarray, layers: tuple[int, int]
) -> np.ndarray:
    """Pictures of the styles `a`, with those of `b` in `layers`: uint8 (N, R, R, 3).

    Args:
        a, b: styles (N, layers, style_dim).
        layers: the first of the layers that follow `b`, and one past the last.
    """
    styles = np.array(a)
    styles[:, slice(*layers)] = b[:, slice(*layers)]
    return to_uint8(generator.of_styles(styles))


def mixing_sheet(
    generator: Generator,
    rows: Sequence[int],
    columns: Sequence[int],
    levels: Sequence[str] | None = None,
    seed: int = 0,
    truncation: float = 1.0,
) -> Image.Image:
    """The paper's figure 3: each row's picture with some of each column's styles.

    The top row and the left column are the two sources. For every one of `levels` there is a block
    of rows, in which these layers follow the picture above and all others that on the left.

    Args:
        rows, columns: picture numbers of `seed`, as in `generate.py`.
        levels: "coarse", "middle", "fine", or layers such as "2-5"; None: all that it has by name.

    Raises:
        UserError: not a StyleGAN, no pictures, unknown layers.
    """
    generator = check(generator, "mixing styles")
    if not rows or not columns:
        raise UserError("mixing needs at least one picture for the rows and one for the columns")
    chosen = [level(each, generator.layers) for each in levels or levels_of(generator.layers)]
    generator.use_statistics(truncation)
    of_rows, of_columns = (
        generator.styles(generator.latents_of(each, seed)) for each in (rows, columns)
    )
    left, top = (to_uint8(generator.of_styles(each)) for each in (of_rows, of_columns))
    tiles = [np.full_like(top[0], _BLANK), *top]
    for layers in chosen:
        for number in range(len(rows)):
            same = np.repeat(of_rows[number : number + 1], len(columns), axis=0)
            tiles += [left[number], *mixed(generator, same, of_columns, layers)]
    return sheet(enlarged(np.stack(tiles), _LEAST), len(columns) + 1)


def noise_sheet(
    generator: Generator,
    count: int = 4,
    draws: int = 3,
    seed: int = 0,
    truncation: float = 1.0,
) -> Image.Image:
    """What the noise decides (figures 4 and 5), one picture a row.

    Columns: without noise; the noise kept with the generator; `draws` others; and where these
    differ, the standard deviation over 16 draws, four times as strong.

    Raises `UserError` for anything but a StyleGAN.
    """
    generator = check(generator, "noise")
    check_count(count), check_count(draws)
    generator.use_statistics(truncation)
    styles = generator.styles(generator.draw_latents(count, seed))

    def drawn(number: int | None, strength: float = 1.0) -> np.ndarray:
        generator.use_noise(number, strength)
        return to_uint8(generator.of_styles(styles))

    others = [drawn(number) for number in range(max(draws, _DRAWS))]
    spread = np.std(np.stack(others).astype("float32"), axis=0).mean(axis=-1, keepdims=True)
    spread = np.repeat(np.clip(4 * spread, 0, 255).astype("uint8"), 3, axis=-1)
    columns = [drawn(None, 0.0), drawn(None), *others[:draws], spread]
    generator.use_noise()
    captions = ["none", "kept", *[f"draw {number + 1}" for number in range(draws)], "differs"]
    tiles = np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:])
    return sheet(enlarged(tiles, _LEAST), len(columns), captions)
