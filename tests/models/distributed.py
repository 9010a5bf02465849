"""python -m tests.models.distributed OUT.npz WAY DEVICES: training steps on several devices.

Run in processes of its own by test_distribution.py. With the ways "mirrored", of GANs, and
"growing", of a StyleGAN, it also takes the same steps on one device. With "parts", for
TensorFlow, it computes parts of a step: `overflow` and `perturbed`.
"""

import os
import sys

import keras
import numpy as np
from keras import ops

from layers import MinibatchStandardDeviation
from models import autodiff, distribution, optimizers, penalties
from models.descent import descend
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
GROWING, PARTS = "growing", "parts"
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
    outputs = plan.strategy.run(layer, (shared_out(plan, inputs),))
    return np.concatenate(plan.strategy.experimental_local_results(outputs))


def overflow(plan: distribution.Distribution) -> dict[str, np.ndarray]:
    """What three float16 steps change; in the second, the last device's gradient overflows."""
    with plan.scope():
        weight = keras.Variable(np.ones(2, "float32"))
        optimizer = keras.optimizers.LossScaleOptimizer(optimizers.get("adam", 0.1, 0.0, 0.9))
        optimizer.build([weight])

    def step(share):
        loss = lambda part: lambda: (ops.sum(part["x"] * weight), {})  # noqa: E731
        descend(loss, {"x": share}, [weight], optimizer, 1, [])

    import tensorflow as tf

    @tf.function
    def on_every_device(last):
        def share():
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            return tf.where(number == plan.devices - 1, last, 1.0)

        plan.strategy.run(lambda: step(share()))

    found = {"weight": [], "scale": []}
    for last in (1.0, np.inf, 1.0):
        on_every_device(tf.constant(last, "float32"))
        found["weight"].append(every_copy(plan, weight))
        found["scale"].append(every_copy(plan, optimizer.dynamic_scale))
    return {f"overflow/{name}": np.array(values) for name, values in found.items()}


def perturbed(plan: distribution.Distribution) -> dict[str, np.ndarray]:
    """DRAGAN's penalty of |x|²/2 on all devices and on one; each share has another mean."""
    rng = np.random.default_rng(0)
    middle = np.array([-2, -2, 2, 2])[:, None]
    real = rng.normal(middle, 1.0, (4, 3)).astype("float32")
    noise = rng.random((4, 3)).astype("float32")

    def penalty(given):
        step = penalties.DiscriminatorStep(
            lambda x, labels: 0.5 * ops.sum(ops.square(x), axis=1, keepdims=True),
            lambda fn, x: autodiff.input_gradient(fn, x, []),
            *(given[:, 0], given[:, 0]),
            perturbation=given[:, 1],
        )
        return penalties.get("perturbed_gradient").function(step)

    both = np.stack([real, noise], axis=1)
    values = plan.strategy.run(penalty, (shared_out(plan, both),))
    many = np.mean(plan.strategy.experimental_local_results(values))
    return {"perturbed/many": many, "perturbed/one": np.array(penalty(ops.convert_to_tensor(both)))}


def shared_out(plan: distribution.Distribution, array: np.ndarray):
    """The rows of the array, in equal shares for the devices."""
    share = len(array) // plan.devices
    return plan.strategy.experimental_distribute_values_from_function(
        lambda context: array[context.replica_id_in_sync_group * share :][:share]
    )


def every_copy(plan: distribution.Distribution, variable: keras.Variable) -> list[np.ndarray]:
    """The values that this process's devices hold."""
    return [each.numpy() for each in plan.strategy.experimental_local_results(variable.value)]


def main(path: str, way: str, devices: str) -> None:
    pretend(int(devices))
    names = {"hosts": ON_HOSTS, "mirrored": RECIPES, GROWING: (GROWING,), PARTS: ()}[way]
    plan, results = distribution.start("hosts" if way == "hosts" else "mirrored"), {}
    for name in names:
        found = {"many": steps(plan, name)}
        if way != "hosts":
            found["one"] = steps(distribution.Distribution(), name)
            found["many"]["by_group"] = by_group(plan)
            found["one"]["by_group"] = by_group(distribution.Distribution())
        for key, values in found.items():
            results |= {f"{key}/{what}": value for what, value in values.items()}
    if way in (PARTS, "hosts") and os.environ["KERAS_BACKEND"] == "tensorflow":
        results |= overflow(plan)
    if way == PARTS:
        results |= perturbed(plan)
    rows = plan.rows(tiny.recipe(**RECIPES[ON_HOSTS[0]]))
    np.savez(path, devices=plan.devices, rows=rows, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
