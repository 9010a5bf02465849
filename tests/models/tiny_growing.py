"""Growing GANs and batches small enough for tests.

    python -m tests.models.tiny_growing FOLDER

writes results.npz on whatever KERAS_BACKEND says: logs and weights of steps in every phase, of both
systems.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from models import files, recipes
from models.systems import system_class
from tests.models import tiny

SMALL = {
    "resolution": 16, "filters": 64, "most_filters": 8, "latent_dim": 6, "batch_size": 4,
    "most_batch": 8, "batch_sides": 64, "stable_pictures": 8, "fade_pictures": 16, "steps": 10,
}  # fmt: skip


def recipe(name="pggan", **changes):
    """The paper's recipe at 16 px: phases of 1, 2, 1, 4 and 2 steps; of StyleGAN 1, 4 and 5."""
    small = {**SMALL, "style_dim": 5} if name == "stylegan" else SMALL
    return dataclasses.replace(recipes.load(name), **{**small, **changes})


def fit(system, seeds):
    """Train on a batch of each seed, as large as the phase's; the logs of every step."""
    return tiny.fit(system, seeds, lambda _, seed: tiny.drawn(system.recipe, seed))


def grown(recipe, phase, stop=None):
    """The system after `phase`, or after step `stop`, and the logs of every step."""
    made = system_class(recipe)
    system, rows = made(recipe, seed=1), []
    for number in range(phase + 1):
        if number:
            previous, system = system, made(recipe, seed=1, phase=number)
            system.take_over(previous)
        first, last = recipe.phase_steps(number)
        rows += fit(system, range(first, last if stop is None else min(last, stop)))
    return system, rows


def compared(name, phase, stop, folder, augment):
    """What `main` writes of one system; before its last step another goes on from a checkpoint."""
    # p moves once, by as much as these pictures allow.
    small = recipe(name, augment=augment, **({"augment_pictures": 640} if augment == "ada" else {}))
    system, rows = grown(small, phase, stop - 1)
    other = system_class(small)(small, seed=5, phase=phase)
    results = tiny.whole_and_resumed(
        system, other, folder, lambda each: rows.extend(fit(each, [stop - 1]))
    )
    results |= tiny.numbered(rows[:stop])
    z = np.random.default_rng(7).standard_normal((2, 6)).astype("float32")
    results["kept"] = system.sample(z)
    files.save(system.output("generator"), folder / "generator.keras", {"recipe": {}})
    network, _ = files.load(folder / "generator.keras")
    results["read"] = np.asarray(network.predict_on_batch([z, np.zeros(2, "int32")]))
    return {f"{name}/{key}": value for key, value in results.items()}


def main(folder):
    # Both end within the fade to 16 px, or at its end, and after the first step that moves p.
    results = {
        **compared("pggan", 3, 6, folder, "diffaug"),
        **compared("stylegan", 1, 5, folder, "ada"),
    }
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
