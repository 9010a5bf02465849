"""The gain of each optimisation of the training step: `python benchmarks/ablation.py`.

It measures PyTorch-StudioGAN's SAGAN, as in `torch_step.py`, on TensorFlow: the step's time without
each optimisation, and without any of them, divided by the time with all. Each pair is measured in
turns. Tests show that all of them, except the precision, give the same numbers up to rounding.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["KERAS_BACKEND"] = "tensorflow"

from benchmarks import batches, torch_step, train_step
from console import backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("network", nargs="?", default="sagan", choices=list(torch_step.NETWORKS))
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--precision", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--steps", type=int, default=1, help="steps per turn (default 1)")
    parser.add_argument("--turns", type=int, default=5, help="turns of each variant (default 5)")
    parser.add_argument("--only", type=int, nargs="+", help="these lines of the table, from 1")
    options = parser.parse_args()
    backend.choose()
    recipe = torch_step.recipe_of(options.network, options.resolution, options.batch_size)
    size = f"{recipe.resolution} px, batch {recipe.batch_size}, {options.precision}"
    print(f"{options.network}, {size}, {train_step.machine()}: time of a step ÷ with all tricks")
    variants = {name: [way] for name, way in WITHOUT.items()}
    variants["any of them"] = list(WITHOUT.values())
    for line, (name, ways) in enumerate(variants.items(), start=1):
        if options.only and line not in options.only:
            continue
        print(f"  without {name:<44}{ratio(recipe, ways, options):6.2f}", flush=True)
    if options.precision == "float32" and not options.only:
        print(f"  in mixed_bfloat16 {'':34}{ratio(recipe, [], options, 'mixed_bfloat16'):6.2f}")


def ratio(recipe, ways: list[Callable], options, precision: str | None = None) -> float:
    """The step's time with the optimisations `ways` removed, divided by the normal time."""
    import keras

    batch = batches.batch_of(recipe)

    def runner(ways, precision):
        with contextlib.ExitStack() as stack:
            for way in ways:
                stack.enter_context(way())
            gan = train_step.build(recipe, precision)
            gan.answers.one_call = gan.answers.one_call and two_calls not in ways
            train_step.run_steps(gan, train_step.repeated(batch, 1))  # traces the step
        return lambda: train_step.run_steps(gan, train_step.repeated(batch, options.steps))

    times = train_step.by_turns(
        options.turns,
        {
            "other": runner(ways, precision or options.precision),
            "ours": runner([], options.precision),
        },
    )
    keras.backend.clear_session()
    return train_step.ratio(times["other"], times["ours"])


# === Ways of doing without ===


@contextlib.contextmanager
def replaced(owner: object, name: str, other: object) -> Iterator[None]:
    """A context in which `owner.name` is `other`."""
    kept = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@contextlib.contextmanager
def two_calls() -> Iterator[None]:
    """D takes reals and fakes in two calls; `ratio` arranges that."""
    yield


@contextlib.contextmanager
def normalised_at_each_call() -> Iterator[None]:
    """Every call of a network runs power iterations and divides every kernel by σ."""
    from models import system

    with (
        replaced(system, "shared_kernels", contextlib.nullcontext),
        replaced(system, "power_iterate", lambda network: None),
    ):
        yield


@contextlib.contextmanager
def plain_batch_norm() -> Iterator[None]:
    """Moments, subtraction, division: an operation each."""
    from keras import ops

    from layers import norm

    def normalize(x, gamma, beta, epsilon):
        wide = ops.cast(x, "float32")
        mean, variance = ops.moments(wide, axes=(0, 1, 2))
        y = (wide - mean) * (ops.rsqrt(variance + epsilon) * gamma) + beta
        return ops.cast(y, x.dtype), mean, variance

    with replaced(norm, "_normalize_batch_fused", normalize):
        yield


@contextlib.contextmanager
def plain_adam() -> Iterator[None]:
    """Keras's Adam, many operations a variable."""
    import keras

    from models import optimizers

    with replaced(optimizers.Adam, "update_step", keras.optimizers.Adam.update_step):
        yield


@contextlib.contextmanager
def doubled_then_convolved() -> Iterator[None]:
    """Pixels are repeated, and the large picture is convolved."""
    from keras import ops

    from layers import resample, weights

    def nearest(self, inputs, training):
        large = ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)
        return weights.apply(self.conv, large, training)

    with replaced(resample.Upsample2D, "_nearest", nearest):
        yield


@contextlib.contextmanager
def convolved_then_pooled() -> Iterator[None]:
    """The large picture is convolved, and then averaged over 2×2 pixels."""
    from keras import ops

    from layers import resample, weights

    def call(self, inputs, training=None):
        large = weights.apply(self.conv, inputs, training)
        return ops.average_pool(large, 2, strides=2, padding="valid")

    with replaced(resample.Downsample2D, "call", call):
        yield


@contextlib.contextmanager
def plain_strided() -> Iterator[None]:
    """4×4 convolutions of stride 2 and their gradients as TensorFlow's own operations."""
    from layers import strided

    with replaced(strided, "_only_cpus", lambda: False):
        yield


WITHOUT = {
    "one D call for reals and fakes": two_calls,
    "one power iteration and division a step": normalised_at_each_call,
    "fused batch norm": plain_batch_norm,
    "fused Adam": plain_adam,
    "doubling and convolution as one kernel": doubled_then_convolved,
    "convolution and pooling as one kernel": convolved_then_pooled,
    "stride 2 in blocks of pixels": plain_strided,
}


if __name__ == "__main__":
    main()
