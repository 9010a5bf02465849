"""Running a module of the tests on another backend, which takes a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def run(module: str, backend: str, place: Path) -> None:
    """`python -m module place` on that backend and the CPU; an AssertionError where it fails."""
    own = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", module, str(place)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def arrays(module: str, backend: str, folder: Path) -> dict[str, np.ndarray]:
    """What the module saves in the .npz file that it is given."""
    path = folder / f"{backend}.npz"
    run(module, backend, path)
    return dict(np.load(path))
