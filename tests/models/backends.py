"""Running a module of the tests on another backend, which takes a process of its own."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("tensorflow", "jax", "torch")
# To parametrise a test by; one that is not installed is skipped. JAX compiles for minutes what the
# parity tests have seen of it already.
EVERY = [
    pytest.param(name, marks=[
        pytest.mark.skipif(
            importlib.util.find_spec(name) is None, reason=f"{name} is not installed"),
        *([pytest.mark.thorough] if name == "jax" else []),
    ])
    for name in NAMES
]  # fmt: skip


# Steps this small take far less time than XLA's optimisations of them.
_QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def environment(backend: str, **more: str) -> dict[str, str]:
    """The environment of a process on that backend and the CPU."""
    own = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    quick = {"XLA_FLAGS": _QUICK, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    return {**os.environ, **own, **quick, "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def run(module: str, backend: str, place: Path, eagerly: bool = False) -> None:
    """`python -m module place` on that backend and the CPU; an AssertionError where it fails.

    Args:
        eagerly: TensorFlow runs what it would trace: a few small steps take half the time.
    """
    start = ["tests.models.eagerly", module] if eagerly and backend == "tensorflow" else [module]
    command = [sys.executable, "-m", *start, str(place)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(backend), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def arrays(module: str, backend: str, folder: Path) -> dict[str, np.ndarray]:
    """What the module saves in the .npz file that it is given."""
    path = folder / f"{backend}.npz"
    run(module, backend, path, eagerly=True)
    return dict(np.load(path))


def results(module: str, folders: pytest.TempPathFactory) -> Callable[[str], dict[str, np.ndarray]]:
    """A backend → what the module writes to results.npz in the folder it is given, run once."""

    @cache
    def of(backend: str) -> dict[str, np.ndarray]:
        folder = folders.mktemp(backend)
        run(module, backend, folder, eagerly=True)
        return dict(np.load(folder / "results.npz"))

    return of
