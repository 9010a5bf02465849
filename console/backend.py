"""Choosing and quieting the Keras backend; must run before anything imports Keras."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator

from console.errors import UserError

_PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def choose() -> str:
    """Set `KERAS_BACKEND` (TensorFlow if unset) and silence start-up chatter; return its name.

    Raises `UserError` for a backend that Keras does not have or this machine lacks.
    """
    name = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if name not in _PACKAGES:
        raise UserError(f"KERAS_BACKEND is {name!r}; known: {', '.join(_PACKAGES)}")
    if importlib.util.find_spec(_PACKAGES[name]) is None:
        there = [each for each in _PACKAGES if importlib.util.find_spec(_PACKAGES[each])]
        ways = ", ".join([f"pip install {name}", *(f"KERAS_BACKEND={each}" for each in there)])
        raise UserError(f"the Keras backend {name} is not installed; ways out: {ways}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX: memory as needed
    return name


def wake() -> None:
    """Choose the backend, import Keras and compute a first number, silently.

    TensorFlow 2.21 prints at its import and at its first computation, at any log level.
    Raises `UserError` as `choose` does.
    """
    choose()
    with held_back_stderr():
        compute()


def compute() -> None:
    """Compute one number, which makes the backend find its devices."""
    import keras

    keras.ops.convert_to_numpy(keras.ops.zeros(()))


@contextlib.contextmanager
def held_back_stderr() -> Iterator[None]:
    """Hide what libraries write to file descriptor 2; show it if they fail."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        screen = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(screen, held.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
