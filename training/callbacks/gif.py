"""`progress.gif`: the grids as a film that grows with the run and stays small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.callbacks.base import StepCallback
from training.callbacks.pictures import grids
from training.files import replaced
from training.sheet import titled

FRAMES = 60
WIDTH = 544  # an 8 × 8 grid of 64 px as it is
BYTES = 16_000_000
_SAMPLE = 16_384  # pixels that the colours of a frame are chosen from
_FRAME_MILLISECONDS, _LAST_MILLISECONDS = 150, 2_000


class ProgressGIF(StepCallback):
    """Rebuild `path` from the grids in `folder` as they come.

    At most `frames` frames, evenly spread, the first and the newest among them, each captioned with
    its step; at most `width` pixels wide and `limit` bytes large. Writing all frames at every grid
    would make the time quadratic in their number: the file is rebuilt whenever the number of grids
    has grown by a tenth, and at the end.
    """

    def __init__(
        self,
        folder: Path,
        path: Path,
        every: int,
        frames: int = FRAMES,
        width: int = WIDTH,
        limit: int = BYTES,
    ) -> None:
        super().__init__()
        self.every = every
        self._folder, self._path = folder, path
        self._most, self._width, self._limit = frames, width, limit
        self._drawn: dict[int, Image.Image] = {}
        self._built_with = 0

    def on_step(self, step: int) -> None:
        """Rebuild the film if it has grown enough."""
        found = {at: path for at, path in grids(self._folder).items() if at <= step}
        ended = step == self.last_step or self.model.stop_training
        if found and (ended or len(found) >= max(self._built_with + 1, 1.1 * self._built_with)):
            self._built_with = len(found)
            self._build(found)

    def _build(self, found: dict[int, Path]) -> None:
        most = self._most
        while True:
            chosen = spread(list(found), most)
            self._drawn = {
                step: self._drawn.get(step) or self._frame(step, found[step]) for step in chosen
            }
            with replaced(self._path) as unfinished:
                write_gif(unfinished, list(self._drawn.values()))
                written = unfinished.stat().st_size
            if written <= self._limit or most <= 2:
                return
            most = max(2, int(most * min(0.9, self._limit / written)))

    def _frame(self, step: int, path: Path) -> Image.Image:
        with Image.open(path) as grid:
            page = grid.convert("RGB")
        if page.width > self._width:
            height = round(page.height * self._width / page.width)
            page = page.resize((self._width, height), Image.Resampling.LANCZOS)
        return with_palette(titled(page, f"step {step:,}"))


def spread(steps: list[int], most: int) -> list[int]:
    """At most `most` of the sorted `steps`: evenly spread, the first and the last among them."""
    if len(steps) <= most:
        return steps
    last = len(steps) - 1
    return [steps[round(index * last / (most - 1))] for index in range(most)]


def with_palette(page: Image.Image) -> Image.Image:
    """`page` in 256 colours of its own.

    The colours are found by maximum coverage and k-means on a sample of the pixels: on a grid of
    faces a decibel better than median cut on all of them, and ten times as fast. No dither: it
    would swim from frame to frame and enlarge the file.
    """
    pixels = np.asarray(page).reshape(-1, 3)
    chosen = np.random.Generator(np.random.Philox(0)).integers(len(pixels), size=_SAMPLE)
    sample = Image.fromarray(pixels[chosen][None])
    colours = sample.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=100)
    return page.quantize(palette=colours, dither=Image.Dither.NONE)


def write_gif(path: Path, frames: list[Image.Image]) -> None:
    """Write palette pictures as an endlessly looping GIF that rests on its last frame."""
    times = [_FRAME_MILLISECONDS] * (len(frames) - 1) + [_LAST_MILLISECONDS]
    # Pillow folds equal neighbours into one frame and adds up their times.
    frames[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=times,
        loop=0,
        optimize=False,
    )
