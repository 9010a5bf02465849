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
from tests.models.tiny import values

SMALL = {
    "resolution": 64, "encoder": "lite0", "g_filters": 8, "d_filters": 4, "d_blocks": 1,
    "batch_size": 2, "decoder_steps": 1, "small_steps": 0, "medium_steps": 1, "large_steps": 1,
    "d_medium_steps": 1, "d_large_steps": 0, "steps": 6, "d_threshold": 9.0,
}  # fmt: skip


def recipe(**changes):
    """The source's recipe at 64 px: a step in each of four phases, two in the last."""
    return dataclasses.replace(recipes.load("deoldify"), **{**SMALL, **changes})


def fit(system, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(system, seeds, tiny.drawn)


def all_phases(recipe, folder=None):
    """Every step of the recipe; with a `folder`, resumed within the last phase."""
    system, rows = DeOldify(recipe, seed=1), []
    for phase in range(len(recipe.phases())):
        if phase:
            previous, system = system, DeOldify(recipe, seed=1, phase=phase)
            system.take_over(previous)
        rows += fit(system, [phase])
    if folder is not None:
        system.save_weights(folder / "checkpoint.weights.h5")
        system = DeOldify(recipe, seed=5, phase=phase)
        system.load_weights(folder / "checkpoint.weights.h5")
    return system, rows + fit(system, [9])


def main(folder):
    results = {}
    for kind, place in (("whole", None), ("parts", folder)):
        system, rows = all_phases(recipe(), place)
        for index, value in enumerate(values(system.variables)):
            results[f"{kind}/{index:03d}"] = value
        for number, row in enumerate(rows):
            results |= {f"{kind}-logs/{number}/{name}": value for name, value in row.items()}
    still, rows = all_phases(recipe(d_threshold=1e-6))  # the generator never moves
    results["moves"] = np.array([row["g_moves"] for row in rows[-2:]])
    results |= {f"still/{n:03d}": v for n, v in enumerate(values(still.generator.variables))}
    shown = np.random.default_rng(7).integers(0, 256, (2, 48, 80, 3), dtype=np.uint8)
    results["kept"] = system.colour(shown)
    files.save(system.output("colourer"), folder / "colourer.keras", {"recipe": {}})
    network, _ = files.load(folder / "colourer.keras")
    square = np.random.default_rng(8).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    results["made"] = np.asarray(system(square))
    results["read"] = np.asarray(network.predict_on_batch(square))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
