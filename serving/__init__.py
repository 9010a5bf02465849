"""Using a trained generator: sample, explore, export, measure.

Only measuring needs data: real pictures to compare with. They are those the run was trained on,
unless others are given.

In a notebook:

    import serving
    gan = serving.load("samples/00000-sagan-faces")       # or a lone generator.keras
    gan.sample(16, seed=1)                                # shows itself as a sheet
    gan.interpolate(count=4, seed=1).save("walk.gif")     # or .webp, .mp4; shows itself too
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.generator import Generator


def load(source: str | Path, weights: str = "ema") -> Generator:
    """Open a run (folder, name or number in `samples`), a checkpoint, or a `generator.keras`.

    Args:
        weights: "ema", the averaged generator; "best", the best one by the run's measure; "raw",
            the one in training.

    Raises:
        console.errors.UserError: there is none there, or it cannot be used; one clear line.
    """
    from console import backend

    backend.wake()
    from serving.generator import Generator
    from serving.source import open_source

    return Generator(open_source(source, weights))
