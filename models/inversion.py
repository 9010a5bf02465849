"""Latent inversion: the nearest data that a generator can make to given data."""

import numpy as np
from keras import ops

from models import autodiff, latents, sampling
from models.system import System


def invert(
    system: System,
    targets: np.ndarray,
    steps: int = 150,
    starts: int = 8,
    rate: float = 0.05,
    batch_size: int = 64,
    seed: int = 0,
) -> np.ndarray:
    """Data of the averaged generator nearest to `targets`, by gradient descent on the latent.

    Each search starts at the best of `starts` random latents and takes `steps` steps of Adam on
    the squared distance. Unconditional generators only.

    Args:
        targets: (N, …) in the form of the generator's data, pictures in [-1, 1].

    Returns:
        float32 (N, …): the nearest data found.

    Raises:
        ValueError: the generator takes labels.
    """
    if system.recipe.label_kind != "none":
        raise ValueError(
            f"Inversion needs a generator without labels; {system.recipe.name} has some."
        )
    parts = [
        _invert_batch(system, targets[start : start + batch_size], steps, starts, rate, seed)
        for start in range(0, len(targets), batch_size)
    ]
    return np.concatenate(parts)


def _invert_batch(system, targets, steps, starts, rate, seed):
    wanted = ops.convert_to_tensor(targets.astype("float32"))
    labels = ops.zeros((len(targets),), "int32")
    generator, axes = system.output("generator"), tuple(range(1, targets.ndim))

    def distances(z):
        made = generator([z, labels], training=False)
        return ops.sum(ops.square(made - wanted), axis=axes)

    found = _best_start(system.recipe, distances, len(targets), starts, seed)
    best, nearest = found, ops.convert_to_numpy(distances(ops.convert_to_tensor(found)))
    gradient = autodiff.compiled(lambda z: autodiff.input_gradient(distances, z, system.variables))
    first, second = np.zeros_like(found), np.zeros_like(found)
    for step in range(1, steps + 1):
        slope = np.array(ops.convert_to_numpy(gradient(ops.convert_to_tensor(found))))
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        scale = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        found = (found - rate * first / (1 - 0.9**step) / scale).astype("float32")
        if step % 10 == 0 or step == steps:
            now = ops.convert_to_numpy(distances(ops.convert_to_tensor(found)))
            best = np.where((now < nearest)[:, None], found, best)
            nearest = np.minimum(now, nearest)
    return sampling.generate(generator, best, None)


def _best_start(recipe, distances, count, starts, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = latents.sample(recipe.latent, count * starts, recipe.latent_dim, rng)
    drawn = drawn.reshape(starts, count, -1)
    gaps = [ops.convert_to_numpy(distances(ops.convert_to_tensor(each))) for each in drawn]
    return drawn[np.argmin(gaps, axis=0), np.arange(count)]
