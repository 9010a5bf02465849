"""What Stage II makes of Stage I's pictures, caption by caption (StackGAN, figure 3)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from PIL import Image

from console.errors import UserError
from datasets.pixels import to_uint8
from media.sheet import sheet, written
from models.sampling import generate
from serving.generator import Generator, check_count, compiled_for_device
from serving.pictures import enlarged
from serving.texts import TextSet

_LEAST = 160  # px of a tile
_FIRST, _SECOND = "images_1", "images_2"  # layers that give the pictures of a stage


def stages_sheet(
    generator: Generator,
    captions: Sequence[str] | None = None,
    rows: int = 2,
    columns: int = 6,
    seed: int = 0,
    truncation: float = 1.0,
) -> Image.Image:
    """A column for each caption: the caption, then `rows` times Stage I's picture above Stage II's.

    Pictures of one row have the same latent. Without `captions`, `columns` of the training data's.
    A file of Stage I alone shows that.

    Raises `UserError` for anything but a StackGAN's generator, and as `TextSet.parse` does.
    """
    check_count(rows)
    known = generator.labels
    if not isinstance(known, TextSet):
        raise UserError(f"stages are of a stackgan; {generator.origin} takes no captions")
    if captions:
        text = np.stack([known.parse(caption) for caption in captions])
    else:
        text = known.draw(columns, np.random.default_rng(seed))
        captions = [known.describe(each) for each in text]
    latents = generator.draw_latents(rows, seed, truncation)
    z = np.repeat(latents, len(captions), axis=0)
    y = np.tile(text, (rows, 1))
    generator.use_statistics(truncation)
    large = enlarged(to_uint8(generator.generate(z, y)), _LEAST)
    shown = [enlarged(to_uint8(generate(first_stage(generator), z, y)), large.shape[1])]
    if has_second_stage(generator):
        shown.append(large)
    tiles = [written(caption, large.shape[2]) for caption in captions]
    for row in range(rows):
        part = slice(row * len(captions), (row + 1) * len(captions))
        tiles += [tile for stage in shown for tile in stage[part]]
    return sheet(np.stack(tiles), len(captions))


def first_stage(generator: Generator) -> keras.Model:
    """Stage I's part of a StackGAN's generator: [latents, text] → small pictures.

    Raises `UserError` if it has no such part.
    """
    network = generator.network
    if not _has(generator, _FIRST):
        raise UserError(f"{generator.origin} has no Stage I; stages are of a stackgan")
    return compiled_for_device(keras.Model(network.inputs, network.get_layer(_FIRST).output))


def has_second_stage(generator: Generator) -> bool:
    """Whether it is a whole generator, not Stage I alone."""
    return _has(generator, _SECOND)


def _has(generator: Generator, name: str) -> bool:
    return name in {layer.name for layer in generator.network.layers}
