"""SRGANs and batches small enough for tests.

    python -m tests.models.tiny_srgan FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in both phases.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems.srgan.turns import SRGAN
from tests.models import tiny
from tests.models.tiny import values

SMALL = {
    "resolution": 32, "crop": 16, "g_filters": 4, "blocks": 1, "d_filters": 2, "d_units": 8,
    "batch_size": 2, "pixel_steps": 2, "late_steps": 0, "steps": 4, "content": "lite0_block1",
}  # fmt: skip


def recipe(**changes):
    """The paper's recipe at 32 px, two steps in either phase."""
    return dataclasses.replace(recipes.load("srgan"), **{**SMALL, **changes})


def fit(system, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(system, seeds, tiny.drawn)


def both_phases(recipe, folder=None):
    """Two steps of pixels, two adversarial ones; with a `folder`, resumed in between and within."""
    first = SRGAN(recipe, seed=1)
    rows = fit(first, [0, 1])
    second = SRGAN(recipe, seed=1, phase=1)
    second.take_over(first)
    rows += fit(second, [2])
    if folder is not None:
        second.save_weights(folder / "checkpoint.weights.h5")
        second = SRGAN(recipe, seed=5, phase=1)
        second.load_weights(folder / "checkpoint.weights.h5")
    return second, rows + fit(second, [3])


def main(folder):
    results = {}
    for kind, place in (("whole", None), ("parts", folder)):
        system, rows = both_phases(recipe(), place)
        for index, value in enumerate(values(system.variables)):
            results[f"{kind}/{index:03d}"] = value
        for number, row in enumerate(rows):
            results |= {f"{kind}-logs/{number}/{name}": value for name, value in row.items()}
    shown = np.random.default_rng(7).integers(0, 256, (2, 6, 10, 3), dtype=np.uint8)
    results["kept"] = system.enlarge(shown)
    files.save(system.output("upscaler"), folder / "upscaler.keras", {"recipe": {}})
    network, _ = files.load(folder / "upscaler.keras")
    results["read"] = np.asarray(network.predict_on_batch(shown / np.float32(127.5) - 1))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
