"""`Upscaler`: a trained network that enlarges pictures of any size, ready for use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PIL import Image
from tqdm import tqdm

from datasets.pixels import to_uint8
from models import portable, sampling
from models.resizing import small_copies
from serving.any_size import SHOWN, AnySize, on_white
from serving.generator import compiled_for_device
from serving.source import Source

TILE = 128  # pixels of a small picture that are enlarged at a time, along each side
_WORTH_A_BAR = 8  # tiles, from which on a picture takes seconds
Tick = Callable[[], None]


class Upscaler(AnySize):
    """A network that enlarges: in float32, for inference.

    `network` is the functional Keras model, (N, h, w, 3) → (N, scale·h, scale·w, 3), both in
    [-1, 1]; `recipe`, `metadata`, `origin` tell where it comes from; `scale` is how many times.
    Large pictures are cut into tiles that overlap as far as the network sees, so the result is that
    of the whole picture, and the memory is that of a tile.
    """

    resolution = None  # the network itself takes any size

    def __init__(self, source: Source):
        self.source = source
        self.recipe, self.metadata, self.origin = source.recipe, source.metadata, source.origin
        self.verb, self.scale = self.metadata["verb"], self.recipe.scale
        self.title = f"{self.scale} times as large"
        self.network = compiled_for_device(portable.plain(source.network))
        # From its centre a 9×9 kernel sees 4 pixels, a 3×3 one 1; the last ones work on larger
        # pictures, whose pixels are smaller.
        self.reach = 4 + 2 * self.recipe.blocks + 4

    def upscale(self, picture: np.ndarray, tick: Tick = lambda: None) -> np.ndarray:
        """uint8 (h, w, 3), or (h, w, 4) with opacity, → the same scale times as large.

        The opacity is enlarged by Pillow's BICUBIC. `tick` is called after each tile.
        """
        height, width = picture.shape[:2]
        made = np.empty((height * self.scale, width * self.scale, picture.shape[2]), np.uint8)
        for rows, columns in tiles((height, width), TILE):
            made[self._large(rows), self._large(columns), :3] = self._tile(picture, rows, columns)
            tick()
        if picture.shape[2] == 4:
            opacity = Image.fromarray(picture[..., 3])
            made[..., 3] = opacity.resize(made.shape[1::-1], Image.Resampling.BICUBIC)
        return made

    def count(self, picture: np.ndarray) -> int:
        """How many tiles `picture` is cut into."""
        return len(list(tiles(picture.shape[:2], TILE)))

    def apply(self, pictures: Sequence[np.ndarray], batch_size: int = 1) -> list[np.ndarray]:
        """`upscale` each, one at a time whatever `batch_size` says: sizes may differ.

        Large ones show a progress bar.
        """
        made = []
        for picture in pictures:
            count = self.count(picture)
            hidden = count < _WORTH_A_BAR
            with tqdm(total=count, unit=" tiles", leave=False, disable=hidden) as bar:
                made.append(self.upscale(picture, bar.update))
        return made

    def degraded(self, truth: np.ndarray) -> np.ndarray:
        """What it is given to restore pictures `truth` (N, R, R, 3) uint8: small copies of them."""
        return small_copies(truth, self.scale)

    @property
    def made_from(self) -> str:
        """What `degraded` gives, in words."""
        return f"shrunk {self.scale} times"

    def pair(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """A picture with its pixels repeated, and enlarged, for a sheet.

        uint8 (2, SHOWN, SHOWN, 3): of both the same part, from the middle, on white.
        """
        coarse = before.repeat(self.scale, axis=0).repeat(self.scale, axis=1)
        side = min(SHOWN, *after.shape[:2])
        both = []
        for picture in (coarse, after):
            top, left = ((length - side) // 2 for length in picture.shape[:2])
            both.append(on_white(picture[top : top + side, left : left + side]))
        return np.stack(both)

    def _tile(self, picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """The enlarged `picture[rows, columns]`, of which the network sees the surroundings."""
        seen = [
            window(part, TILE + 2 * self.reach, self.reach, side)
            for part, side in zip((rows, columns), picture.shape[:2], strict=True)
        ]
        made = sampling.translate(self.network, picture[seen[0], seen[1], :3][None], 1)[0]
        inner = [
            self._large(slice(part.start - there.start, part.stop - there.start))
            for part, there in zip((rows, columns), seen, strict=True)
        ]
        return to_uint8(made[inner[0], inner[1]])

    def _large(self, part: slice) -> slice:
        return slice(part.start * self.scale, part.stop * self.scale)


def tiles(shape: Sequence[int], side: int) -> Iterator[tuple[slice, slice]]:
    """Slices of rows and columns, at most `side` long, that cover a picture of `shape` once."""
    rows, columns = (
        [slice(start, min(start + side, length)) for start in range(0, length, side)]
        for length in shape
    )
    return ((row, column) for row in rows for column in columns)


def window(part: slice, side: int, reach: int, length: int) -> slice:
    """`part` of a line of `length` with `reach` more on both sides, where there is as much.

    It is `side` long wherever the line is, so that networks are compiled for few shapes.
    """
    size = min(side, length)
    start = min(max(part.start - reach, 0), length - size)
    return slice(start, start + size)
