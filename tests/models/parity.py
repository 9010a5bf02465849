"""python -m tests.models.parity OUT.npz: three training steps on whatever KERAS_BACKEND says.

Run in a process of its own by test_parity.py, once per backend.
"""

import sys

import numpy as np
from keras import ops

from models import autodiff
from models.systems.gan.turns import GAN
from tests.models import tiny

# In networks with so many batch norms of two pictures some gradients are nearly rounding alone.
WITHOUT_ADAM = {"optimizer": "sgd", "g_learning_rate": 1e-3, "d_learning_rate": 1e-3}
RECIPES = {
    "notes": {},
    "penalty": {"d_norm": "none", "penalty": "gradient", "d_steps": 2, "upsample": "nearest"},
    "labels": {
        "label_kind": "attributes",
        "num_labels": 5,
        "d_norm": "none",
        "micro_batches": 2,
        "penalty": "r1_r2",  # each step's, with D's answer to both sides
    },
    "batches": {
        "d_norm": "none",
        "d_steps": 2,
        "g_batch_factor": 2,
        "fakes_per_real": 2,
        "micro_batches": 2,
        "dequantize": True,
        "optimizer": "rmsprop",
        "weight_decay": 1e-2,
        "decay": "linear",
        "steps": 4,
        "ema_statistics": "averaged",
    },
    "r3gan": {
        "architecture": "r3gan",
        "stage_blocks": 1,
        "attention_resolution": 16,  # read by none of its networks
        "initializer": "he_normal",
        "g_conditioning": "concat",
        "g_weight_norm": "none",
        "d_weight_norm": "none",
        "d_norm": "none",
        "label_kind": "classes",
        "num_labels": 3,
        "loss": "rsgan",
        "penalty": "r1_r2",
        "penalty_every": 2,
        "augment": "ada",
        "augment_ops": "pixel,geometry,colour,cutout",
        "augment_p": 0.8,
        "augment_target": 0.5,
        "augment_pictures": 16,
        "penalty_weight_end": 1.0,
        "lecam_weight": 0.3,
        "lecam_start": 1,
        "decay": "cosine",
        "decay_end": 4,
        "decay_to": 0.25,
        "beta_2_end": 0.99,
        "ema_half_life": 8,
        "ema_ramp": 0.5,
    },
    "fastgan": {
        "architecture": "fastgan",
        "resolution": 32,
        "attention_resolution": 16,  # read by neither of the two
        "g_filters": 2,
        "d_filters": 4,
        "hinge_margin": 0.5,
        "label_kind": "classes",
        "num_labels": 3,
        "d_classifier_weight": 0.1,
        **WITHOUT_ADAM,
    },
    "projected": {
        "architecture": "projected",
        "resolution": 32,
        "attention_resolution": 16,
        "d_input": 128,
        "g_filters": 2,
        "g_convolutions": "one",
        "d_filters": 4,
        # Pictures with contrast: of grey ones many of Lite0's maps stand at a kink.
        "g_weight_norm": "none",
        "initializer": "he_normal",
        **WITHOUT_ADAM,
    },
    "dragan": {
        "d_norm": "none",
        "penalty": "perturbed_gradient",
        "loss": "non_saturating",
        "augment": "apa",
        "augment_p": 0.5,
        "augment_target": 0.0,
    },
    "classes": {
        "label_kind": "classes",
        "num_labels": 3,
        "upsample": "subpixel",
        "latent": "normal",
        "penalty": "r1",  # with D's answer to reals alone
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
                if not without_gradient(variable.path, network is gan.ema_generator):
                    results[f"{name}/{network.name}/{index}"] = np.array(variable.numpy())
    np.savez(path, **results, **float16())


def without_gradient(path: str, in_generator: bool) -> bool:
    """Whether a variable's gradient is rounding alone, which Adam magnifies.

    Softmax takes the keys' bias away, batch norm that of the convolution before it.
    """
    before_norm = in_generator and "stage_" in path
    return path.endswith("bias") and (before_norm or "attention/f/" in path)


def float16() -> dict[str, np.ndarray]:
    """The logs of two steps under loss scaling, and what gradients that overflow leave behind."""
    gan = GAN(tiny.recipe(), "mixed_float16", seed=1)
    logs = tiny.fit(gan, range(2))
    results = {f"float16/{name}": np.array([row[name] for row in logs]) for name in logs[0]}
    results["float16/moved"] = np.array(moved_by(gan, 1.0))
    results["float16/moved by infinity"] = np.array(moved_by(gan, np.inf))
    optimizer = gan.optimizer_of("generator")
    results["float16/scale"] = np.array(optimizer.dynamic_scale.numpy())
    optimizer.step_counter.assign(optimizer.dynamic_growth_steps - 1)
    moved_by(gan, 1.0)
    results["float16/grown scale"] = np.array(optimizer.dynamic_scale.numpy())
    return results


def moved_by(gan, gradient: float) -> bool:
    """Whether the generator's optimizer moves its weights by gradients of that value."""
    variables = gan.generator.trainable_variables
    before = tiny.values(variables)
    gradients = [ops.full(variable.shape, gradient, "float32") for variable in variables]
    autodiff.apply_gradients(gan.optimizer_of("generator"), gradients, variables)
    pairs = zip(before, tiny.values(variables), strict=True)
    return any((a != b).any() for a, b in pairs)


if __name__ == "__main__":
    main(sys.argv[1])
