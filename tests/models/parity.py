"""python -m tests.models.parity OUT.npz: three training steps on whatever KERAS_BACKEND says.

Run in a process of its own by test_parity.py, once per backend.
"""

import sys

import numpy as np

from models.gan import GAN
from tests.models import tiny

RECIPES = {
    "notes": {},
    "penalty": {"d_norm": "none", "penalty": "gradient", "d_steps": 2, "upsample": "nearest"},
    "labels": {"label_kind": "attributes", "num_labels": 5, "d_norm": "none", "micro_batches": 2},
    "classes": {
        "label_kind": "classes",
        "num_labels": 3,
        "upsample": "subpixel",
        "latent": "normal",
    },
}


def main(path: str) -> None:
    results = {}
    for name, changes in RECIPES.items():
        gan = GAN(tiny.recipe(**changes), seed=1)
        rows = tiny.fit(gan, range(3))
        for log in rows[0]:
            results[f"{name}/{log}"] = np.array([row[log] for row in rows])
        for network in (gan.ema_generator, gan.discriminator):
            for index, variable in enumerate(network.variables):
                results[f"{name}/{network.name}/{index}"] = np.array(variable.numpy())
    np.savez(path, **results)


if __name__ == "__main__":
    main(sys.argv[1])
