"""VAEs and batches small enough for tests.

    python -m tests.models.tiny_vae OUT.npz

writes the logs and the weights of three steps on whatever KERAS_BACKEND says.
"""

import dataclasses
import sys

import numpy as np

from models import recipes
from models.systems.vae.turns import VAE
from tests.models import tiny
from tests.models.tiny import values

SMALL = {"resolution": 16, "filters": 4, "latent_dim": 6, "batch_size": 4}


def recipe(name="vae_cpu", **changes):
    """The recipe of that name at 16 px with few filters and a batch of 4."""
    return dataclasses.replace(recipes.load(name), **{**SMALL, **changes})


def fit(vae, seeds):
    """Train on a batch of each seed; the logs of every step."""
    return tiny.fit(vae, seeds, tiny.drawn)


def main(path):
    results = {}
    for name, changes in {
        "gaussian": {},
        "fixed": {"sigma": 0.2, "kl_weight": 3.0, "micro_batches": 2},
        "features": {"reconstruction": "features", "resolution": 32, "feature_weight": 50.0},
    }.items():
        vae = VAE(recipe(**changes), seed=1)
        rows = fit(vae, range(3))
        for log in rows[0]:
            results[f"{name}/{log}"] = np.array([row[log] for row in rows])
        for network in (vae.encoder, vae.ema_decoder):
            kernels = [v for v in network.variables if len(v.shape) > 1]
            for index, value in enumerate(values(kernels)):
                results[f"{name}/{network.name}/{index}"] = value
    np.savez(path, **results)


if __name__ == "__main__":
    main(sys.argv[1])
