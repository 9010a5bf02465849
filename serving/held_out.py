"""How well an autoencoder reconstructs unseen pictures, compared with principal components."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from PIL import Image

import datasets
from console.errors import user_errors
from datasets.pixels import to_uint8
from media.sheet import sheet
from metrics import autoencoding, pca
from metrics.errors import MetricError
from models.chance import chosen_rows
from serving.autoencoder import Autoencoder
from serving.unseen import Unseen, heading

MOST = 2_000  # held-out pictures that are measured
FITTED = 4_000  # pictures trained on that the principal components, or σ, are fitted to
_FOR_SIGMA = 1_000
_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """The measures of one autoencoder.

    Attributes:
        count: held-out pictures.
        bits: -ELBO in bits per dimension, with one sampled code per picture; lower is better.
        kl: the KL term of the ELBO, in nats per picture.
        sigma: the standard deviation of the pixels, in grey levels.
        mse: mean squared error of a pixel value, scaled to 0..1, from the mean of the code.
        pca_mse: the same for as many principal components.
        active: how many dimensions of the code vary with the picture.
        numbers: how many dimensions it has.
        fitted: pictures that the components were fitted to.
    """

    count: int
    bits: float
    kl: float
    sigma: float
    mse: float
    pca_mse: float
    active: int
    numbers: int
    fitted: int


def measure(
    model: Autoencoder,
    trained: datasets.ImageData,
    held: datasets.ImageData,
    seed: int = 0,
) -> tuple[HeldOut, Image.Image]:
    """Measure `model` on `held`; σ and the components are fitted to pictures of `trained`.

    The sheet's rows: held-out pictures, the model's reconstructions, the components', samples.
    Raises `MetricError` if there are fewer pictures than dimensions of a code.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, 0]))
    pictures = np.asarray(held.images[chosen_rows(rng, len(held.images), MOST)])
    seen = np.asarray(trained.images[chosen_rows(rng, len(trained.images), FITTED)])
    sigma = deviation(model, seen[:_FOR_SIGMA], rng)
    mean, log_variance = model.encode(pictures)
    kl = autoencoding.divergence(mean, log_variance)
    made = model.decode(_sampled(mean, log_variance, rng))
    nats = autoencoding.grey_level_nats(pictures, made, sigma) + kl
    linear = pca.fit(seen, mean.shape[1])
    by_mean, by_components = model.decode(mean), linear.decode(linear.encode(pictures))
    found = HeldOut(
        count=len(pictures),
        bits=autoencoding.bits_per_dimension(nats, math.prod(pictures.shape[1:])),
        kl=float(kl.mean()),
        sigma=sigma,
        mse=autoencoding.mean_square(pictures, by_mean),
        pca_mse=autoencoding.mean_square(pictures, by_components),
        active=autoencoding.active_units(mean),
        numbers=mean.shape[1],
        fitted=len(seen),
    )
    samples = model.decode(model.generator.draw_latents(_SHOWN, seed))
    rows = (pictures[:_SHOWN], by_mean[:_SHOWN], by_components[:_SHOWN], samples)
    return found, sheet(np.concatenate([_levels(row) for row in rows]), len(rows[0]))


def report(
    model: Autoencoder,
    trained: datasets.ImageData,
    held: datasets.ImageData,
    seed: int = 0,
) -> Unseen:
    """`measure`, as evaluate.py prints and writes it. Raises `UserError`."""
    with user_errors(MetricError):
        found, page = measure(model, trained, held, seed)
    return Unseen(f"{model.name}, {table(found)}", dataclasses.asdict(found), page)


def deviation(model: Autoencoder, pictures: np.ndarray, rng: np.random.Generator) -> float:
    """σ of the pixels in grey levels: the recipe's, or the best one for `pictures`.

    The best is the root mean squared error of pictures from sampled codes, as in training. A system
    that compares features has no density of its own, so it is measured with this one too.
    """
    fixed = model.recipe.sigma
    if fixed and model.recipe.reconstruction == "gaussian":
        return 127.5 * fixed
    made = model.decode(_sampled(*model.encode(pictures), rng))
    return max(1e-3, 255.0 * math.sqrt(autoencoding.mean_square(pictures, made)))


def table(found: HeldOut) -> str:
    """The measures in words."""
    k = found.numbers
    rows = [
        ("bits per dimension, at most", f"{found.bits:.3f}", ""),
        ("… of them for the code", f"{found.kl:.1f} nats a picture", ""),
        ("MSE of a pixel's number (0–1)", f"{found.mse:.5f}", f"{found.pca_mse:.5f}"),
        ("σ of the pixels (of 255)", f"{found.sigma:.2f}", ""),
        ("active units", f"{found.active} of {k}", f"{k} of {k}"),
    ]
    lines = [heading(f"{found.count:,} pictures", given=None)]
    lines.append(f"  {'measure':<32}{'value':>20}{f'PCA of {k}':>14}")
    lines += [f"  {name:<32}{value:>20}{linear:>14}" for name, value, linear in rows]
    note = f"  · The components are fitted to {found.fitted:,} pictures that were trained on."
    return "\n".join([*lines, note])


def _sampled(mean: np.ndarray, log_variance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape, dtype="float32")


def _levels(pictures: np.ndarray) -> np.ndarray:
    return to_uint8(np.asarray(pictures, "float32") / 127.5 - 1.0)
