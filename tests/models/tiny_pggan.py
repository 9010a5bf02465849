"""Growing GANs and batches small enough for tests.

    python -m tests.models.tiny_pggan FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in every phase.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems.pggan.turns import PGGAN
from tests.models import tiny
from tests.models.tiny import values

SMALL = {
    "resolution": 16, "filters": 64, "most_filters": 8, "latent_dim": 6, "batch_size": 4,
    "most_batch": 8, "batch_sides": 64, "stable_pictures": 8, "fade_pictures": 16, "steps": 10,
}  # fmt: skip


def recipe(**changes):
    """The paper's recipe at 16 px: phases of 1, 2, 1, 4 and 2 steps."""
    return dataclasses.replace(recipes.load("pggan"), **{**SMALL, **changes})


def fit(system, seeds):
    """Train on a batch of each seed, as large as the phase's; the logs of every step."""
    return tiny.fit(system, seeds, lambda _, seed: tiny.drawn(system.recipe, seed))


def grown(recipe, phase, stop=None, folder=None):
    """The system after `phase`, or after step `stop`; with a `folder`, resumed before each step."""
    system, rows = PGGAN(recipe, seed=1), []
    for number in range(phase + 1):
        if number:
            previous, system = system, PGGAN(recipe, seed=1, phase=number)
            system.take_over(previous)
        first, last = recipe.phase_steps(number)
        for step in range(first, last if stop is None else min(last, stop)):
            if folder is not None:
                system.save_weights(folder / "checkpoint.weights.h5")
                system = PGGAN(recipe, seed=5, phase=number)
                system.load_weights(folder / "checkpoint.weights.h5")
            rows += fit(system, [step])
    return system, rows


def main(folder):
    results = {}
    for kind, place in (("whole", None), ("parts", folder)):
        system, rows = grown(recipe(), 3, stop=6, folder=place)  # within the second fade
        for index, value in enumerate(values(system.variables)):
            results[f"{kind}/{index:03d}"] = value
        for number, row in enumerate(rows):
            results |= {f"{kind}-logs/{number}/{name}": value for name, value in row.items()}
    z = np.random.default_rng(7).standard_normal((2, 6)).astype("float32")
    results["kept"] = system.sample(z)
    files.save(system.output("generator"), folder / "generator.keras", {"recipe": {}})
    network, _ = files.load(folder / "generator.keras")
    results["read"] = np.asarray(network.predict_on_batch([z, np.zeros(2, "int32")]))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
