"""Colouring systems and batches small enough for tests.

    python -m tests.models.tiny_deoldify FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in every phase.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems.deoldify.turns import DeOldify
from tests.models import tiny

SMALL = {
    "resolution": 64, "encoder": "lite0", "g_filters": 8, "d_filters": 4, "d_blocks": 1,
    "batch_size": 2, "decoder_steps": 1, "small_steps": 0, "medium_steps": 1, "large_steps": 1,
    "d_medium_steps": 1, "d_large_steps": 0, "steps": 6, "d_threshold": 9.0,
}  # fmt: skip

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
FLOATS = PICTURES / np.float32(127.5) - np.float32(1)


def recipe(**changes):
    """The source's recipe at 64 px: a step in each of four phases, two in the last."""
    return dataclasses.replace(recipes.load("deoldify"), **{**SMALL, **changes})


def fit(system, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(system, seeds, tiny.drawn)


def all_phases(recipe, folder):
    """Every step of the recipe: the system, and what to compare.

    Before the last step another system goes on from a checkpoint.
    """
    system, rows = DeOldify(recipe, seed=1), []
    for phase in range(len(recipe.phases())):
        if phase:
            previous, system = system, DeOldify(recipe, seed=1, phase=phase)
            system.take_over(previous)
        rows += fit(system, [phase])
    other = DeOldify(recipe, seed=5, phase=phase)
    found = tiny.whole_and_resumed(system, other, folder, lambda each: rows.extend(fit(each, [9])))
    return system, {**found, **tiny.numbered(rows[: recipe.steps])}


def main(folder):
    system, results = all_phases(recipe(large_steps=0, steps=5), folder)
    still = recipe(d_threshold=1e-6)  # the generator never moves
    rows = fit(DeOldify(still, seed=1, phase=len(still.phases()) - 1), [0, 1])
    results["moves"] = np.array([row["g_moves"] for row in rows])
    shown = np.random.default_rng(7).integers(0, 256, (2, 48, 80, 3), dtype=np.uint8)
    results["kept"] = system.colour(shown)
    files.save(system.output("colourer"), folder / "colourer.keras", {"recipe": {}})
    network, _ = files.load(folder / "colourer.keras")
    square = np.random.default_rng(8).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    results["made"] = np.asarray(system.output("colourer").predict_on_batch(square))
    results["read"] = np.asarray(network.predict_on_batch(square))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
