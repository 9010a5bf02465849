"""The benchmarks' table and its comparison."""

import dataclasses
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as table
from benchmarks import compare

ROOT = Path(__file__).parents[2]


def results(**values):
    rows = {name: {"value": value, "better": "less"} for name, value in values.items()}
    return {"machine": {"processor": "x"}, "commit": "abc", "rows": rows}


def test_rows_of_a_printed_table():
    found = table.rows_of("data", "x86, 2 cores\nbuild a cache from them      1,234     2.5×\n")
    assert {name: row["value"] for name, row in found.items()} == {
        "data: build a cache from them [0]": 1234.0,
        "data: build a cache from them [1]": 2.5,
    }


def test_the_largest_change_comes_first():
    rows = compare.compare(results(a=1.0, b=2.0, c=3.0), results(a=1.01, b=1.0, d=5.0))
    assert rows == [("b", 2.0, 1.0, 0.5, "better"), ("a", 1.0, 1.01, 1.01, "")]


def test_more_is_better_for_rates():
    first, second = results(rate=10.0), results(rate=5.0)
    first["rows"]["rate"]["better"] = "more"
    assert compare.compare(first, second)[0][4] == "worse"


def test_files_that_are_no_results(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"rows": 3}))
    run = subprocess.run(
        [sys.executable, "benchmarks/compare.py", str(bad), str(bad)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("network", ["sagan", "biggan"])
def test_the_torch_networks_have_our_parameters(network):
    from benchmarks import torch_networks, torch_step
    from models import networks

    recipe = torch_step.recipe_of(network, resolution=64, batch_size=2)
    recipe = dataclasses.replace(recipe, g_filters=recipe.g_filters // 16, d_filters=8)
    ours = [
        sum(int(weight.numpy().size) for weight in network.trainable_variables)
        for network in networks.build(recipe, seed=0)
    ]
    theirs = [
        sum(p.numel() for p in network.parameters()) for network in torch_networks.networks(recipe)
    ]
    assert ours == theirs


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_sampling_is_compared_in_every_form():
    from benchmarks import torch_sampling, torch_step

    recipe = torch_step.recipe_of("sagan", resolution=32, batch_size=2)
    found = torch_sampling.measure(dataclasses.replace(recipe, g_filters=64, d_filters=8), turns=1)
    for batch in (1, 64):
        times = {name: found[f"{name}, {batch}"] for name in torch_sampling.OURS}
        theirs = found[f"torch bfloat16, {batch}"]
        for name, seconds in times.items():
            ratio = found[f"{name} ÷ torch bfloat16, {batch}"]
            assert ratio == pytest.approx(seconds / theirs)
        ratio = found[f"served ÷ saved_model, {batch}"]
        assert ratio == pytest.approx(times["served"] / times["saved_model"])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_without_bfloat16_arithmetic_float32_alone_is_measured(monkeypatch, capsys):
    from benchmarks import torch_sampling, torch_step
    from training import device

    monkeypatch.setattr(device, "_cpu_has_bfloat16", lambda: False)
    monkeypatch.setattr(device, "surely_no_gpu", lambda: True)
    assert torch_step.has_bfloat16() is False
    assert "float32 alone is measured" in capsys.readouterr().err
    recipe = torch_step.recipe_of("sagan", resolution=32, batch_size=2)
    recipe = dataclasses.replace(recipe, g_filters=64, d_filters=8)
    sampling = torch_sampling.measure(recipe, turns=1, bfloat16=False)
    assert sampling["training ÷ torch float32, 1"] > 0
    assert not [name for name in sampling if "bfloat16" in name]
