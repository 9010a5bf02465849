"""Speed of a training step: `python benchmarks/train_step.py [RECIPE]`, or `--all`.

For one recipe it prints img/s, seconds a step, peak memory, seconds from start to the end of the
first step, and two ratios: to the naive step, which normalises every kernel at each call, and to a
step on the same batch from memory, which shows the cost of the input pipeline. `--all` prints for
every GAN the ratio to SN-GAN's objective (hinge loss, spectral norm in D, no penalty) on the same
networks, the ratio of a gradient penalty, and the cost of single terms in the other systems. Both
sides of a ratio take turns in one process, so that a busy machine slows both.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.batches import batch_of, feed_of, loaded
from benchmarks.pace import enough_steps
from console import backend
from foreign.numbers import whole
from models import recipes
from models.recipe import Recipe
from models.systems.gan.recipe import GANRecipe
from training import device

# Start of the measuring process, in seconds since 1970, for its start-up time.
BEGAN = "TRAIN_STEP_BEGAN"
SNGAN = {
    "loss": "hinge",
    "penalty": "none",
    "d_weight_norm": "spectral",
    "g_weight_norm": "none",
    "minibatch": "none",
    "g_term": "none",
    "g_loss_weight": 1.0,
    "g_orthogonal": 0.0,
    "d_orthogonal": 0.0,
    "label_smoothing": 0.0,
    "weight_clip": 0.0,
}
# For systems other than GANs: what the ratio shows → a recipe, its fields with and without that.
TERMS = {
    "the identity term": ("cyclegan_cpu", {"identity_weight": 5.0}, {"identity_weight": 0.0}),
    "the pools of past fakes": ("cyclegan_cpu", {}, {"pool": 0}),
    "the identity's features": ("caae_gv_cpu", {}, {"identity_weight": 0.0}),
    "features compared, not pixels": ("dfc_vae_cpu", {}, {"reconstruction": "gaussian"}),
}
# Sizes at which every recipe's ratio is taken; ratios at full size are closer to 1 still.
SMALL = {"resolution": 32, "batch_size": 16, "micro_batches": 1}
SMALL_FILTERS = {"biggan": (16, 16), "dense": (256, 64), "sn_resnet": (64, 64), "sresnet": (16, 16)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("recipe", nargs="?", default="sagan", help="default: sagan")
    parser.add_argument("--all", action="store_true", help="every recipe's ratio to sngan's step")
    parser.add_argument("--only", nargs="+", metavar="RECIPE", help="of --all, these alone")
    parser.add_argument("--resolution", type=int, help="instead of the recipe's")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's")
    parser.add_argument("--g-filters", type=int, help="instead of the recipe's")
    parser.add_argument("--d-filters", type=int, help="instead of the recipe's")
    parser.add_argument(
        "--precision", default="float32", choices=("float32", "mixed_bfloat16", "mixed_float16")
    )
    parser.add_argument(
        "--steps", type=whole(1), help="steps per turn (default: as many as take two seconds)"
    )
    parser.add_argument(
        "--turns", type=whole(1), default=5, help="turns of each variant (default 5)"
    )
    parser.add_argument(
        "--phase", type=int, metavar="N", help="of the recipe's phases, from 0; default: each"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    backend.choose()
    if options.all:
        compare_all(options)
    elif options.child:
        print(json.dumps(measure_one(chosen(options), options)))
    else:
        report_one(chosen(options), options)


def chosen(options) -> Recipe:
    fields = ("resolution", "batch_size", "g_filters", "d_filters")
    changes = {name: getattr(options, name) for name in fields if getattr(options, name)}
    return dataclasses.replace(loaded(options.recipe), **changes)


# === One recipe ===


def report_one(recipe: Recipe, options) -> None:
    """Measure each phase in a fresh process, whose start-up and peak memory are its own."""
    phases = recipe.phases()
    chosen = range(len(phases)) if options.phase is None else [options.phase]
    for number in chosen:
        if not 0 <= number < len(phases):
            raise SystemExit(
                f"--phase {number}: {recipe.name} has the phases 0 to {len(phases) - 1}"
            )
        report_phase(recipe, number, phases[number].name)


def report_phase(recipe: Recipe, number: int, phase: str) -> None:
    command = [sys.executable, __file__, "--child", *sys.argv[1:], "--phase", str(number)]
    begin = time.perf_counter()
    environment = {**os.environ, BEGAN: str(time.time())}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found = json.loads(run.stdout.splitlines()[-1])
    size = f"{recipe.resolution} px, batch {recipe.in_phase(number).batch_size}"
    print(f"{recipe.name}, phase {number} ({phase}), {size}, {machine()}")
    print(f"  {found['images']:10.1f} img/s (fresh pictures that a step takes)")
    print(f"  {found['step']:10.3f} s a step")
    print(f"  {found['memory']:10.2f} GB at most")
    print(f"  {found['first']:10.1f} s from start-up to the first finished step")
    print(f"  {found['naive']:10.2f} × the naive step's time")
    print(f"  {found['feed']:10.3f} × the time with batches from memory")
    print(f"  measured in {time.perf_counter() - begin:.0f} s")


def measure_one(recipe: Recipe, options) -> dict[str, float]:
    now = recipe.in_phase(options.phase or 0)
    gan, batch = build(recipe, options.precision, options.phase or 0), batch_of(now)
    run_steps(gan, repeated(batch, 1))
    first = time.time() - float(os.environ[BEGAN])
    peak = (device.peak_memory() or math.nan) / 1e9
    naive = naive_step(recipe, options.precision, options.phase or 0)
    steps = options.steps or enough_steps(lambda count: run_steps(gan, repeated(batch, count)))
    feed = feed_of(now)
    start = [0]

    def fed() -> Iterator:
        from training.feed import Prefetch

        start[0] += steps
        return Prefetch(feed, start[0], start[0] + steps)

    def with_feed() -> None:
        with fed() as batches:
            run_steps(gan, (batches, steps))

    times = by_turns(
        options.turns,
        {
            "memory": lambda: run_steps(gan, repeated(batch, steps)),
            "feed": with_feed,
            "naive": lambda: naive(repeated(batch, steps)),
        },
    )
    step = statistics.median(times["feed"]) / steps
    return {
        "images": now.batch_size * now.columns * len(now.domains) / step,
        "step": step,
        "memory": peak,
        "first": first,
        "naive": ratio(times["feed"], times["naive"]),
        "feed": ratio(times["feed"], times["memory"]),
    }


def naive_step(recipe: Recipe, precision: str, phase: int) -> Callable:
    """The same system, whose layers normalise and run power iterations at every call."""
    from models import system as module

    def run(batches) -> None:
        shared, module.shared_kernels = module.shared_kernels, contextlib.nullcontext
        iterate, module.power_iterate = module.power_iterate, lambda network: None
        try:
            run_steps(naive, batches)
        finally:
            module.shared_kernels, module.power_iterate = shared, iterate

    naive = build(recipe, precision, phase)
    run(repeated(batch_of(recipe.in_phase(phase)), 1))
    return run


# === All recipes ===


def compare_all(options) -> None:
    print(f"time of a step ÷ sngan's objective on the same networks; {machine()}")
    print(f"{'recipe':16}{'ratio':>7}   D steps  architecture")
    for name in options.only or of_gans():
        recipe = small(recipes.load(name))
        other = dataclasses.replace(recipe, **SNGAN)
        print(f"{name:16}{pair(recipe, other, options):7.2f}{recipe.d_steps:10}  "
              f"{recipe.architecture}", flush=True)  # fmt: skip
    recipe = dataclasses.replace(small(recipes.load("wgan_gp")), d_steps=1)
    without = dataclasses.replace(recipe, penalty="none")
    print(f"gradient penalty: {pair(recipe, without, options):.2f} × the step without")
    for term, (name, *fields) in TERMS.items():
        both = [dataclasses.replace(loaded(name), **each) for each in fields]
        print(f"{name}, {term}: {pair(*both, options):.2f} × the step without", flush=True)


def of_gans() -> list[str]:
    """The recipes whose step can be compared with that of sngan's objective."""
    return [name for name in recipes.names() if isinstance(recipes.load(name), GANRecipe)]


