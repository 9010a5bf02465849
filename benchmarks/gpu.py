"""A GPU in ten minutes: `python -m benchmarks.gpu`, on whatever KERAS_BACKEND says.

For the notes' SAGAN and BigGAN at 128 px with batches of 64, and for the CPU's SAGAN at 64 px: the
seconds to compile, the milliseconds of a step, the share of the matrix products' speed on the same
GPU, and the most memory. Then the first that was measured trains for some minutes on drawn faces,
and its last grid is kept. Writes OUT/gpu.json, anew after every part, and OUT/gpu.png. Each part
has its own process; one that fails is noted there with the reason, and the others go on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import gpu_training
from console import options as command_line
from console.ending import carry_out
from console.errors import UserError
from console.screen import show
from foreign import numbers
from foreign.files import write_json
from runs.files import made_folder

ROOT = Path(__file__).resolve().parents[1]
# Recipe → the fields that differ.
SUBJECTS = {
    "SAGAN_V6": {"resolution": 128, "batch_size": 64},
    "BIGGAN_V1": {"resolution": 128, "batch_size": 64},
    "sagan_cpu": {"resolution": 64, "batch_size": 64},
}
SIDES = (2048, 4096, 8192)  # of the matrices whose product sets the measure
_LEAST = {False: 2.0, True: 0.1}  # seconds of a turn; of tiny networks
_LETTERS = 200  # of the reason why a part has failed


def main(arguments: Sequence[str] | None = None) -> None:
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    parser = build_parser()
    options = parser.parse(words)
    if options.part is not None:
        print(json.dumps(answer(options)))
        return
    raise SystemExit(carry_out(parser.prog, lambda: measure(options, words)))


def build_parser() -> command_line.Parser:
    made = command_line.Parser(prog="benchmarks.gpu", description=__doc__.splitlines()[0])
    made.add_argument("--out", type=Path, default=Path("gpu"), help="folder (default: gpu)")
    made.add_argument("--recipes", nargs="+", default=list(SUBJECTS), choices=list(SUBJECTS),
                      metavar="RECIPE", help=f"of {', '.join(SUBJECTS)}")  # fmt: skip
    made.add_argument("--limit", type=numbers.real(above=0), default=10.0, metavar="MINUTES",
                      help="for everything (default: 10)")  # fmt: skip
    made.add_argument("--minutes", type=numbers.real(least=0), default=5.0,
                      help="of training, at most what is left of the limit; 0: none (default: 5)"
                      )  # fmt: skip
    made.add_argument("--precision", default="mixed_bfloat16",
                      choices=("float32", "mixed_bfloat16", "mixed_float16"))  # fmt: skip
    made.add_argument("--turns", type=numbers.whole(1, 1_000), default=5, metavar="N",
                      help="of about two seconds each (default: 5)")  # fmt: skip
    made.add_argument("--anyway", action="store_true", help="also without a GPU")
    made.add_argument("--small", action="store_true", help="tiny networks, to try this script")
    made.add_argument("--part", choices=list(SUBJECTS), help=argparse.SUPPRESS)
    return made


def measure(options: argparse.Namespace, words: list[str]) -> int:
    """All parts and the training, until the limit; 1 if one has failed. Raises `UserError`."""
    from training import device

    end = time.monotonic() + 60 * options.limit
    if device.surely_no_gpu() and not options.anyway:
        raise UserError(
            "there is no GPU on this machine; --anyway measures its processor, and "
            "python -m benchmarks is made for that"
        )
    path = made_folder(options.out) / "gpu.json"
    found: dict[str, Any] = {
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "precision": options.precision,
        "steps": {},
    }
    for name in dict.fromkeys(options.recipes):
        row = child(words, name, end)
        found["device"] = row.pop("device", found.get("device"))
        found["steps"][name] = row
        write_json(path, found)
        show(f"{name}: {in_words(row)}")
    measured = {name: row for name, row in found["steps"].items() if "failed" not in row}
    if options.minutes and measured:
        name = next(iter(measured))
        found["training"] = gpu_training.train(
            chosen(name, options.small), options, measured[name]["milliseconds"], end
        )
        write_json(path, found)
        show(f"training: {found['training'].get('failed', 'its last grid is gpu.png')}")
    show(f"done: {path}")
    parts = [*found["steps"].values(), found.get("training", {})]
    return int(any("failed" in part for part in parts))


def in_words(row: dict[str, Any]) -> str:
    """A part's figures, or why it has none."""
    if "failed" in row:
        return f"failed: {row['failed']}"
    memory = f"{row['gigabytes']:.2f} GB at most, " if row["gigabytes"] else ""
    return (
        f"{row['milliseconds']:.1f} ms a step ({row['pictures']:.0f} img/s), "
        f"{100 * row['share']:.0f} % of {row['matrix_teraflops']:.0f} TFLOP/s, "
        f"{memory}compiled in {row['compile_seconds']:.0f} s"
    )


