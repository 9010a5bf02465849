"""One recipe's training step on every backend: `python benchmarks/backends.py [RECIPE]`.

TensorFlow as it is used here, TensorFlow through XLA, JAX, which always goes through XLA, and torch
where it is installed. A backend cannot change within a process, so each has one of its own; they
stay alive and take turns, one computing while the others wait. It prints the seconds to the end of
the first step, the median time of a step, its ratio to TensorFlow's with the range over the turns,
and the peak memory.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import train_step
from benchmarks.batches import batch_of
from benchmarks.pace import enough_steps
from foreign.numbers import whole
from models.recipe import Recipe
from training import device

# Variant → its backend, and its `jit_compile`: what Keras decides for TensorFlow differs between
# processors and GPUs. The first is the measure.
VARIANTS: dict[str, tuple[str, bool | str]] = {
    "tensorflow": ("tensorflow", False),
    "tensorflow, XLA": ("tensorflow", True),
    "jax": ("jax", "auto"),
    "torch": ("torch", "auto"),
}


class Runner:
    """A process that builds the recipe on one backend and takes steps when it is told to."""

    def __init__(self, variant: str, arguments: list[str]):
        command = [sys.executable, __file__, "--child", variant, *arguments]
        environment = {**os.environ, "KERAS_BACKEND": VARIANTS[variant][0]}
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.device = self.answer()["device"]
        self.first = time.perf_counter() - begin

    def answer(self) -> dict:
        """The next line of the process. Raises SystemExit if it ended instead."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self.process.args)} ended: {self.process.wait()}")
        return json.loads(line)

    def turn(self) -> dict[str, float]:
        """Take the steps of one turn: the seconds of each, and the peak memory so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Let the process end."""
        self.process.stdin.close()
        self.process.wait()


def compare(variants: list[str], arguments: list[str], turns: int) -> dict[str, dict]:
    """Variant → first (s), step (s), ratio to the first variant with its range, memory (GB).

    And the device: a backend may be installed without its version for GPUs.
    """
    runners = {name: Runner(name, arguments) for name in variants}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    memory = dict.fromkeys(variants, math.nan)
    for number in range(turns + 1):
        for name, runner in runners.items():
            found = runner.turn()
            if number:  # the turn before counting warms up
                seconds[name].append(found["seconds"])
            memory[name] = found["memory"]
    for runner in runners.values():
        runner.end()
    base = seconds[variants[0]]
    return {
        name: {
            "first": runners[name].first,
            "step": statistics.median(each),
            **train_step.spread(each, base),
            "memory": memory[name],
            "device": runners[name].device,
        }
        for name, each in seconds.items()
    }


def serve(recipe: Recipe, variant: str, precision: str, steps: int | None) -> None:
    """In the child: build, take a first step, then a turn for every line read from stdin."""
    system = train_step.build(recipe, precision, jit_compile=VARIANTS[variant][1])
    batch = batch_of(recipe.in_phase(0))

    def take(count: int) -> None:
        train_step.run_steps(system, train_step.repeated(batch, count))

    take(1)
    print(json.dumps({"device": str(device.find().name)}), flush=True)
    for _ in sys.stdin:
        steps = steps or enough_steps(take)  # in the turn that warms up
        begin = time.perf_counter()
        take(steps)
        took = (time.perf_counter() - begin) / steps
        memory = (device.peak_memory() or math.nan) / 1e9
        print(json.dumps({"seconds": took, "memory": memory}), flush=True)


def installed() -> list[str]:
    """The variants whose backend is installed."""
    return [name for name, (needs, _) in VARIANTS.items() if importlib.util.find_spec(needs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("recipe", nargs="?", default="sagan_cpu", help="default: sagan_cpu")
    parser.add_argument("--precision", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--resolution", type=int, help="instead of the recipe's")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's")
    parser.add_argument("--g-filters", type=int, help="instead of the recipe's")
    parser.add_argument("--d-filters", type=int, help="instead of the recipe's")
    parser.add_argument(
        "--steps", type=whole(1), help="steps per turn (default: as many as take two seconds)"
    )
    parser.add_argument(
        "--turns", type=whole(1), default=5, help="turns of each backend (default 5)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--child", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        device.start()  # on a GPU TensorFlow would take all memory, and the others wait here
        recipe = train_step.chosen(options)
        serve(recipe, options.child, options.precision, options.steps)
        return
    arguments = [each for each in sys.argv[1:] if each != "--json"]
    found = compare(installed(), arguments, options.turns)
    if options.json:
        print(json.dumps(found))
        return
    cores = len(os.sched_getaffinity(0))
    print(f"{options.recipe}, {options.precision}, {cores} cores, {options.turns} turns")
    base = f"to {next(iter(found))}"
    print(f"  {'':18}{'first step':>12}{'step':>10}{base:>24}{'memory':>10}")
    for name, row in found.items():
        ratio = f"{row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})"
        print(f"  {name:18}{row['first']:10.1f} s{row['step']:8.3f} s{ratio:>24}"
              f"{row['memory']:7.2f} GB  {row['device']}")  # fmt: skip


if __name__ == "__main__":
    main()