def small(recipe: Recipe) -> Recipe:
    g_filters, d_filters = SMALL_FILTERS.get(recipe.architecture, (64, 16))
    resolution = min(recipe.resolution, SMALL["resolution"])
    changes = {**SMALL, "g_filters": g_filters, "d_filters": d_filters}
    for name in ("attention_resolution", "d_attention_resolution"):
        changes[name] = min(getattr(recipe, name), resolution // 2)
    return dataclasses.replace(recipe, **changes)


def pair(recipe: Recipe, other: Recipe, options) -> float:
    """The ratio of two recipes' step times, taken by turns."""
    import keras

    batch = batch_of(recipe)
    gans = [build(each, options.precision) for each in (recipe, other)]
    for gan in gans:
        run_steps(gan, repeated(batch, 2))
    steps = options.steps or enough_steps(
        lambda count, gan=gans[0]: run_steps(gan, repeated(batch, count))
    )
    times = by_turns(
        options.turns,
        {
            index: lambda gan=gan: run_steps(gan, repeated(batch, steps))
            for index, gan in enumerate(gans)
        },
    )
    del gans
    keras.backend.clear_session()
    return ratio(times[0], times[1])


# === Measuring ===


def build(recipe: Recipe, precision: str, phase: int = 0, jit_compile: bool | str = "auto"):
    from models.systems import system_class

    return system_class(recipe)(recipe, precision, phase=phase, jit_compile=jit_compile)


def repeated(batch: dict, steps: int):
    """The same batch, `steps` times, from memory."""
    return ((batch,) for _ in range(steps)), steps


def run_steps(gan, batches) -> None:
    """Train on (iterator, steps); returns once the last step is computed."""
    iterator, steps = batches
    gan.fit((each for each in iterator), steps_per_epoch=steps, shuffle=False, verbose=0)
    _ = gan.step  # waits for the device


def by_turns(turns: int, variants: dict[object, Callable]) -> dict[object, list[float]]:
    """Seconds of every variant in every turn, the variants one after the other."""
    for action in variants.values():
        action()
    times: dict[object, list[float]] = {name: [] for name in variants}
    for _ in range(turns):
        for name, action in variants.items():
            begin = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - begin)
    return times


def ratio(first: list[float], second: list[float]) -> float:
    """The median of the ratios, turn by turn."""
    return spread(first, second)["ratio"]


def spread(first: list[float], second: list[float]) -> dict[str, float]:
    """The ratios turn by turn: their median, the least and the most."""
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    return {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def machine() -> str:
    return f"{os.environ['KERAS_BACKEND']}, {len(os.sched_getaffinity(0))} cores"


if __name__ == "__main__":
    main()
