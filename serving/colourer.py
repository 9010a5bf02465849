"""`Colourer`: a trained network that colours pictures of any size, ready for use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from console.errors import UserError
from datasets import decode
from layers import initializers
from models import copies, portable
from models.pixels import to_grey
from models.systems.deoldify import networks
from models.systems.deoldify.recipe import SMALLEST
from models.systems.deoldify.rendering import rendered
from serving.any_size import SHOWN, AnySize, on_white
from serving.generator import compiled_for_device
from serving.source import Source


class Colourer(AnySize):
    """A network that colours: in float32, for inference.

    `network` is the functional Keras model, (N, S, S, 3) → the same in colour, both in [-1, 1];
    `recipe`, `metadata`, `origin` tell where it comes from; `resolution` is S, at which chroma is
    computed. A picture of any size keeps its own luma, and so its sharpness.

    Args:
        render_size: S, a multiple of 32; by default the largest that it was trained on. Sizes
            far from those give wrong colours.
    """

    def __init__(self, source: Source, render_size: int | None = None):
        self.source = source
        self.recipe, self.metadata, self.origin = source.recipe, source.metadata, source.origin
        self.verb, self.title = self.metadata["verb"], self.metadata.get("title", "")
        self.resolution = render_size or self.recipe.resolution
        check_render_size(self.resolution)
        network = source.network
        if network.inputs[0].shape[1] != self.resolution:
            with initializers.blank():
                network = networks.generator(self.recipe, self.resolution, trained=False)
            try:
                copies.copy_values(source.network.variables, network.variables)
            except ValueError as error:  # another number of them, or other shapes
                raise UserError(
                    f"{self.origin} is damaged: its network is not that of its recipe"
                ) from error
        self.network = compiled_for_device(portable.plain(network))

    def apply(self, pictures: Sequence[np.ndarray], batch_size: int = 1) -> list[np.ndarray]:
        """Pictures uint8 (h, w, 3), or (h, w, 4) with opacity, → the same in colour.

        Colours that a picture has are not read. Opacity stays as it is.
        """
        made = rendered(self.network, [each[..., :3] for each in pictures], batch_size)
        return [
            np.concatenate([new, old[..., 3:]], axis=-1)
            for new, old in zip(made, pictures, strict=True)
        ]

    def degraded(self, truth: np.ndarray) -> np.ndarray:
        """What it is given to restore pictures `truth` (N, R, R, 3) uint8: grey copies of them."""
        return to_grey(truth)

    @property
    def made_from(self) -> str:
        """What `degraded` gives, in words."""
        return "grey copies"

    def pair(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """A picture and the same in colour, whole, for a sheet: uint8 (2, SHOWN, SHOWN, 3)."""
        both = []
        for picture in (before, after):
            small = decode.to_rgb(Image.fromarray(picture))
            small.thumbnail((SHOWN, SHOWN))
            both.append(on_white(np.asarray(small)))
        return np.stack(both)


def check_render_size(size: int) -> None:
    """Raise `UserError` if no network has this size."""
    if size < SMALLEST or size % SMALLEST:
        raise UserError(
            f"--render-size must be a multiple of {SMALLEST}, such as 64 or 256, not {size}"
        )