def child(words: Sequence[str], name: str, end: float) -> dict[str, Any]:
    """What `part` measures in a process of its own, or {"failed": the reason}.

    Raises `UserError` if no part can be measured.
    """
    # So that the peak is what the step needs, not what the library reserves.
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    try:
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.gpu", *words, "--part", name],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True,
            timeout=max(0.0, end - time.monotonic()),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": "the time was over; give a longer --limit, or fewer --recipes"}
    except subprocess.CalledProcessError as error:
        return {"failed": f"its process ended with {error.returncode}"}
    found = json.loads(run.stdout.splitlines()[-1])
    if "mistake" in found:
        raise UserError(found["mistake"])
    return found


def answer(options: argparse.Namespace) -> dict[str, Any]:
    """In the child: the figures, or what went wrong in a line."""
    try:
        return part(options)
    except UserError as error:
        return {"mistake": str(error)}
    except Exception as error:  # memory that does not suffice has another name on each backend
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return {"failed": words if len(words) <= _LETTERS else f"{words[:_LETTERS]}…"}


def part(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one recipe's step. Raises `UserError` without a GPU."""
    from training import device

    device.start()
    here = device.find()
    if here.kind != "gpu" and not options.anyway:
        import keras

        raise UserError(
            f"{keras.backend.backend()} finds no GPU, but {here.name}; install its version for "
            "GPUs, or measure the processor with --anyway"
        )
    from benchmarks.batches import batch_of
    from benchmarks.pace import enough_steps
    from benchmarks.train_step import build, repeated, run_steps
    from training import estimate

    recipe = chosen(options.part, options.small)
    system, batch = build(recipe, options.precision), batch_of(recipe)

    def take(count: int) -> None:
        run_steps(system, repeated(batch, count))

    begin = time.perf_counter()
    take(1)
    compiled = time.perf_counter() - begin
    count, seconds = enough_steps(take, _LEAST[options.small]), []
    for _ in range(options.turns):
        begin = time.perf_counter()
        take(count)
        seconds.append((time.perf_counter() - begin) / count)
    memory = device.peak_memory()  # before the matrices below
    step = statistics.median(seconds)
    flops = estimate.estimate(system, here.kind).flops
    sides = (256,) if options.small else SIDES
    peak = max(estimate.matrix_speed(options.precision, 0.5, side) for side in sides)
    return {
        "device": here.name,
        "milliseconds": 1e3 * step,
        "turn_steps": count,
        "pictures": recipe.batch_size / step,
        "teraflops": flops / step / 1e12,
        "matrix_teraflops": peak / 1e12,
        "share": flops / step / peak,
        "gigabytes": memory and memory / 1e9,
        "compile_seconds": compiled,
    }


def chosen(name: str, small: bool):
    """The recipe of a part, as measured."""
    from benchmarks import train_step
    from models import recipes

    recipe = recipes.load(name)
    if small:
        return train_step.small(recipe)
    return dataclasses.replace(recipe, **SUBJECTS[name])


if __name__ == "__main__":
    main()
