"""Grids of the averaged networks' pictures for fixed inputs, `fakes/step-NNNNNNNN.png`."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from datasets import pixels
from foreign.files import replaced
from media.sheet import sheet
from models.outputs import Preview
from models.system import System
from training.callbacks.base import StepCallback

# Level 4 takes 0.4 of the default's time: a grid of 530 × 530 px 24 ms and 332 kB, not 55 and 320.
_COMPRESSION = 4
_NAME = re.compile(r"step-(\d{8})\.png")


class Grids(StepCallback):
    """Draw `preview` every `every` steps into `folder`."""

    def __init__(self, folder: Path, preview: Preview, every: int) -> None:
        super().__init__()
        self._folder, self._preview, self.every = folder, preview, every

    def on_step(self, step: int) -> None:
        """Draw and save one grid."""
        write_png(self._folder / f"step-{step:08d}.png", grid(self.model, self._preview))


def grid(system: System, preview: Preview) -> Image.Image:
    """The pictures that `system` now makes from the preview's inputs, as one sheet."""
    return sheet(pixels.to_uint8(preview.draw(system)), preview.columns, preview.captions)


def grids(folder: Path) -> dict[int, Path]:
    """The grids in `folder` by step, in order of steps."""
    found = [
        (match, path) for path in folder.glob("*.png") if (match := _NAME.fullmatch(path.name))
    ]
    return dict(sorted((int(match.group(1)), path) for match, path in found))


def write_png(path: Path, picture: Image.Image, shared: bool = False) -> None:
    """Write `picture` to `path`, whole or not at all. `shared`: see `foreign.files.replaced`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path, shared) as unfinished:
        picture.save(unfinished, compress_level=_COMPRESSION)
