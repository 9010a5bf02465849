"""`progress.gif`: the grids as a film that grows with the run and stays small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from console.screen import say
from media import film
from media.sheet import titled
from training.callbacks.base import Redrawing, StepCallback
from training.callbacks.grids import grids

FRAMES = 60
WIDTH = 544  # an 8 × 8 grid of 64 px as it is
BYTES = 16_000_000
_SECONDS, _LAST_SECONDS = 0.15, 2.0  # a frame, the last frame


class ProgressGIF(StepCallback):
    """Rebuild `path` from the grids in `folder` as they come.

    The film has at most `frames` frames, evenly spread and with the first and the newest grid, each
    captioned with its step; it is at most `width` pixels wide and `limit` bytes large. `Redrawing`
    says when it is rebuilt.
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
        self._drawn: dict[int, np.ndarray] = {}
        self._told: set[int] = set()  # steps whose grids are damaged
        self._redrawing = Redrawing()

    def on_step(self, step: int) -> None:
        """Rebuild the film if it is time."""
        found = {at: path for at, path in grids(self._folder).items() if at <= step}
        if found and self._redrawing.due(step, self.last_step):
            self._build(found)

    def _build(self, found: dict[int, Path]) -> None:
        most = self._most
        while True:
            self._draw(spread(list(found), most), found)
            if not self._drawn:
                return
            film.write(self._path, list(self._drawn.values()), _SECONDS, _LAST_SECONDS)
            written = self._path.stat().st_size
            if written <= self._limit or most <= 2:
                return
            most = max(2, int(most * min(0.9, self._limit / written)))

    def _draw(self, chosen: list[int], found: dict[int, Path]) -> None:
        """Make the frames of the chosen steps; a grid that is damaged is left out, with a word."""
        drawn: dict[int, np.ndarray] = {}
        for step in reversed(chosen):  # the newest grid is this run's own
            try:
                frame = self._drawn[step] if step in self._drawn else self._frame(step, found[step])
                if drawn and frame.shape != next(iter(drawn.values())).shape:
                    raise ValueError("it has another size")
                drawn[step] = frame
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                if step not in self._told:
                    self._told.add(step)
                    say(f"{self._path.name} leaves out {found[step]}: {error}")
        self._drawn = dict(reversed(drawn.items()))

    def _frame(self, step: int, path: Path) -> np.ndarray:
        with Image.open(path) as grid:
            page = grid.convert("RGB")
        if page.width > self._width:
            height = round(page.height * self._width / page.width)
            page = page.resize((self._width, height), Image.Resampling.LANCZOS)
        return np.asarray(titled(page, f"step {step:,}"))


def spread(steps: list[int], most: int) -> list[int]:
    """At most `most` of the sorted `steps`: evenly spread, the first and the last among them."""
    if len(steps) <= most:
        return steps
    last = len(steps) - 1
    return [steps[round(index * last / (most - 1))] for index in range(most)]
