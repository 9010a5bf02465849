"""Where a generator's self-attention looks (SAGAN, arXiv:1805.08318, figures 1 and 5)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops
from PIL import Image, ImageDraw

from console.errors import UserError
from layers import SelfAttention
from media.sheet import sheet, shown
from serving.generator import Generator, check_count

POINTS = ((0.5, 0.2), (0.35, 0.5), (0.65, 0.5), (0.5, 0.75), (0.1, 0.1))  # (x, y) from 0 to 1
_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000")
_SIDE = 160


def attention_layers(network: keras.Model) -> list[SelfAttention]:
    """The self-attention layers of a functional network, from the latent to the picture."""
    return [layer for layer in network.layers if isinstance(layer, SelfAttention)]


def attention_maps(
    generator: Generator, z: np.ndarray, y: np.ndarray | None, layer: int = 0
) -> np.ndarray:
    """Softmax rows of attention layer number `layer` for these latents.

    Returns float32 (N, H, W, h, w): entry [n, i, j] is where position (i, j) looks, and sums to 1.
    The grid of keys (h, w) is half that of queries (H, W) if the layer pools.

    Raises `UserError` if there is no such layer.
    """
    network = generator.network
    found = attention_layers(network)
    if not 0 <= layer < len(found):
        raise UserError(
            f"{generator.origin} has {len(found)} self-attention layers"
            + (f", so there is no number {layer}" if found else ": nothing to show")
        )
    chosen = found[layer]
    features = keras.Model(network.inputs, chosen.input)
    y = np.zeros(len(z), "int32") if y is None else y
    x = features([ops.convert_to_tensor(z), ops.convert_to_tensor(y)], training=False)
    rows = ops.convert_to_numpy(chosen.attention_map(x))  # (N, H·W, keys)
    height, width = x.shape[1:3]
    pooled = 2 if chosen.pool else 1
    return rows.reshape(len(z), height, width, height // pooled, width // pooled)


def figure(
    generator: Generator,
    count: int = 4,
    seed: int = 0,
    points: Sequence[tuple[float, float]] = POINTS,
    layer: int = 0,
    attributes: str | Sequence[str] | None = None,
    truncation: float = 1.0,
    statistics: str = "auto",
) -> Image.Image:
    """A row per picture: the picture with its query points, then one attention map per point.

    `points` are (x, y) from 0 (left, top) to 1 (right, bottom). A map is bright where its point
    looks, scaled to the row's own largest value; its frame has the point's colour.
    """
    check_count(count)
    for x, y in points:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise UserError(f"a point lies between 0,0 and 1,1; got {x:g},{y:g}")
    made = generator.sample(count, seed, attributes, truncation, statistics)
    maps = attention_maps(generator, made.latents, made.labels, layer)
    tiles = []
    height, width = made.images.shape[1:3]
    size = (_SIDE * width // min(height, width), _SIDE * height // min(height, width))
    for image, rows in zip(shown(made.images), maps, strict=True):
        picture = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
        tiles.append(_with_points(picture, points))
        for index, (x, y) in enumerate(points):
            high, wide = rows.shape[:2]
            row = rows[min(int(y * high), high - 1), min(int(x * wide), wide - 1)]
            tiles.append(_with_map(picture, row, (x, y), _COLOURS[index % len(_COLOURS)]))
    return sheet(np.stack([np.asarray(tile) for tile in tiles]), 1 + len(points))


def _with_points(picture: Image.Image, points: Sequence[tuple[float, float]]) -> Image.Image:
    picture = picture.copy()
    for index, point in enumerate(points):
        _dot(picture, point, _COLOURS[index % len(_COLOURS)])
    return picture


def _with_map(
    picture: Image.Image, row: np.ndarray, point: tuple[float, float], colour: str
) -> Image.Image:
    """`picture` in dark grey, lit where `row` (h, w) is large."""
    light = (255 * row / max(row.max(), 1e-12)).astype("uint8")
    light = Image.fromarray(light).resize(picture.size, Image.Resampling.BICUBIC)
    grey = picture.convert("L").convert("RGB").point(lambda value: round(0.35 * value))
    lit = Image.composite(picture, grey, light)
    _dot(lit, point, colour)
    ImageDraw.Draw(lit).rectangle((0, 0, lit.width - 1, lit.height - 1), outline=colour, width=3)
    return lit


def _dot(picture: Image.Image, point: tuple[float, float], colour: str) -> None:
    x, y, radius = point[0] * picture.width, point[1] * picture.height, picture.width / 32
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(picture).ellipse(box, fill=colour, outline="white", width=2)
