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


def both_phases(recipe, folder):
    """Two steps of pixels, two adversarial ones: the system, and what to compare.

    Before the last one another system goes on from a checkpoint.
    """
    first, second = (SRGAN(recipe, seed=1, phase=phase) for phase in (0, 1))
    rows = fit(first, [0, 1])
    second.take_over(first)
    rows += fit(second, [2])
    other = SRGAN(recipe, seed=5, phase=1)
    found = tiny.whole_and_resumed(
        second, other, folder, lambda system: rows.extend(fit(system, [3]))
    )
    return second, {**found, **tiny.numbered(rows[:4])}


def main(folder):
    system, results = both_phases(recipe(), folder)
    shown = np.random.default_rng(7).integers(0, 256, (2, 6, 10, 3), dtype=np.uint8)
    results["kept"] = system.enlarge(shown)
    files.save(system.output("upscaler"), folder / "upscaler.keras", {"recipe": {}})
    network, _ = files.load(folder / "upscaler.keras")
    results["read"] = np.asarray(network.predict_on_batch(shown / np.float32(127.5) - 1))
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
