"""The training of `benchmarks.gpu`: as long as there is time, and its last grid."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_ALWAYS = ("resolution", "batch_size")  # told to train.py, and whatever else was changed
_ENDING = 60.0  # seconds in which a training that is told to stop saves and ends
_LOOK = 0.2  # seconds between looks at whether it has begun


def train(recipe, options: argparse.Namespace, milliseconds: float, end: float) -> dict[str, Any]:
    """Train for `options.minutes`, at most until `end`, and keep the last grid as OUT/gpu.png.

    The run, with its checkpoints, lies in a temporary folder. Returns what it has come to, or
    {"failed": the reason}.

    Args:
        recipe: as it was measured.
        milliseconds: of a step.
    """
    if time.monotonic() > end - _ENDING:
        return {"failed": "no time was left; give a longer --limit"}
    steps = max(2, int(60e3 * options.minutes / milliseconds))
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command(recipe, options, steps, folder), cwd=ROOT)
        seconds = stop_in_time(process, Path(folder), 60 * options.minutes, end)
        grids = sorted(Path(folder).glob("*/fakes/step-*.png"))
        if not grids:
            return {"failed": f"it ended with {process.returncode} before its first grid"}
        shutil.copyfile(grids[-1], options.out / "gpu.png")
    return {
        "recipe": recipe.name,
        "minutes": seconds / 60,
        "grid": "gpu.png",
        "grid_step": int(grids[-1].stem.partition("-")[2]),
    }


def command(recipe, options: argparse.Namespace, steps: int, folder: str) -> list[str]:
    """train.py with what was measured: the same sizes, no labels, and no quality."""
    from models import recipes

    own = recipes.load(recipe.name)
    names = [field.name for field in dataclasses.fields(recipe)]
    changed = [name for name in names if getattr(recipe, name) != getattr(own, name)]
    sizes = [
        word
        for name in dict.fromkeys((*_ALWAYS, *changed))
        for word in (f"--{name.replace('_', '-')}", str(getattr(recipe, name)))
    ]
    return [
        sys.executable, "train.py", recipe.name, *sizes, *(["--count", "200"] * options.small),
        "--labels", "none", "--steps", str(steps), "--precision", options.precision,
        "--quality-samples", "0", "--checkpoint-every", str(steps), "--out", folder,
    ]  # fmt: skip


def stop_in_time(process: subprocess.Popen, folder: Path, seconds: float, end: float) -> float:
    """Wait for a training, and tell it to stop after `seconds` of steps, or before `end`.

    The steps were reckoned without batches, logs and grids, so there may be too many of them.
    Returns the seconds that it trained.
    """
    begun = None
    try:
        while process.poll() is None and time.monotonic() < end - _ENDING:
            if begun is None and any(folder.glob("*/fakes/step-*.png")):
                begun = time.monotonic()  # it has drawn its first grid, and hears signals
            if begun is not None and time.monotonic() - begun > seconds:
                break
            time.sleep(_LOOK)
        trained = time.monotonic() - begun if begun is not None else 0.0
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(_LOOK, end - time.monotonic()))
        return trained
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
