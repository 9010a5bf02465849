"""The Keras backend is chosen before Keras is imported; freed memory is kept."""

import logging
import os
import platform
import subprocess
import sys

import pytest

from console import backend
from console.errors import UserError

FAULTS = """
import ctypes, resource, sys
from console import backend
if sys.argv[1] == "kept":
    backend._keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def step():
    blocks = [ctypes.c_void_p(libc.malloc(100_000)) for _ in range(200)]
    for block in blocks:
        ctypes.memset(block, 1, 100_000)
    for block in blocks:
        libc.free(block)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this setting")
def test_freed_memory_is_not_given_back_in_every_step():
    def faults(word):
        found = subprocess.run(
            [sys.executable, "-c", FAULTS, word], capture_output=True, check=True, text=True
        )
        return int(found.stdout)

    assert faults("as it is") > 10_000  # 20 MB in pages of 4 kB, five times
    assert faults("kept") < 1_000


def test_tensorflow_computes_with_fast_kernels_on_every_processor(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    backend.choose()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")  # who has asked for it gets it
    backend.choose()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


KERAS = """
def there(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
seen = [name for name in ("matplotlib", "pandas", "sklearn", "jax", "scipy") if there(name)]
"""
IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import json, scipy
from console import backend
backend.import_keras()
import keras
print(keras.seen, json.__name__, "matplotlib" in sys.modules)
import matplotlib, sklearn
backend.import_keras()
print(scipy is sys.modules["scipy"], sklearn.seen)
"""


@pytest.mark.parametrize(
    ("name", "seen"),
    [("tensorflow", ["scipy"]), ("jax", ["jax", "scipy"]), ("torch", ["jax", "scipy"])],
)
def test_keras_is_imported_without_what_it_only_passes_on(tmp_path, name, seen):
    (tmp_path / "keras.py").write_text(KERAS)
    for each in ("matplotlib", "pandas", "sklearn", "jax", "scipy"):
        (tmp_path / f"{each}.py").write_text("seen = 'as usual'\n")
    run = subprocess.run(
        [sys.executable, "-c", IMPORTED, tmp_path], capture_output=True, check=True, text=True,
        env=os.environ | {"KERAS_BACKEND": name},
    )  # fmt: skip
    assert run.stdout == f"{seen} json False\nTrue as usual\n"


def test_a_script_imports_nothing_that_it_does_not_use():
    code = "import serving, sys; serving.load('anime'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not {"jax", "matplotlib", "pandas", "sklearn"} & set(run.stdout.split())


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(backend.ctypes, "CDLL", lambda name: object())
    backend._keep_freed_memory()


def test_tensorflow_does_not_warn_of_many_systems():
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        backend.choose()
        assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.ERROR)
    finally:
        logger.setLevel(before)


def test_choosing_a_backend_asks_for_it(monkeypatch):
    asked = []
    monkeypatch.setattr(backend, "_keep_freed_memory", lambda: asked.append(1))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert backend.choose() == "tensorflow" == os.environ["KERAS_BACKEND"]
    assert asked == [1]


def test_a_missing_backend_names_those_that_are_there(monkeypatch):
    found = backend.importlib.util.find_spec
    monkeypatch.setattr(
        backend.importlib.util, "find_spec", lambda name: None if name == "torch" else found(name)
    )
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(UserError, match="not installed; ways out: pip install torch, KERAS_"):
        backend.choose()
