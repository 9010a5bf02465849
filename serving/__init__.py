"""Using a trained generator: sample, explore, export, measure.

Only measuring needs data: real pictures to compare with, by default the run's training data.

In a notebook:

    import serving
    gan = serving.load("samples/00000-sagan-faces")       # or a generator.keras
    gan.sample(16, seed=1)                                # shows itself as a sheet
    gan.interpolate(count=4, seed=1).save("walk.gif")     # or .webp, .mp4; shows itself too

    there = serving.load_translator("samples/00001-cyclegan_cpu-faces-red_hair-blue_hair")
    there.translate(there.read("face.png")[None])         # uint8 (1, R, R, 3)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.explore.explorer import Explorer
    from serving.translator import Translator


def load(source: str | Path, weights: str = "ema") -> Explorer:
    """Open a run (folder, name or number in `samples`), a checkpoint, or a `generator.keras`.

    Args:
        weights: "ema", the averaged generator; "best", the best one by the run's measure; "raw",
            the generator in training, not averaged.

    Raises:
        console.errors.UserError: nothing is found there, or it cannot be used; one line.
    """
    from console import backend

    backend.wake()
    from serving.explore.explorer import Explorer
    from serving.source import open_source

    return Explorer(open_source(source, weights))


def load_translator(source: str | Path, weights: str = "ema", back: bool = False) -> Translator:
    """Open a run whose system translates or reconstructs pictures, as `load` does.

    Args:
        weights: see `load`.
        back: translate from the second domain to the first, if the system can.

    Raises:
        console.errors.UserError: nothing is found there, or it cannot be used; one line.
    """
    from console import backend

    backend.wake()
    from serving.source import ON_PICTURES, open_source
    from serving.translator import Translator

    return Translator(open_source(source, weights, ON_PICTURES, number=int(back)))


def load_any(
    source: str | Path, weights: str = "ema", network: str | None = None
) -> Explorer | Translator:
    """Open a network that makes pictures: a generator as `load` does, or a translator.

    Args:
        weights: see `load`.
        network: which of a run's networks, by the name of its file, such as "translator_back"; by
            default the first that makes pictures.

    Raises:
        console.errors.UserError: nothing is found there, or it cannot be used; one line.
    """
    from console import backend

    backend.wake()
    from serving.explore.explorer import Explorer
    from serving.source import MAKES_PICTURES, number_of, open_source
    from serving.translator import Translator

    number = number_of(source, network) if network else 0
    found = open_source(source, weights, MAKES_PICTURES, number)
    makes = Explorer if found.metadata.get("verb", "generate") == "generate" else Translator
    return makes(found)
