"""Choosing and quieting the Keras backend; must run before anything imports Keras."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

from console.errors import UserError

_PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
_TOP_PAD = -2  # glibc's M_TOP_PAD
# What Keras and TensorFlow import if it is there, for parts that this project does not use.
_ONLY_IF_THERE = ("matplotlib", "pandas", "sklearn")
_ONLY_IF_THERE_FOR = {"tensorflow": ("jax", "scipy")}  # which the other backends may need


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
    # TensorFlow leaves its fast kernels off on processors without AVX512, most laptops; with them
    # a training step takes half the time there. Where it does not have them it ignores this.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # It warns of retracing where several systems are built one after another.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX: memory as needed
    _keep_freed_memory()
    return name


def _keep_freed_memory(amount: int = 64 << 20) -> None:
    """Ask glibc to keep that many bytes of freed memory, not to give them back each time.

    A training step on a CPU frees and takes the same buffers again and again; without this the
    system clears thousands of pages a step, which is 5 to 9 % of its time.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_TOP_PAD, amount)


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
    import_keras()
    import keras

    keras.ops.convert_to_numpy(keras.ops.zeros(()))


def import_keras() -> None:
    """Import Keras and its backend without what they only import if it is there.

    With scikit-learn, matplotlib and JAX installed that is a third of the time. Those can be
    imported as usual afterwards.
    """
    if "keras" in sys.modules:
        return
    names = _ONLY_IF_THERE + _ONLY_IF_THERE_FOR.get(os.environ.get("KERAS_BACKEND", ""), ())
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be had
    try:
        import keras  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


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
