"""Grids of EMA samples on fixed latents, `fakes/step-NNNNNNNN.png`."""

from __future__ import annotations

import re
from pathlib import Path

import keras
from PIL import Image

from datasets import pixels
from media.sheet import sheet
from runs.files import replaced
from training.callbacks.base import StepCallback
from training.preview import Preview

_NAME = re.compile(r"step-(\d{8})\.png")


class Grids(StepCallback):
    """Draw `preview` with the EMA generator every `every` steps into `folder`."""

    def __init__(self, folder: Path, preview: Preview, every: int) -> None:
        super().__init__()
        self._folder, self._preview, self.every = folder, preview, every

    def on_step(self, step: int) -> None:
        """Draw and save one grid."""
        write_png(self._folder / f"step-{step:08d}.png", grid(self.model, self._preview))


def grid(gan: keras.Model, preview: Preview) -> Image.Image:
    """The EMA generator's pictures of `preview`, as one sheet."""
    images = gan.sample(preview.latents, preview.labels)
    return sheet(pixels.to_uint8(images), preview.columns, preview.captions)


def grids(folder: Path) -> dict[int, Path]:
    """The grids in `folder` by step, in order of steps."""
    found = [
        (match, path) for path in folder.glob("*.png") if (match := _NAME.fullmatch(path.name))
    ]
    return dict(sorted((int(match.group(1)), path) for match, path in found))


def write_png(path: Path, picture: Image.Image) -> None:
    """Write `picture` to `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as unfinished:
        picture.save(unfinished)
