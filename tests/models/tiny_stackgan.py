"""StackGANs and batches small enough for tests.

    python -m tests.models.tiny_stackgan FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in both phases.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems.stackgan.turns import StackGAN
from tests.models import tiny

SMALL = {
    "resolution": 32, "ratio": 2, "g_filters": 4, "d_filters": 2, "blocks": 1, "condition_dim": 3,
    "noise_dim": 4, "text_dim": 5, "batch_size": 4, "first_steps": 2, "steps": 4, "ema_decay": 0.9,
}  # fmt: skip


def recipe(**changes):
    """The paper's recipe at 16 and 32 px, with two steps of each stage."""
    return dataclasses.replace(recipes.load("stackgan"), **{**SMALL, **changes})


def drawn(recipe, seed=0):
    """A batch of random pixels and texts."""
    rng = np.random.default_rng(seed)
    size = (recipe.batch_size, 1, recipe.text_dim)
    texts = {name: rng.standard_normal(size).astype("float32") for name in ("text", "wrong")}
    return {**tiny.drawn(recipe, seed), **texts}


def part(recipe, seed=0):
    """What a turn takes of `drawn`: tensors (B, …)."""
    from keras import ops

    return {n: ops.convert_to_tensor(a[:, 0]) for n, a in drawn(recipe, seed).items()}


def fit(system, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(system, seeds, drawn)


def second(recipe, steps=0):
    """The system in Stage II after `steps` of it, and the logs of every step."""
    system = StackGAN(recipe, seed=1)
    rows = fit(system, range(recipe.first_steps))
    previous, system = system, StackGAN(recipe, seed=1, phase=1)
    system.take_over(previous)
    return system, rows + (fit(system, range(10, 10 + steps)) if steps else [])


def main(folder):
    small = recipe()
    system, rows = second(small, 1)
    other = StackGAN(small, seed=5, phase=1)
    results = tiny.whole_and_resumed(
        system, other, folder, lambda each: rows.extend(fit(each, [20]))
    )
    results |= tiny.numbered(rows[:4])
    rng = np.random.default_rng(7)
    z = rng.standard_normal((2, small.latent_dim)).astype("float32")
    text = rng.standard_normal((2, small.text_dim)).astype("float32")
    results["kept"] = system.sample(z, text)
    files.save(system.output("generator"), folder / "generator.keras", {"recipe": {}})
    network, _ = files.load(folder / "generator.keras")
    results["read"] = np.asarray(network.predict_on_batch([z, text]))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
