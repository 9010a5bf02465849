"""The latent of a given picture, by optimisation, and how near the generated picture comes."""

from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from keras import ops
from PIL import Image
from tqdm import tqdm

from console.errors import UserError
from datasets import decode
from datasets.errors import PictureError
from datasets.pixels import to_float, to_uint8
from foreign.files import replaced
from media.sheet import sheet, shown, titled
from models import autodiff
from serving.generator import Generator, check_count
from serving.pictures import enlarged

_SCALES = 3
_POOL = 256


@dataclasses.dataclass(frozen=True)
class Projection:
    """The result of `project`.

    latent, label  (latent_dim,), label weights (num_labels,) or `None`
    target, found  uint8 (H, W, C), of the generator's shape
    rmse, start    root mean square error in pixel levels 0 to 255, and the same for the best of the
                   random latents from which the search began
    """

    latent: np.ndarray
    label: np.ndarray | None
    target: np.ndarray
    found: np.ndarray
    rmse: float
    start: float

    @property
    def psnr(self) -> float:
        """20 log10(255 / rmse), in decibels."""
        return float(20 * np.log10(255 / max(self.rmse, 1e-12)))

    def side_by_side(self) -> Image.Image:
        """The given picture, the found one, and twice their difference, with the error below."""
        target, found = shown(np.stack([self.target, self.found]))
        difference = np.abs(target.astype(int) - found)
        difference = np.minimum(2 * difference, 255).astype("uint8")
        tiles = enlarged(np.stack([target, found, difference]), 192)
        page = sheet(tiles, 3, ["given", "found", "difference, doubled"])
        return titled(page, f"rms error {self.rmse:.1f} of 255, PSNR {self.psnr:.1f} dB")

    def save(self, path: str | Path) -> Path:
        """Write the pictures side by side (.png), or the latent and label (.npz)."""
        path = Path(path)
        arrays = {"latent": self.latent} | ({} if self.label is None else {"label": self.label})
        with replaced(path) as unfinished:
            if path.suffix.lower() == ".npz":
                buffer = io.BytesIO()  # NumPy would add .npz to a name in .NPZ
                np.savez(buffer, **arrays)
                unfinished.write_bytes(buffer.getvalue())
            else:
                self.side_by_side().save(unfinished)
        return path


def project(
    generator: Generator,
    picture: str | Path | np.ndarray,
    steps: int = 300,
    starts: int = 4,
    seed: int = 0,
    attributes: str | Sequence[str] | None = None,
    rate: float = 0.05,
    progress: bool = True,
) -> Projection:
    """Find the latent whose picture is nearest to `picture`, a file or uint8 (H, W, C).

    The best `starts` of 256 random latents are refined by `steps` of Adam on the mean square error
    at full, half and quarter resolution; latents stay in `Generator.bounds`. Attributes that
    are not given are refined too; if no class is given, that of the best start is used.
    """
    check_count(steps), check_count(starts)
    target = _target(generator, picture)
    generator.use_statistics()
    wanted = generator.parse(attributes)
    search = _Search(generator, target, wanted)
    x = search.best_of_random(seed, starts)
    start = search.rmse(x[:1])
    x = search.refine(x, steps, rate, progress)
    errors = [search.rmse(row[None]) for row in x]
    best = int(np.argmin(errors))
    z, y = search.split(x[best : best + 1])
    found = to_uint8(generator.generate(z, y))[0]
    return Projection(z[0], None if y is None else y[0], target, found, errors[best], start)


def _target(generator: Generator, picture) -> np.ndarray:
    shape = generator.recipe.data_shape
    if not isinstance(picture, np.ndarray):
        path = Path(picture)
        if not path.is_file():
            raise UserError(f"there is no picture {path}")
        try:
            return decode.read(path, shape)[0]
        except PictureError as error:
            raise UserError(f"{path} cannot be used: {error}") from error
    if picture.shape != shape or picture.dtype != np.uint8:
        raise UserError(f"a picture must be uint8 {shape}, not {picture.dtype} {picture.shape}")
    return picture


class _Search:
    """Points x = [latent | label weights], float32 (N, latent_dim + labels), and their losses."""

    def __init__(self, generator: Generator, target: np.ndarray, wanted: dict[int, bool]):
        self.generator, self.wanted = generator, wanted
        recipe = generator.recipe
        self.dim = recipe.latent_dim
        self.target = to_float(target)[None]
        self.network = generator.blending
        low, high = generator.bounds()
        scale = np.full(self.dim, generator.search_scale(), "float32")
        free = np.full(self.dim, True)
        if (labels := generator.labels) is not None:
            least, most = labels.limits()
            low, high = np.concatenate([low, least]), np.concatenate([high, most])
            scale = np.concatenate([scale, np.ones_like(least)])
            free = np.concatenate([free, labels.free(wanted)])
        self.low, self.high, self.scale, self.free = low, high, scale, free
        self._gradient = autodiff.compiled(
            lambda x: autodiff.input_gradient(self._losses, x, self.network.variables)
        )

    def split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """x → (latents, label weights or `None`)."""
        return x[:, : self.dim], x[:, self.dim :] if x.shape[1] > self.dim else None

    def rmse(self, x: np.ndarray) -> float:
        """The error of the first point's picture, in levels 0 to 255."""
        made = to_uint8(self.generator.generate(*self.split(x)))
        return float(np.sqrt(np.mean((made[0].astype(float) - to_uint8(self.target)[0]) ** 2)))

    def best_of_random(self, seed: int, count: int) -> np.ndarray:
        """The `count` best of random points, best first."""
        pool = max(_POOL, count)
        z = self.generator.draw_latents(pool, seed)
        y = self.generator.as_weights(self.generator.draw_labels(pool, seed, self.wanted))
        made = self.generator.generate(z, y)
        errors = np.mean((made - self.target) ** 2, axis=(1, 2, 3))
        x = z if y is None else np.concatenate([z, y], axis=1)
        return x[np.argsort(errors)[:count]]

    def refine(self, x: np.ndarray, steps: int, rate: float, progress: bool) -> np.ndarray:
        """Adam (Kingma and Ba 2015) with a rate that falls to 0 along a cosine."""
        mean, square = np.zeros_like(x), np.zeros_like(x)
        bar = tqdm(range(1, steps + 1), "projecting", file=sys.stderr, disable=not progress)
        for step in bar:
            gradient = ops.convert_to_numpy(self._gradient(ops.convert_to_tensor(x))) * self.free
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
            change = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            x = np.clip(x - now * self.scale * change, self.low, self.high).astype("float32")
        return x

    def _losses(self, x):
        """x (N, …) → (N,): the mean square error, summed over resolutions."""
        z, y = x[:, : self.dim], x[:, self.dim :]
        if self.generator.labels is None:
            y = ops.zeros((x.shape[0],), "int32")
        # Not every generator ends in a tanh; who sees its pictures sees them clipped.
        made = ops.clip(self.network([z, y], training=False), -1.0, 1.0)
        target = ops.convert_to_tensor(self.target)
        total = 0.0
        for _ in range(_SCALES):
            total = total + ops.mean(ops.square(made - target), axis=(1, 2, 3))
            made = ops.average_pool(made, 2, strides=2)
            target = ops.average_pool(target, 2, strides=2)
        return total
