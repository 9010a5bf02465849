"""python -m tests.models.distributed OUT.npz WAY DEVICES: training steps on several devices.

Run in processes of its own by test_distribution.py. With the ways "mirrored", of GANs, and
"growing", of a StyleGAN, it also takes the same steps on one device.
"""

import os
import sys

import numpy as np

from layers import MinibatchStandardDeviation
from models import distribution
from models.systems import system_class
from tests.models import tiny, tiny_growing

RECIPES = {
    "batch_norm": {
        "batch_size": 8,
        "penalty": "gradient",
        "loss": "rahinge",
        "minibatch": "standard_deviation",
        "g_term": "feature_matching",
    },
    "labels": {
        "batch_size": 8,
        "micro_batches": 2,
        "label_kind": "attributes",
        "num_labels": 5,
        "d_norm": "none",
        "minibatch": "discrimination",
        "g_term": "mode_seeking",
        "g_batch_factor": 2,
        "fakes_per_real": 2,
        "dequantize": True,
        "weight_decay": 1e-2,
        "optimizer": "rmsprop",
        "weight_clip": 0.05,
        "penalty": "r1_r2",
        "lecam_weight": 0.3,
        "lecam_start": 1,
        "d_classifier_weight": 0.3,
        "g_classifier_weight": 0.2,
        "hinge_margin": 0.8,
        "augment": "ada",
    },
}
GROWING = "growing"
ON_HOSTS = ("labels",)
STEPS = 2


def pretend(devices: int) -> None:
    """Give this process so many CPU devices."""
    if os.environ["KERAS_BACKEND"] == "jax":
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_force_host_platform_device_count={devices}"
        return
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one] * devices)


def steps(plan: distribution.Distribution, name: str) -> dict[str, np.ndarray]:
    """All that two training steps change, by name."""
    recipe = recipe_of(name)
    plan.check(recipe)
    with plan.scope():
        system = system_class(recipe)(recipe, seed=1)
        if name == GROWING:  # a map of ones has no deviation, by which the first norm divides
            ones = system.synthesis.get_layer("constant").weights[0]
            ones.assign(np.random.default_rng(2).standard_normal(ones.shape))
    rows = plan.rows(recipe)
    draw = tiny.drawn if name == GROWING else tiny.batch
    batches = [draw(system.recipe, seed) for seed in range(STEPS)]
    if rows is not None:
        batches = [{key: array[rows] for key, array in each.items()} for each in batches]
    logs = []
    plan.fit(system, ((each,) for each in batches), STEPS, [tiny.keep(logs)])
    results = {f"{name}/{log}": np.array([row[log] for row in logs]) for log in logs[0]}
    for which, network in system.networks.items():
        for variable in network.variables:
            results[f"{name}/{which}/{variable.path}"] = np.array(variable.numpy())
    labels = np.zeros((5, 5), "float32") if recipe.conditional else None
    latents = np.random.default_rng(1).normal(0, 0.5, (5, recipe.latent_dim)).astype("float32")
    results[f"{name}/samples"] = system.sample(latents, labels, batch_size=4)
    results[f"{name}/step"] = np.array(system.step)
    if recipe.adapts:
        results[f"{name}/signs"] = np.array(system.augmented.signs.numpy())
    return results


def recipe_of(name: str):
    """The recipe of `RECIPES`, or a growing one."""
    if name == GROWING:
        # Biases before a norm get no gradient but roundings, which Adam would enlarge.
        plain = {"optimizer": "sgd", "learning_rate": 1e-3, "grow": False, "batch_size": 8}
        return tiny_growing.recipe("stylegan", augment="ada", **plain)
    return tiny.recipe(**RECIPES[name])


def by_group(plan: distribution.Distribution) -> np.ndarray:
    """What groups of 4 of 8 pictures tell each of them."""
    layer = MinibatchStandardDeviation(group=4)
    inputs = np.random.default_rng(0).standard_normal((8, 2, 2, 3)).astype("float32")
    if os.environ["KERAS_BACKEND"] != "tensorflow" or plan.devices == 1:
        return np.array(layer(inputs))
    share = len(inputs) // plan.devices
    shares = plan.strategy.experimental_distribute_values_from_function(
        lambda context: inputs[context.replica_id_in_sync_group * share :][:share]
    )
    outputs = plan.strategy.run(layer, (shares,))
    return np.concatenate(plan.strategy.experimental_local_results(outputs))


def main(path: str, way: str, devices: str) -> None:
    pretend(int(devices))
    names = {"hosts": ON_HOSTS, "mirrored": RECIPES, GROWING: (GROWING,)}[way]
    plan, results = distribution.start("mirrored" if way == GROWING else way), {}
    for name in names:
        found = {"many": steps(plan, name)}
        if way != "hosts":
            found["one"] = steps(distribution.Distribution(), name)
            found["many"]["by_group"] = by_group(plan)
            found["one"]["by_group"] = by_group(distribution.Distribution())
        for key, values in found.items():
            results |= {f"{key}/{what}": value for what, value in values.items()}
    rows = plan.rows(tiny.recipe(**RECIPES[ON_HOSTS[0]]))
    np.savez(path, devices=plan.devices, rows=rows, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
