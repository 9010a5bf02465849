"""Directions in latent space, found from weights or from pictures, and walks along them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from console.errors import UserError
from console.options import nearest
from datasets.pixels import to_uint8
from media.sheet import sheet, shown
from metrics.pictures import as_rgb
from serving.explore.animation import Clip
from serving.explore.arithmetic import average
from serving.generator import Generator, check_count
from serving.pictures import enlarged, square

_POOL = 512  # pictures drawn to find a direction by a property


def factorise(generator: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Closed-form factorisation of the first layer (SeFa, Shen and Zhou 2021, arXiv:2007.06600).

    The unit directions n that change the first layer's output A n most are the eigenvectors of AᵀA,
    in order of falling eigenvalue; in a StyleGAN's w, A makes the styles of all layers. No pictures
    are needed. Returns directions (latent_dim, latent_dim), one a row, and their eigenvalues
    (latent_dim,).

    Raises `UserError` if the first layer is not linear in the latent.
    """
    matrix = generator.linear_map().astype("float64")  # (latent_dim, features): Aᵀ
    left, singular, _ = np.linalg.svd(matrix, full_matrices=True)
    values = np.zeros(len(left))
    values[: len(singular)] = singular**2
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(len(left))])
    return (left * signs).T.astype("float32"), values  # fix the sign: the largest entry is positive


def between(
    generator: Generator, start: Sequence[int], end: Sequence[int], seed: int = 0
) -> np.ndarray:
    """DCGAN's "turn" vector (figure 8): the mean latent of `end` minus the mean latent of `start`.

    Both are picture numbers of `seed`. Returns (latent_dim,), not of unit length.
    """
    return average(generator, end, seed)[0] - average(generator, start, seed)[0]


def _brightness(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2, 3))


def _saturation(images: np.ndarray) -> np.ndarray:
    return (images.max(axis=-1) - images.min(axis=-1)).mean(axis=(1, 2))


def _warmth(images: np.ndarray) -> np.ndarray:
    return (images[..., 0] - images[..., 2]).mean(axis=(1, 2))


def _turn(images: np.ndarray) -> np.ndarray:
    """How much darker the right half is: when a head turns, its dark hair shifts."""
    grey = images.mean(axis=-1)
    half = grey.shape[2] // 2
    return grey[:, :, :half].mean(axis=(1, 2)) - grey[:, :, -half:].mean(axis=(1, 2))


PROPERTIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "brightness": _brightness,
    "saturation": _saturation,
    "warmth": _warmth,
    "turn": _turn,
}


def by_property(generator: Generator, name: str, seed: int = 0, pool: int = _POOL) -> np.ndarray:
    """From the mean latent of the quarter with the least of a property to that with the most.

    The property is measured on `pool` random pictures with one label each, at truncation 1,
    whatever was drawn before. Returns (latent_dim,).
    """
    if name not in PROPERTIES:
        known = ", ".join(PROPERTIES)
        raise UserError(f"unknown property {name!r}{nearest(name, PROPERTIES)}. Known: {known}")
    check_count(pool // 4)
    generator.use_statistics()
    z, y = generator.draw_latents(pool, seed), generator.draw_labels(pool, seed)
    images = generator.generate(z, y)
    if images.shape[-1] != 3:
        images = as_rgb(to_uint8(images)).astype("float32")
    order = np.argsort(PROPERTIES[name](images))
    return z[order[-(pool // 4) :]].mean(axis=0) - z[order[: pool // 4]].mean(axis=0)


def walk(
    generator: Generator,
    direction: np.ndarray,
    reach: float = 6.0,
    rows: int = 6,
    columns: int = 7,
    seed: int = 0,
    attributes: str | Sequence[str] | None = None,
    truncation: float = 1.0,
    statistics: str = "auto",
) -> Image.Image:
    """A sheet: every row one latent, moved along `direction` from -reach to +reach.

    `reach` counts standard deviations of the latent's numbers; `direction` need not be of length 1.
    """
    z, y = _moved(generator, direction, np.linspace(-reach, reach, columns), rows, seed,
                  attributes, truncation, statistics)  # fmt: skip
    images = to_uint8(generator.generate(z.reshape(rows * columns, -1), y))
    captions = [f"{offset:+.1f}" for offset in np.linspace(-reach, reach, columns)]
    return sheet(enlarged(images, 64), columns, captions)


def walk_clip(
    generator: Generator,
    direction: np.ndarray,
    reach: float = 6.0,
    tiles: int = 9,
    steps: int = 25,
    seed: int = 0,
    attributes: str | Sequence[str] | None = None,
    truncation: float = 1.0,
    statistics: str = "auto",
    fps: int = 25,
) -> Clip:
    """The same walk as a film, forward and back, slowing down at the ends."""
    check_count(steps)
    offsets = -reach * np.cos(np.pi * np.arange(2 * steps) / steps)
    z, y = _moved(generator, direction, offsets, tiles, seed, attributes, truncation, statistics)
    images = to_uint8(generator.generate(z.reshape(tiles * len(offsets), -1), y))
    images = images.reshape(tiles, len(offsets), *images.shape[1:])
    if tiles == 1:
        return Clip(shown(enlarged(images[0])), fps)
    frames = [np.asarray(sheet(images[:, step], square(tiles))) for step in range(len(offsets))]
    return Clip(np.stack(frames), fps)


def _moved(generator, direction, offsets, rows, seed, attributes, truncation, statistics):
    """Latents (rows, offsets, latent_dim) and labels (rows·offsets, …)."""
    check_count(rows)
    length = np.linalg.norm(direction)
    if not length > 0:
        raise UserError("the direction is zero: its two groups have the same average")
    generator.use_statistics(truncation, statistics)
    z = generator.draw_latents(rows, seed, truncation)
    drawn = generator.draw_latents(64, 0)  # in w, each number has a mean of its own
    unit = direction / length * np.sqrt(drawn.var(axis=0, ddof=1).mean())
    moved = z[:, None] + np.asarray(offsets)[None, :, None] * unit
    y = generator.draw_labels(rows, seed, generator.parse(attributes))
    y = None if y is None else np.repeat(y, len(offsets), axis=0)
    return moved.astype("float32"), y
