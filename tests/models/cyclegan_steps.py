"""python -m tests.models.cyclegan_steps FOLDER: a CycleGAN's steps on whatever KERAS_BACKEND says.

Run in a process of its own by test_cyclegan_backends.py. Writes results.npz:

    steps/…    the logs of four steps, and pictures translated after them
    whole/…    all variables after these four steps
    parts/…    the same after two steps, a checkpoint, another system, and two steps
    file/…     a batch of pictures through each output, and through its file loaded again
    many/…     two steps on two devices, in two micro-batches (not on torch)
    one/…      the same on one
"""

import sys
from pathlib import Path

import keras
import numpy as np

from models import distribution, files
from models.systems.cyclegan.turns import CycleGAN
from tests.models import tiny, tiny_cyclegan
from tests.models.distributed import pretend


def all_values(system) -> dict[str, np.ndarray]:
    """Weights, averages, pools and the newest fakes by path, then the optimizers' by number."""
    names = [variable.path for variable in system.variables]
    names += [f"optimizer {number}" for number in range(len(system.optimizer.variables))]
    known = [*system.variables, *system.optimizer.variables]
    return dict(zip(names, tiny.values(known), strict=True))


def steps(folder: Path) -> dict[str, np.ndarray]:
    """Four steps in one go, and with a checkpoint and another system halfway."""
    recipe = tiny_cyclegan.recipe()
    whole, other = (CycleGAN(recipe, seed=seed) for seed in (1, 2))
    rows = tiny_cyclegan.fit(whole, range(2))
    whole.save_weights(folder / "half.weights.h5")
    rows += tiny_cyclegan.fit(whole, range(2, 4))
    other.load_weights(folder / "half.weights.h5")
    tiny_cyclegan.fit(other, range(2, 4))
    found = {f"whole/{name}": value for name, value in all_values(whole).items()}
    found |= {f"parts/{name}": value for name, value in all_values(other).items()}
    found |= {f"steps/{log}": np.array([row[log] for row in rows]) for log in rows[0]}
    pictures = tiny_cyclegan.batch(recipe, 9)["a"][:, 0]
    for back in (False, True):
        found[f"steps/back {back}"] = whole.translate(pictures, back)
    return found


def through_files(folder: Path) -> dict[str, np.ndarray]:
    system, found = CycleGAN(tiny_cyclegan.recipe(), seed=1), {}
    pictures = tiny_cyclegan.batch(system.recipe, 9)["a"][:, 0] / np.float32(127.5) - 1
    for name in system.outputs:
        network = system.output(name)
        files.save(network, folder / f"{name}.keras", {"recipe": system.recipe.to_dict()})
        again, _ = files.load(folder / f"{name}.keras")
        for kind, each in (("kept", network), ("read", again)):
            found[f"file/{name}/{kind}"] = np.asarray(each.predict(pictures, verbose=0))
    return found


def on_devices(plan: distribution.Distribution) -> dict[str, np.ndarray]:
    recipe = tiny_cyclegan.recipe(batch_size=4, micro_batches=2)
    plan.check(recipe)
    with plan.scope():
        system = CycleGAN(recipe, seed=1)
    rows, logs = plan.rows(recipe), []
    batches = [tiny_cyclegan.batch(recipe, seed) for seed in range(3)]
    if rows is not None:
        batches = [{key: array[rows] for key, array in each.items()} for each in batches]
    plan.fit(system, ((each,) for each in batches), len(batches), [tiny.keep(logs)])
    found = {log: np.array([row[log] for row in logs]) for log in logs[0]}
    for name in ("a", "b"):
        found[f"pool_{name}"] = np.array(system.pools[name].numpy())
        copies = getattr(system.pools[name].value, "values", None) or [system.pools[name].value]
        found[f"copies_{name}"] = np.stack([np.array(each) for each in copies])
    for name, network in system.networks.items():
        kernels = [v for v in network.variables if len(v.shape) > 1]
        found |= {f"{name}/{variable.path}": np.array(variable.numpy()) for variable in kernels}
    return found


def main(folder: Path) -> None:
    devices = keras.backend.backend() != "torch"
    if devices:
        pretend(2)
    results = steps(folder) | through_files(folder)
    if devices:
        for kind, way in (("one", "none"), ("many", "mirrored")):
            found = on_devices(distribution.start(way))
            results |= {f"{kind}/{name}": value for name, value in found.items()}
    np.savez(folder / "results.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
