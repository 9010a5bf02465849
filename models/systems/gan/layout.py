"""How a training batch is laid out, and what each of a step's turns takes of it.

A batch is a dict of arrays. With B the batch size, d the recipe's d_steps, k its fakes_per_real, g
its g_batch_factor, and labels as the networks take them:

    images       (B, d, R, R, 3) uint8: fresh reals for every discriminator step
    labels       (B, d) int32 or (B, d, num_labels) float32
    latents      (B, d·k + g, latent_dim): k columns for the fakes of each of the d D steps, then
                 g for those of the G step
    fake_labels  (B, d·k + g) or (B, d·k + g, num_labels)
    mix          (B, d) uniform in [0, 1), where penalties interpolate
    noise        like images, where the recipe dequantizes
"""

from keras import ops

from models.pixels import as_floats
from models.systems.gan.recipe import GANRecipe

OF_FAKES = ("latents", "fake_labels")


def discriminator_part(batch: dict, recipe: GANRecipe, turn: int) -> dict:
    """What D step number `turn` takes: the same names, (B, …) of the reals, (k·B, …) of fakes."""
    width = recipe.fakes_per_real
    fakes = slice(turn * width, (turn + 1) * width)
    return {
        name: _join(array[:, fakes]) if name in OF_FAKES else array[:, turn]
        for name, array in batch.items()
    }


def generator_part(batch: dict, recipe: GANRecipe, with_reals: bool) -> dict:
    """What the G step takes: latents and fake_labels, (g·B, …), and the last D step's reals."""
    own = slice(-recipe.g_batch_factor, None)
    part = {name: _join(batch[name][:, own]) for name in OF_FAKES}
    if with_reals:
        part |= {n: batch[n][:, -1] for n in ("images", "labels", "noise") if n in batch}
    return part


def real_data(part: dict):
    """The reals of a part as the networks see them: pixels in [-1, 1], points as they are, float32.

    With noise, a pixel lies anywhere within its grey level, in 256 steps (Theis et al. 2016,
    arXiv:1511.01844, section 3.1): (pixel + u) / 128 - 1, u in (0, 1).
    """
    data, noise = part["images"], part.get("noise")
    if noise is None:
        return as_floats(data)
    return (ops.cast(data, "float32") + (ops.cast(noise, "float32") + 0.5) / 256.0) / 128.0 - 1.0


def _join(columns):
    """Columns (B, n, …) → one batch (n·B, …); a device's or a part's rows stay together."""
    return ops.reshape(columns, (-1, *columns.shape[2:]))
