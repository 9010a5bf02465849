"""The comparisons of backends and with PyTorch: on which device each side computes, and how."""

import argparse
import importlib
import io
import json
import os
import sys

import pytest

from benchmarks import backends, train_step
from training import device


@pytest.mark.parametrize(
    ("variant", "jit"),
    [("tensorflow", False), ("tensorflow, XLA", True), ("jax", "auto"), ("torch", "auto")],
)
def test_a_variant_is_compiled_as_its_name_says(variant, jit, monkeypatch, capsys):
    """On a GPU Keras itself would choose XLA for TensorFlow."""
    built, taken = [], []
    monkeypatch.setattr(
        train_step, "build", lambda *given, jit_compile: built.append(jit_compile) or "system"
    )
    monkeypatch.setattr(train_step, "run_steps", lambda system, batches: taken.append(batches[1]))
    monkeypatch.setattr(backends, "batch_of", lambda recipe: {})
    monkeypatch.setattr(backends, "enough_steps", lambda take: 40)
    found = device.Device("gpu", "a GPU", 2, None, True)
    monkeypatch.setattr(device, "find", lambda: found)
    monkeypatch.setattr(device, "peak_memory", lambda: 2_000_000_000)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n"))
    recipe = argparse.Namespace(in_phase=lambda number: None)
    backends.serve(recipe, variant, "float32", None)
    assert built == [jit]
    assert taken == [1, 40, 40]
    first, *turns = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"device": "a GPU"}
    assert [set(each) for each in turns] == 2 * [{"seconds", "memory"}]


@pytest.mark.parametrize("name", ["torch_step", "torch_sampling", "torch_pictures"])
def test_torch_and_ours_compute_on_the_same_device(name, monkeypatch):
    """GPUs are hidden before either is imported."""
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "tensorflow"))
    module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(sys, "argv", [name])

    class Chosen(Exception):
        pass

    def choose():
        assert device.surely_no_gpu()
        raise Chosen

    monkeypatch.setattr(module.backend, "choose", choose)
    with pytest.raises(Chosen):
        module.main()
