"""Tiny runs: 16 pictures, 32 px, a few channels."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import sys

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as console.backend has it for users

import keras
import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import TINY
from training import cli, estimate

# Shells start what is in the background with Ctrl-C ignored, and nohup ignores the end of a
# session; all that a test starts inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# A session of TensorFlow holds millions of objects that live on: to look through them all at every
# quarter more of them costs a tenth of the time.
gc.set_threshold(50_000, 20, 5)


@pytest.fixture(scope="module", autouse=True)
def _what_a_module_leaves_is_freed():
    """Else the last tests take ten times as long, in processes of 8 GB."""
    yield
    if autodiff := sys.modules.get("models.autodiff"):
        autodiff.forget_traced()
    gc.collect()
    gc.freeze()  # what lives on is not looked through again


@pytest.fixture(scope="session", autouse=True)
def _the_speed_of_products_is_measured_once():
    """Every training and dry run measures it for its estimate: half a second of both cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate, "matrix_speed", functools.cache(estimate.matrix_speed))
        yield


@contextlib.contextmanager
def _run_eagerly(chosen):
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(chosen)
    yield
    tf.config.run_functions_eagerly(not chosen)


@pytest.fixture(scope="module")
def eagerly():
    """TensorFlow traces no function: a few steps of small networks take less time than that."""
    with _run_eagerly(True):
        yield


@pytest.fixture
def traced():
    """In a module that runs `eagerly`: a test of many steps, which take less time traced."""
    with _run_eagerly(False):
        yield


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of 16 small pictures."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(16):
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((32, 32), Image.Resampling.NEAREST).save(
            folder / f"{index}.png"
        )
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def train(pictures, cache, tmp_path, capfd):
    """Call the command line in this process: `train("--steps=3")` → (exit code, its words).

    Later options win over the tiny defaults. Runs go to `tmp_path / "out"`.
    """

    def call(*options, default="SAGAN_V6"):
        base = [*TINY, f"--data={pictures}", f"--cache-dir={cache}", f"--out={tmp_path / 'out'}"]
        try:
            code = cli.run(default, [*base, *options])
        except SystemExit as ended:
            code = ended.code
        return code, capfd.readouterr().err

    return call


@pytest.fixture
def train_recipe(pictures, cache, tmp_path, capfd):
    """`train.py` in this process: `train_recipe("vae", TINY, "--steps=3")` → (exit code, words).

    Later options win over earlier ones. Runs go to `tmp_path / "out"`.
    """

    def call(recipe, tiny, *options):
        base = [*tiny, f"--data={pictures}", f"--cache-dir={cache}", f"--out={tmp_path / 'out'}"]
        try:
            code = cli.run(None, [recipe, *base, *options])
        except SystemExit as ended:
            code = ended.code
        return code, capfd.readouterr().err

    return call
