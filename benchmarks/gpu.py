"""A GPU in less than ten minutes: `python -m benchmarks.gpu`, on whatever KERAS_BACKEND says.

For the notes' SAGAN and BigGAN at 128 px with batches of 64, and for the CPU's SAGAN at 64 px: the
seconds to compile, the milliseconds of a step, the share of the matrix products' speed on the same
GPU, and the most memory. Then the first of them trains for some minutes on drawn faces, and its
last grid is kept. Writes OUT/gpu.json and OUT/gpu.png. Each part has its own process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Recipe → the fields that differ.
SUBJECTS = {
    "SAGAN_V6": {"resolution": 128, "batch_size": 64},
    "BIGGAN_V1": {"resolution": 128, "batch_size": 64},
    "sagan_cpu": {"resolution": 64, "batch_size": 64},
}
SIDES = (2048, 4096, 8192)  # of the matrices whose product sets the measure
_PATIENCE = 600  # seconds for a part


def main() -> None:
    options = parser().parse_args()
    if options.part is not None:
        print(json.dumps(part(options)))
        return
    from training import device

    if device.surely_no_gpu() and not options.anyway:
        raise SystemExit(
            "benchmarks.gpu: there is no GPU on this machine; --anyway measures its processor, and "
            "python -m benchmarks is made for that"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    found = {"backend": backend_name(), "precision": options.precision, "steps": {}}
    for name in options.recipes:
        row = child(options, name)
        found["device"] = row.pop("device")
        if row.pop("kind") != "gpu" and not options.anyway:
            raise SystemExit(
                f"benchmarks.gpu: {found['backend']} finds no GPU, but {found['device']}; install "
                "its version for GPUs, or measure the processor with --anyway"
            )
        found["steps"][name] = row
        say(found["device"], name, row)
    if options.minutes:
        found["training"] = train(options, found["steps"][options.recipes[0]])
    (options.out / "gpu.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(f"done: {options.out / 'gpu.json'}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    made.add_argument("--out", type=Path, default=Path("gpu"), help="folder (default: gpu)")
    made.add_argument("--recipes", nargs="+", default=list(SUBJECTS), choices=list(SUBJECTS),
                      metavar="RECIPE", help=f"of {', '.join(SUBJECTS)}")  # fmt: skip
    made.add_argument("--minutes", type=float, default=5.0,
                      help="of training the first recipe; 0: none (default: 5)")  # fmt: skip
    made.add_argument("--precision", default="mixed_bfloat16",
                      choices=("float32", "mixed_bfloat16", "mixed_float16"))  # fmt: skip
    made.add_argument("--turns", type=int, default=5, help="of 20 steps each (default: 5)")
    made.add_argument("--anyway", action="store_true", help="also without a GPU")
    made.add_argument("--small", action="store_true", help="tiny networks, to try this script")
    made.add_argument("--part", choices=list(SUBJECTS), help=argparse.SUPPRESS)
    return made


def backend_name() -> str:
    """What Keras will compute with."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def say(device: str, name: str, row: dict) -> None:
    print(
        f"{name}: {row['milliseconds']:.1f} ms a step ({row['pictures']:.0f} img/s), "
        f"{100 * row['share']:.0f} % of {row['matrix_teraflops']:.0f} TFLOP/s, "
        f"{row['gigabytes']:.2f} GB at most, compiled in {row['compile_seconds']:.0f} s, on "
        f"{device}",
        flush=True,
    )


def child(options, name: str) -> dict:
    """What `part` measures in a process of its own."""
    # So that the peak is what the step needs, not what the library reserves.
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *sys.argv[1:], "--part", name],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE, check=True,
    )  # fmt: skip
    return json.loads(run.stdout.splitlines()[-1])


def part(options) -> dict:
    """The figures of one recipe's step."""
    from training import device

    device.start()
    here = device.find()
    from benchmarks.batches import batch_of
    from benchmarks.train_step import build, repeated, run_steps
    from training import estimate

    recipe = chosen(options)
    begin = time.perf_counter()
    system, batch = build(recipe, options.precision), batch_of(recipe)
    run_steps(system, repeated(batch, 1))
    compiled = time.perf_counter() - begin
    count, seconds = (2 if options.small else 20), []
    for _ in range(options.turns):
        begin = time.perf_counter()
        run_steps(system, repeated(batch, count))
        seconds.append((time.perf_counter() - begin) / count)
    step = statistics.median(seconds)
    flops = estimate.estimate(system, here.kind).flops
    sides = (256,) if options.small else SIDES
    peak = max(estimate.matrix_speed(options.precision, 0.5, side) for side in sides)
    return {
        "device": here.name,
        "kind": here.kind,
        "milliseconds": 1e3 * step,
        "pictures": recipe.batch_size / step,
        "teraflops": flops / step / 1e12,
        "matrix_teraflops": peak / 1e12,
        "share": flops / step / peak,
        "gigabytes": (device.peak_memory() or float("nan")) / 1e9,
        "compile_seconds": compiled,
    }


def chosen(options):
    """The recipe of the part, as measured."""
    from benchmarks import train_step
    from models import recipes

    recipe = recipes.load(options.part)
    if options.small:
        return train_step.small(recipe)
    return dataclasses.replace(recipe, **SUBJECTS[options.part])


def train(options, row: dict) -> dict:
    """Train the first recipe for the minutes asked for; keep its last grid."""
    name, folder = options.recipes[0], options.out / "training"
    steps = max(2, int(60e3 * options.minutes / row["milliseconds"]))
    shutil.rmtree(folder, ignore_errors=True)
    small = ["--resolution", "32", "--g-filters", "32", "--d-filters", "8", "--count", "200",
             "--batch-size", "8"] if options.small else [
        "--resolution", str(SUBJECTS[name]["resolution"])]  # fmt: skip
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "train.py", name, *small, "--steps", str(steps), "--precision",
         options.precision, "--quality-every", "0", "--out", str(folder.resolve())],
        cwd=ROOT, timeout=60 * options.minutes + _PATIENCE, check=True,
    )  # fmt: skip
    grid = max(folder.glob("*/fakes/step-*.png"))
    shutil.copyfile(grid, options.out / "gpu.png")
    return {
        "recipe": name,
        "steps": steps,
        "minutes": (time.perf_counter() - begin) / 60,
        "grid": "gpu.png",
    }


if __name__ == "__main__":
    main()
