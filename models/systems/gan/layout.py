"""The layout of a training batch, and the part of it for each turn of a step.

A batch is a dict of arrays. With B the batch size, d the recipe's d_steps, k its fakes_per_real, g
its g_batch_factor, and labels in the networks' form:

    images       (B, d, H, W, C) uint8: fresh reals for every discriminator step
    labels       (B, d) int32 or (B, d, num_labels) float32
    latents      (B, d·k + g, latent_dim): k columns for the fakes of each of the d D steps, then
                 g for those of the G step
    fake_labels  (B, d·k + g) or (B, d·k + g, num_labels)
    mix          (B, d) uniform in [0, 1), for penalties that interpolate
    noise        like images, if the recipe dequantizes
    margins      (B, d, 1 + k): of D's hinge loss, of each real and its k fakes, if they differ
    perturbation like images, float32, uniform in [0, 1), for the penalty around reals
    augment_real (B, d + 1, n), augment_fake (B, d·k + g, n): the n numbers of each picture's
                 augmentation; the last column of the reals is for the G step
    pseudo_latents (B, d, latent_dim), pseudo_gate (B, d): for reals that fakes replace (apa)
"""

from keras import ops

from models.pixels import as_floats
from models.systems.gan.recipe import GANRecipe

OF_FAKES = ("latents", "fake_labels", "augment_fake")
OF_REALS = ("images", "labels", "noise", "augment_real")


def discriminator_part(batch: dict, recipe: GANRecipe, turn: int) -> dict:
    """The part for D step number `turn`: the same names, (B, …) for reals, (k·B, …) for fakes."""
    width = recipe.fakes_per_real
    fakes = slice(turn * width, (turn + 1) * width)
    return {
        name: _join(array[:, fakes]) if name in OF_FAKES else array[:, turn]
        for name, array in batch.items()
    }


def margins(part: dict):
    """(of the reals (B, 1), of the fakes (k·B, 1)) of a discriminator's part, or None."""
    if "margins" not in part:
        return None
    return part["margins"][:, :1], ops.reshape(part["margins"][:, 1:], (-1, 1))


def generator_part(batch: dict, recipe: GANRecipe, with_reals: bool) -> dict:
    """The part for the G step: latents and fake_labels, (g·B, …), and the last D step's reals."""
    own = slice(-recipe.g_batch_factor, None)
    part = {name: _join(batch[name][:, own]) for name in OF_FAKES if name in batch}
    if with_reals:
        part |= {name: batch[name][:, -1] for name in OF_REALS if name in batch}
    return part


def real_data(part: dict):
    """The reals of a part as network inputs, float32: pixels in [-1, 1], points unchanged.

    With noise, a pixel gets a random value within its grey level, in 256 steps (Theis et al. 2016,
    arXiv:1511.01844, section 3.1): (pixel + u) / 128 - 1, u in (0, 1).
    """
    data, noise = part["images"], part.get("noise")
    if noise is None:
        return as_floats(data)
    return (ops.cast(data, "float32") + (ops.cast(noise, "float32") + 0.5) / 256.0) / 128.0 - 1.0


def _join(columns):
    """Columns (B, n, …) → one batch (n·B, …); the rows of a device or a part stay together."""
    return ops.reshape(columns, (-1, *columns.shape[2:]))
