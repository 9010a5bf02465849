"""CAAEs and batches small enough for tests.

    python -m tests.models.tiny_caae FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in both phases.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems.caae.turns import CAAE
from tests.models import tiny

SMALL = {
    "resolution": 16, "filters": 4, "g_filters": 16, "d_filters": 2, "d_units": 8, "latent_dim": 6,
    "batch_size": 4, "warm_up": 2, "steps": 4, "label_kind": "attributes", "ages": 3,
}  # fmt: skip


def recipe(second=True, **changes):
    """The paper's recipe at 16 px, three ages and perhaps two sexes, two steps in either phase."""
    labels = {"num_labels": 5, "second_label": "sex"} if second else {"num_labels": 3}
    return dataclasses.replace(recipes.load("caae"), **{**SMALL, **labels, **changes})


def multi_hot(recipe, rng, shape):
    """Random labels (…, num_labels) of 0 and 1, one member of each group on."""
    parts = [np.eye(size)[rng.integers(0, size, shape)] for size in recipe.conditions.values()]
    return np.concatenate(parts, axis=-1).astype("float32")


def batch(recipe, seed=0):
    """One training batch of random pixels and labels."""
    rng = np.random.default_rng(seed)
    size = (recipe.batch_size, 1, *recipe.data_shape)
    images = rng.integers(0, 256, size, dtype=np.uint8)
    labels = multi_hot(recipe, rng, (recipe.batch_size, 1))
    return {"images": images, **recipe.draw(rng, labels, None)}


def fit(system, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(system, seeds, batch)


def both_phases(recipe, folder):
    """Two steps of warm-up, two adversarial ones: the system, and what to compare.

    Before the last one another system goes on from a checkpoint.
    """
    first, second = (CAAE(recipe, seed=1, phase=phase) for phase in (0, 1))
    rows = fit(first, [0, 1])
    second.take_over(first)
    rows += fit(second, [2])
    other = CAAE(recipe, seed=5, phase=1)
    found = tiny.whole_and_resumed(
        second, other, folder, lambda system: rows.extend(fit(system, [3]))
    )
    return second, {**found, **tiny.numbered(rows[:4])}


def main(folder):
    whole = recipe(code_weight=0.01, identity_weight=0.1, initializer="he_normal", resolution=32)
    system, results = both_phases(whole, folder)
    rng = np.random.default_rng(7)
    shown = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    labels = multi_hot(whole, rng, (3,))
    results["kept"] = system.age(shown, labels)
    files.save(system.output("ager"), folder / "ager.keras", {"recipe": {}})
    network, _ = files.load(folder / "ager.keras")
    inputs = [shown / np.float32(127.5) - 1, *whole.classes(labels)]
    results["read"] = np.asarray(network.predict_on_batch(inputs))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
