"""What a StyleGAN's styles do, measured: mixing, levels, lost values, path lengths.

Karras et al. 2019, arXiv:1812.04948: the distance with several latents at once (table 2), and the
perceptual path length (section 4.1), here in the feature maps of a frozen Lite0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

import datasets
from datasets.pixels import to_uint8
from metrics import styles
from metrics.errors import MetricError
from metrics.extractors import Extractor, extract
from metrics.frechet import frechet_distance
from models import perceptual
from models.chance import chosen_rows, step_rng
from quality import control
from serving.explore import edits
from serving.explore.paths import linear, spherical
from serving.explore.styles import mixed, mixing_sheet
from serving.style_generator import StyleGenerator, level, levels_of
from serving.unseen import Unseen, aligned

LATENTS = (1, 2, 3, 4)  # at once, as in table 2
PAIRS = 500  # for what follows a level's styles
PATHS = 500  # places at which a path's length is measured
_STEP = 1e-3  # ε; the paper's 1e-4 is too small for float32 and these maps
_BATCH = 50
_PAGE = ((0, 1, 2), (3, 4, 5, 6))  # the sheet's rows and columns


def measure(
    generator: StyleGenerator,
    data: datasets.ImageData,
    extractor: Extractor,
    count: int,
    seed: int = 0,
) -> Unseen:
    """All measures of a StyleGAN against `count` pictures of `data`, without truncation.

    If the data has labels, a classifier of them tells which attributes follow the styles of each
    level, and which values of attributes the generator has lost.
    """
    generator.use_statistics()
    rng = step_rng(seed, 0)
    count = min(count, len(data.images))
    rows = chosen_rows(rng, len(data.images), count)

    def reals() -> Iterator[np.ndarray]:
        for start in range(0, count, _BATCH):
            yield np.asarray(data.images[rows[start : start + _BATCH]])

    values: dict[str, Any] = {
        "frechet": _distances(generator, reals(), count, extractor, rng),
        "path_length": {
            "z": path_length(generator, "z", rng), "w": path_length(generator, "w", rng),
        },
    }  # fmt: skip
    lines = _mixing_lines(values, count, extractor)
    if data.labels is not None:
        space = control.space_of(data.labels)
        judge = control.load_judge(data, space).model
        see = functools.partial(edits.seen, judge, space=space)
        values["levels"] = _levels(generator, see, space, rng)
        fakes = (part for part, _ in _pictures(generator, 1, count, rng))
        both = [np.concatenate([see(part) for part in parts]) for parts in (reals(), fakes)]
        found = styles.coverage(space, *both)
        values["coverage"] = {"known": found.known, "lost": list(found.lost)}
        lines += _level_lines(values, found)
    page = mixing_sheet(generator, *_PAGE, seed=seed)
    return Unseen(f"{generator.origin}, " + "\n".join(lines), values, page)


# === Several latents at once ===


def _pictures(generator, latents: int, count: int, rng):
    """Batches of `count` pictures, each with the styles of `latents` latents, and these styles."""
    for start in range(0, count, _BATCH):
        size = min(_BATCH, count - start)
        given = several(generator, size, latents, rng)
        yield to_uint8(generator.of_styles(given)), given


def several(generator: StyleGenerator, count: int, latents: int, rng) -> np.ndarray:
    """Styles (count, layers, style_dim), each of several random latents with random cuts.

    The cuts lie at different layers. Raises `MetricError` for more latents than layers.
    """
    layers, dim = generator.layers, generator.recipe.latent_dim
    if latents > layers:
        raise MetricError(f"{latents} latents do not fit into {layers} layers.")
    z = rng.standard_normal((count * latents, dim), dtype=np.float32)
    known = generator.styles(z).reshape(count, latents, layers, -1)
    turn = rng.random((count, layers - 1)).argsort(axis=1) < latents - 1  # where a cut is
    number = np.concatenate([np.zeros((count, 1), int), turn.cumsum(axis=1)], axis=1)
    return known[np.arange(count)[:, None], number, np.arange(layers)[None]]


def _distances(generator, reals, count: int, extractor, rng) -> dict[str, float]:
    real = extract(extractor, reals, count, progress="reals").pool
    found = {}
    for latents in LATENTS:
        made = (part for part, _ in _pictures(generator, latents, count, rng))
        features = extract(extractor, made, count, progress=f"{latents} latents").pool
        found[str(latents)] = frechet_distance(real, features)
    return found


# === Paths ===


def path_length(generator: StyleGenerator, space: str, rng, count: int = PATHS) -> float:
    """E d(g(t), g(t + ε)) / ε² along the way between two latents, in "z" or in "w".

    The way is a great circle in z and a line in w; t is uniform. d is the squared difference of
    Lite0's maps, each position scaled to length 1 as in LPIPS (arXiv:1801.03924), summed over maps.
    """
    compare = perceptual.feature_maps(generator.recipe.resolution)
    path = spherical if space == "z" else linear
    found = []
    for start in range(0, count, _BATCH):
        size = min(_BATCH, count - start)
        z = rng.standard_normal((2 * size, generator.recipe.latent_dim), dtype=np.float32)
        known = z if space == "z" else generator.in_styles.of_latents(z)
        a, b = known[:size], known[size:]
        t = rng.random((size, 1), dtype=np.float32)
        places = np.concatenate([path(a, b, t), path(a, b, t + _STEP)]).astype("float32")
        source = generator if space == "z" else generator.in_styles
        maps = compare(ops.convert_to_tensor(source.generate(places)))
        found.append(sum(_gaps(ops.convert_to_numpy(each), size) for each in maps))
    return float(np.concatenate(found).mean() / _STEP**2)


def _gaps(maps: np.ndarray, size: int) -> np.ndarray:
    """Mean over positions of the squared difference of unit vectors: (2·size, …) → (size,)."""
    wide = maps.astype("float64")
    unit = wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), 1e-10)
    return np.square(unit[:size] - unit[size:]).sum(axis=-1).mean(axis=(1, 2))


# === Levels ===


def _levels(generator, see, space, rng) -> dict[str, dict[str, float | None]]:
    """Level → trait → the share of mixtures that follow the source of that level's styles.

    None for a trait in which too few pairs differ.
    """
    z = rng.standard_normal((2 * PAIRS, generator.recipe.latent_dim), dtype=np.float32)
    a, b = np.split(generator.styles(z), 2)
    of_a, of_b = (see(to_uint8(generator.of_styles(each))) for each in (a, b))
    found = {}
    for name in levels_of(generator.layers):
        both = see(mixed(generator, a, b, level(name, generator.layers)))
        found[name] = {
            trait.name: _number(styles.followed(trait, of_a, of_b, both))
            for trait in styles.traits(space)
        }
    return found


def _number(value: float) -> float | None:
    """None for NaN, which JSON does not know."""
    return None if np.isnan(value) else value


# === In words ===


def _mixing_lines(values: dict, count: int, extractor: Extractor) -> list[str]:
    distance = extractor.measure_name("frechet")
    head = ("latents at once", *values["frechet"])
    row = (distance, *(f"{value:.1f}" for value in values["frechet"].values()))
    lines = [f"styles: {count:,} pictures against as many of the data"]
    lines += aligned([head, row])
    lengths = values["path_length"]
    lines.append(f"  path length in Lite0's maps: {lengths['z']:.1f} in z, {lengths['w']:.1f} in w")
    return lines


def _level_lines(values: dict, found: styles.Coverage) -> list[str]:
    levels = values["levels"]
    rows = [("follows the styles of", *levels)]
    for trait in next(iter(levels.values())):
        shares = [levels[name][trait] for name in levels]
        if None not in shares:
            rows.append((trait, *(f"{share:.0%}" for share in shares)))
    lines = aligned(rows)
    lost = ", ".join(found.lost) or "none"
    lines.append(f"  values of the attributes lost, of {found.known} that reals show: {lost}")
    return lines
