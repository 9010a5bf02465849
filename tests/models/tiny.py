"""GANs and batches small enough for tests."""

import dataclasses

import numpy as np
from keras import ops

from models import recipes
from models.recipe import Recipe

SMALL = {"resolution": 16, "g_filters": 16, "d_filters": 8, "latent_dim": 8, "batch_size": 4}


def recipe(name: str = "SAGAN_V6", **changes) -> Recipe:
    """The recipe of that name at 16 px with few filters, attention at 8 px and a batch of 4."""
    base = recipes.load(name)
    attention = {"attention_resolution": min(8, base.attention_resolution)}
    return dataclasses.replace(base, **{**SMALL, **attention, **changes})


def batch(recipe: Recipe, seed: int = 0) -> dict[str, np.ndarray]:
    """One training batch of random pixels or points, as `models.systems.gan.layout` says."""
    rng = np.random.default_rng(seed)
    count, turns = recipe.batch_size, recipe.d_steps

    def labels(steps):
        if recipe.label_kind == "attributes":
            return (rng.random((count, steps, recipe.num_labels)) < 0.3).astype("float32")
        return rng.integers(0, max(1, recipe.num_labels), (count, steps)).astype("int32")

    size = (count, turns, *recipe.data_shape)
    images = rng.integers(0, 256, size).astype("uint8")
    fakes = turns * recipe.fakes_per_real + recipe.g_batch_factor
    made = {
        "images": rng.normal(0, 1, size).astype("float32") if recipe.point_dim else images,
        "labels": labels(turns),
        "latents": rng.normal(0, 0.5, (count, fakes, recipe.latent_dim)).astype("float32"),
        "fake_labels": labels(fakes),
        "mix": rng.random((count, turns)).astype("float32"),
    }
    made |= recipe.drawn_for_augmentation(rng, turns + 1, fakes)
    if recipe.penalty == "perturbed_gradient":
        made["perturbation"] = rng.random(size).astype("float32")
    if recipe.loss == "hinge" and recipe.hinge_margin < 1:
        margins = rng.uniform(recipe.hinge_margin, 1, (count, turns, 1 + recipe.fakes_per_real))
        made["margins"] = margins.astype("float32")
    if recipe.dequantize:
        made["noise"] = rng.integers(0, 256, size).astype("uint8")
    return made


def drawn(recipe: Recipe, seed: int = 0) -> dict[str, np.ndarray]:
    """One training batch of random pixels with what a recipe of one domain draws."""
    rng = np.random.default_rng(seed)
    size = (recipe.batch_size, 1, *recipe.data_shape)
    images = rng.integers(0, 256, size, dtype=np.uint8)
    return {"images": images, **recipe.draw(rng, None, None)}


def part(recipe: Recipe, seed: int = 0) -> dict:
    """What a turn takes of `drawn`: tensors (B, …)."""
    return {n: ops.convert_to_tensor(a[:, 0]) for n, a in drawn(recipe, seed).items()}


def fit(gan, seeds, made=None) -> list[dict[str, float]]:
    """Train on a batch of each seed through Keras's own `fit`; the logs of every step.

    `made`: (recipe, seed) → the batch; by default a GAN's.
    """
    rows = []
    batches = (((made or batch)(gan.recipe, seed),) for seed in seeds)
    gan.fit(batches, steps_per_epoch=len(seeds), callbacks=[keep(rows)], shuffle=False, verbose=0)
    return rows


def keep(rows: list):
    """A callback that appends the logs of every step to `rows`, as numbers."""
    import keras

    return keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: rows.append({k: float(v) for k, v in logs.items()})
    )


def whole_and_resumed(system, other, folder, step) -> dict[str, np.ndarray]:
    """All variables after `step`, by `system` ("whole/…") and by `other` ("parts/…").

    `other`, which has other weights, first reads the checkpoint that `system` writes to `folder`.
    """
    system.save_weights(folder / "checkpoint.weights.h5")
    other.load_weights(folder / "checkpoint.weights.h5")
    found = {}
    for kind, each in (("whole", system), ("parts", other)):
        step(each)
        found |= {f"{kind}/{n:03d}": v for n, v in enumerate(values(each.variables))}
    return found


def assert_resumed_as_whole(found: dict[str, np.ndarray], least: int) -> None:
    """Of more than `least` variables in `whole_and_resumed`, both systems have the same bits."""
    whole = {name[6:]: value for name, value in found.items() if name.startswith("whole/")}
    assert len(whole) > least
    for name, value in whole.items():
        np.testing.assert_array_equal(value, found[f"parts/{name}"], err_msg=name)


def numbered(rows: list) -> dict[str, np.ndarray]:
    """The logs of steps as "logs/step/name" → value."""
    return {f"logs/{n}/{name}": np.array(value)
            for n, row in enumerate(rows) for name, value in row.items()}  # fmt: skip


def values(variables) -> list[np.ndarray]:
    """Copies of the variables as NumPy arrays."""
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]
