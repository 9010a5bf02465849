"""Walking between latents and between attributes (DCGAN, arXiv:1511.06434, section 6.1)."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image

from console.errors import UserError
from datasets.pixels import to_uint8
from media.sheet import sheet, shown
from serving.explore.animation import Clip
from serving.generator import Generator, check_count
from serving.pictures import enlarged, square


def linear(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """(1 - t) a + t b, for vectors or rows of vectors."""
    return (1 - t) * a + t * b


def spherical(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """Along the great circle (White 2016, arXiv:1609.04468), for vectors or rows of vectors.

    sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b, with w the angle between a and b. Latents of
    many dimensions lie near a sphere: this path stays on it, a straight line goes inside. For
    parallel a and b the path is the straight line.
    """
    lengths = np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    cosine = np.sum(a * b, axis=-1, keepdims=True) / np.maximum(lengths, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    parallel = sine < 1e-4
    safe = np.where(parallel, 1.0, sine)
    on_circle = np.sin((1 - t) * angle) / safe * a + np.sin(t * angle) / safe * b
    return np.where(parallel, linear(a, b, t), on_circle).astype("float32")


PATHS = {"linear": linear, "spherical": spherical}


def closed(keys: np.ndarray, steps: int, path: str) -> np.ndarray:
    """Through `keys` (K, …, D) and back to the first: (K·steps, …, D), `steps` from key to key."""
    _refuse_unknown(path)
    following = np.roll(keys, -1, axis=0)
    return np.stack([
        PATHS[path](a, b, step / steps)
        for a, b in zip(keys, following, strict=True)
        for step in range(steps)
    ]).astype("float32")  # fmt: skip


def opened(keys: np.ndarray, columns: int, path: str) -> np.ndarray:
    """`columns` positions from the first of `keys` (K, …, D) to the last: (columns, …, D)."""
    _refuse_unknown(path)
    found = []
    for position in np.linspace(0, len(keys) - 1, columns):
        before = min(int(position), len(keys) - 2)
        found.append(PATHS[path](keys[before], keys[before + 1], position - before))
    return np.stack(found).astype("float32")


def _refuse_unknown(path: str) -> None:
    if path not in PATHS:
        raise UserError(f"unknown path {path!r}. Known: {', '.join(PATHS)}")


def interpolate(
    generator: Generator,
    count: int = 4,
    steps: int = 24,
    seed: int = 0,
    path: str = "spherical",
    attributes: str | Sequence[str] | None = None,
    through: Sequence[str] | None = None,
    tiles: int = 1,
    truncation: float = 1.0,
    statistics: str = "auto",
    fps: int = 25,
) -> Clip:
    """A film that loops through `count` latents, or `through` attributes at fixed latents.

    Args:
        steps: frames from one to the next.
        path: of the latents, "spherical" or "linear"; attributes always change linearly.
        attributes: the same in all frames.
        through: two or more sets of attributes, such as ["blonde hair", "blue hair"].
        tiles: the number of films side by side, each from its own latents.

    Raises:
        UserError: labels for a generator without labels, unknown names, fewer than two stops.
    """
    check_count(steps)
    generator.use_statistics(truncation, statistics)
    along = functools.partial(closed, steps=steps)
    z, y = _moved(generator, along, count, seed, path, attributes, through, tiles, truncation)
    return Clip(_film(generator, z, y), fps)


def interpolation_sheet(
    generator: Generator,
    count: int = 4,
    columns: int = 7,
    seed: int = 0,
    path: str = "spherical",
    attributes: str | Sequence[str] | None = None,
    through: Sequence[str] | None = None,
    rows: int = 1,
    truncation: float = 1.0,
    statistics: str = "auto",
) -> Image.Image:
    """The same path as a sheet, without the way back: each row from its own latents.

    `columns` positions, evenly from the first stop to the last; the rest as for `interpolate`.
    """
    check_count(columns), check_count(rows)
    generator.use_statistics(truncation, statistics)
    along = functools.partial(opened, columns=columns)
    z, y = _moved(generator, along, count, seed, path, attributes, through, rows, truncation)
    z, y = z.swapaxes(0, 1), None if y is None else y.swapaxes(0, 1)
    flat = None if y is None else y.reshape(-1, *y.shape[2:])
    images = to_uint8(generator.generate(z.reshape(rows * columns, -1), flat))
    return sheet(enlarged(images, 64), columns)


def _texts(attributes: str | Sequence[str] | None) -> list[str]:
    return [attributes] if isinstance(attributes, str) else list(attributes or ())


def _moved(generator, along, count, seed, path, attributes, through, tiles, truncation):
    """Latents and labels (positions, tiles, …), of which one moves `along` its stops."""
    held = generator.parse(attributes)
    if through is not None:
        sets = [generator.parse([*_texts(attributes), *_texts(each)]) for each in through]
        return _through(generator, along, sets, seed, truncation, tiles)
    if count < 2:
        raise UserError(f"{count} latents give no path; give 2 or more")
    keys = generator.draw_latents(count * tiles, seed, truncation)
    keys = keys.reshape(tiles, count, -1).swapaxes(0, 1)  # (count, tiles, latent_dim)
    z = along(keys, path=path)
    labels = generator.draw_labels(tiles, seed, held)
    return z, None if labels is None else np.stack([labels] * len(z))


def _through(generator, along, sets, seed, truncation, tiles):
    if len(sets) < 2:
        raise UserError("one set of attributes gives no path; give 2 or more")
    keys = np.stack(
        [generator.as_weights(generator.draw_labels(tiles, seed, wanted)) for wanted in sets]
    )
    y = along(keys, path="linear")  # (positions, tiles, labels)
    z = generator.draw_latents(tiles, seed, truncation)
    return np.stack([z] * len(y)), y


def _film(generator: Generator, z: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """z (T, tiles, latent_dim), y (T, tiles, …) → frames uint8 (T, H, W, 3)."""
    frames, tiles = z.shape[:2]
    flat = None if y is None else y.reshape(-1, *y.shape[2:])
    images = to_uint8(generator.generate(z.reshape(frames * tiles, -1), flat))
    if tiles == 1:
        return shown(enlarged(images))
    images = images.reshape(frames, tiles, *images.shape[1:])
    return np.stack([np.asarray(sheet(each, square(tiles))) for each in images])
