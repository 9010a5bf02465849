"""The truncation sheet: fidelity against variety (BigGAN, arXiv:1809.11096, figure 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from media.sheet import sheet
from serving.generator import Generator
from serving.pictures import enlarged

LEVELS = (1.0, 0.85, 0.7, 0.5, 0.3)


def truncation_sheet(
    generator: Generator,
    levels: Sequence[float] = LEVELS,
    rows: int = 8,
    seed: int = 0,
    attributes: str | Sequence[str] | None = None,
    statistics: str = "auto",
) -> Image.Image:
    """One column per truncation, captioned; every row the same seed and label."""
    columns = [
        generator.sample(rows, seed, attributes, level, statistics).images for level in levels
    ]
    images = np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:])
    return sheet(enlarged(images, 64), len(levels), [f"{level:g}" for level in levels])
