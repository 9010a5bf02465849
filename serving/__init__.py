"""Using a trained generator: sample, explore, export, measure.

Only measuring needs data: real pictures to compare with, by default the run's training data.

In a notebook:

    import serving
    gan = serving.load("samples/00000-sagan-faces")       # or a generator.keras, or "anime"
    gan.sample(16, seed=1)                                # shows itself as a sheet
    gan.interpolate(count=4, seed=1).save("walk.gif")     # or .webp, .mp4; shows itself too

    there = serving.load_translator("samples/00001-cyclegan_cpu-faces-red_hair-blue_hair")
    there.translate(there.read("face.png")[None])         # uint8 (1, R, R, 3)

    ager = serving.load_translator("samples/00002-caae_cpu-ages").at(4)  # the class of the age
    ager.translate(ager.read("face.png")[None])           # uint8 (1, R, R, 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.explore.explorer import Explorer
    from serving.kinds import OnPictures
    from serving.source import Source


def load(source: str | Path, weights: str = "ema") -> Explorer:
    """Open a run (folder, name or number in `samples`), a checkpoint, or a `generator.keras`.

    The name of a generator that comes with the project, "anime", works too.

    Args:
        weights: "ema", the averaged generator; "best", the best one by the run's measure; "raw",
            the generator in training, not averaged.

    Raises:
        console.errors.UserError: nothing is found there, or it cannot be used; one line.
    """
    from console import backend

    backend.wake()
    from serving.source import open_source

    return _opened(open_source(source, weights))


def load_translator(
    source: str | Path, weights: str = "ema", back: bool = False, render_size: int | None = None
) -> OnPictures:
    """Open a run whose system makes pictures of pictures, as `load` does.

    Args:
        weights: see `load`.
        back: translate from the second domain to the first, if the system can.
        render_size: the size at which a picture is coloured; see `serving.colourer`.

    Raises:
        console.errors.UserError: nothing is found there, it cannot be used, or it does not colour
            and has no render size; one line.
    """
    from console import backend

    backend.wake()
    from serving.source import ON_PICTURES, open_source

    return _opened(open_source(source, weights, ON_PICTURES, number=int(back)), render_size)


def load_any(
    source: str | Path,
    weights: str = "ema",
    network: str | None = None,
    verbs: Sequence[str] | None = None,
) -> Explorer | OnPictures:
    """Open a network that makes pictures, of latents or of other pictures.

    Args:
        weights: see `load`.
        verbs: what it must do, one of these; by default whatever makes pictures.
        network: which of a run's networks, by the name of its file, such as "translator_back"; by
            default the first that makes pictures.

    Raises:
        console.errors.UserError: nothing is found there, or it cannot be used; one line.
    """
    from console import backend

    backend.wake()
    from serving.source import MAKES_PICTURES, number_of, open_source

    number = number_of(source, network) if network else 0
    return _opened(open_source(source, weights, verbs or MAKES_PICTURES, number))


def _opened(source: Source, render_size: int | None = None) -> Explorer | OnPictures:
    """The class for what the network does."""
    from console.errors import UserError
    from serving.ager import Ager
    from serving.colourer import Colourer
    from serving.explore.explorer import Explorer
    from serving.style_generator import StyleGenerator
    from serving.translator import Translator
    from serving.upscaler import Upscaler

    verb = source.metadata.get("verb", "generate")  # files of before there were others have none
    if verb == "colour":
        return Colourer(source, render_size)
    if render_size is not None:
        raise UserError(f"--render-size is for networks that colour; {source.origin} can {verb}")
    if source.recipe.system == "stylegan":
        return StyleGenerator(source)
    kinds = {"generate": Explorer, "upscale": Upscaler, "age": Ager}
    return kinds.get(verb, Translator)(source)
