"""Sums and differences of averaged latents (DCGAN, arXiv:1511.06434, section 6.3.2, figure 7)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from console.errors import UserError
from datasets.pixels import to_uint8
from media.sheet import sheet
from serving.generator import Generator
from serving.pictures import enlarged

_JITTER = 0.25  # the paper's, for latents uniform in ±1
_MARGIN = 24


def average(
    generator: Generator, numbers: Sequence[int], seed: int = 0, truncation: float = 1.0
) -> tuple[np.ndarray, np.ndarray | None]:
    """The mean latent (latent_dim,) and mean label weights of pictures `numbers` of `seed`.

    The numbers are those in generate.py's file names; on its sheet they count from 0, row by row.
    """
    if not numbers:
        raise UserError("an average needs the number of at least one picture")
    z, y = _inputs(generator, numbers, seed, truncation)
    return z.mean(axis=0), None if y is None else y.mean(axis=0)


def arithmetic(
    generator: Generator,
    plus: Sequence[Sequence[int]],
    minus: Sequence[Sequence[int]] = (),
    seed: int = 0,
    truncation: float = 1.0,
    statistics: str = "auto",
) -> Image.Image:
    """The paper's figure 7: the averaged pictures, the averages, and the picture of their sum.

    Each of `plus` and `minus` is a list of picture numbers of `seed`, averaged before the sum. On
    the right the result stands in the middle of eight pictures from latents near it (± 0.25, for
    latents in ±1).
    """
    if not plus:
        raise UserError("arithmetic needs at least one group to add")
    generator.use_statistics(truncation, statistics)
    terms = [(1, group) for group in plus] + [(-1, group) for group in minus]
    columns = []
    z_sum, y_sum = 0.0, 0.0
    for sign, group in terms:
        z, y = _inputs(generator, group, seed, truncation)
        z_mean, y_mean = average(generator, group, seed, truncation)
        z_sum = z_sum + sign * z_mean
        y_sum = None if y is None else y_sum + sign * y_mean
        y_all = None if y is None else np.concatenate([y, y_mean[None]])
        columns.append((sign, _draw(generator, np.concatenate([z, z_mean[None]]), y_all)))
    return _figure(columns, _around(generator, z_sum, y_sum, seed))


def _inputs(generator, numbers, seed, truncation):
    z = generator.latents_of(numbers, seed, truncation)
    y = [generator.as_weights(generator.draw_labels(n + 1, seed, None, n)) for n in numbers]
    return z, None if y[0] is None else np.concatenate(y)


def _draw(generator: Generator, z: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    return enlarged(to_uint8(generator.generate(z, y)), 64)


def _around(generator, z, y, seed) -> np.ndarray:
    """Nine pictures: `z` in the middle, latents near it around."""
    scale = _JITTER * generator.draw_latents(64, seed).std() * np.sqrt(3)  # uniform ±1: std 1/√3
    rng = np.random.Generator(np.random.Philox(seed))
    near = z + rng.uniform(-scale, scale, (9, len(z)))
    near[4] = z
    labels = None
    if y is not None:
        labels = np.stack([np.clip(y, *generator.labels.limits())] * 9).astype("float32")
    return _draw(generator, near.astype("float32"), labels)


def _figure(columns: list[tuple[int, np.ndarray]], result: np.ndarray) -> Image.Image:
    """Columns with their averages at the bottom, their signs between, the result on the right."""
    from PIL import ImageDraw, ImageFont

    right = sheet(result, 3)
    pages = [(sign, sheet(images[:-1], 1), sheet(images[-1:], 1)) for sign, images in columns]
    height = max(
        max(above.height for _, above, _ in pages) + pages[0][2].height + _MARGIN // 2, right.height
    )
    width = sum(above.width + _MARGIN for _, above, _ in pages) + right.width
    page = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=_MARGIN - 4)
    bottom = height - pages[0][2].height
    left = 0
    for index, (_, above, mean) in enumerate(pages):
        page.paste(above, (left, bottom - _MARGIN // 2 - above.height))
        page.paste(mean, (left, bottom))
        left += mean.width
        following = "=" if index + 1 == len(pages) else "+" if pages[index + 1][0] > 0 else "-"
        place = (left + _MARGIN / 2, bottom + mean.height / 2)
        draw.text(place, following, "black", font, anchor="mm")
        left += _MARGIN
    page.paste(right, (left, height - right.height))
    return page
