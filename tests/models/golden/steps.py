"""What the feed gave and where three steps led, by recipe: how `steps.npz` was made.

    python -m tests.models.golden.steps tests/models/golden/steps.npz

Of the feed's first batch the SHA-256 of its bytes; of every variable after three steps its mean and
its norm. `--whole` keeps the variables themselves, to compare two commits bit for bit on one
machine.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from keras import ops

from datasets.data import ImageData
from datasets.labels import Labels
from models.recipe import Recipe
from models.systems.gan.turns import GAN
from tests.models import tiny
from training.device import make_repeatable
from training.feed import Feed

STEPS = 3
ATTRIBUTES = {"label_kind": "attributes", "num_labels": 5}
CLASSES = {"label_kind": "classes", "num_labels": 3}
# One of each kind: both norms, labels of both kinds, every loss family, penalty, term, optimizer.
RECIPES = {
    "SAGAN_V6": {"micro_batches": 2},
    "biggan": {**ATTRIBUTES, "resolution": 32, "g_filters": 4, "latent_dim": 16, "d_steps": 2,
               "label_noise": 0.1, "shared_embedding": 64, "g_learning_rate": 4e-4,
               "d_learning_rate": 4e-4, "beta_2": 0.9, "ema_decay": 0.995, "steps": 2_400},
    "wgan_gp": {"d_steps": 2},
    "wgan": {"d_steps": 2},
    "ragan": {**CLASSES, "d_steps": 1, "mirror": True},
    "msgan": CLASSES,
}  # fmt: skip


def recipe(name: str) -> Recipe:
    """The recipe of that name, tiny."""
    return tiny.recipe(name, **RECIPES[name])


def data(recipe: Recipe) -> ImageData:
    """Forty random pictures with the labels that the recipe takes."""
    rng = np.random.Generator(np.random.Philox(7))
    images = rng.integers(0, 256, (40, recipe.resolution, recipe.resolution, 3), dtype=np.uint8)
    labels = None
    if recipe.label_kind == "attributes":
        values = (rng.random((40, recipe.num_labels)) < 0.4).astype("float32")
        labels = Labels("attributes", tuple("abcde"), values)
    elif recipe.label_kind == "classes":
        labels = Labels("classes", tuple("abc"), rng.integers(0, 3, 40, dtype=np.int32))
    return ImageData(images, labels, "random", "0" * 12, [], [], Path())


def batch_digest(recipe: Recipe) -> str:
    """Of the bytes of the feed's first batch, array by array."""
    digest = hashlib.sha256()
    for name, array in sorted(Feed(data(recipe), recipe, seed=5).batch(0).items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def trained(recipe: Recipe) -> list[np.ndarray]:
    """All variables, those of the optimizers too, after `STEPS` steps."""
    gan = GAN(recipe, seed=1)
    feed = Feed(data(recipe), recipe, seed=5)
    batches = ((feed.batch(step),) for step in range(STEPS))
    gan.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)
    return [np.array(ops.convert_to_numpy(v)) for v in [*gan.variables, *gan.optimizer.variables]]


def summary(values: list[np.ndarray]) -> np.ndarray:
    """(mean, norm) of each variable, float64 (variables, 2)."""
    wide = [value.astype("float64") for value in values]
    return np.array([(value.mean(), np.linalg.norm(value)) for value in wide])


def main(path: str, whole: bool) -> None:
    make_repeatable("cpu", 0)
    found = {}
    for name in RECIPES:
        values = trained(recipe(name))
        found[f"{name}/feed"] = np.array(batch_digest(recipe(name)))
        if whole:
            found |= {f"{name}/{index}": value for index, value in enumerate(values)}
        else:
            found[f"{name}/steps"] = summary(values)
    np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1], "--whole" in sys.argv)
