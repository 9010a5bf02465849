"""The benchmark for GPUs, at a tiny size on this machine's processor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu
from models import recipes

ROOT = Path(__file__).parents[2]


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *words], cwd=ROOT, text=True, capture_output=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment}, timeout=300,
    )  # fmt: skip


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path):
    done = run("--out", str(tmp_path / "a"))
    assert done.returncode != 0
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("benchmarks.gpu: there is no GPU on this machine; --anyway measures")
    assert not (tmp_path / "a").exists()


@pytest.mark.thorough
def test_it_measures_trains_and_keeps_a_grid(tmp_path):
    words = ["--anyway", "--small", "--turns", "1", "--minutes", "0.01", "--recipes", "sagan_cpu"]
    done = run(*words, "--precision", "float32", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "gpu.json").read_text())
    row = found["steps"]["sagan_cpu"]
    assert row["milliseconds"] > 0
    assert row["pictures"] == pytest.approx(16e3 / row["milliseconds"])
    assert row["share"] == pytest.approx(row["teraflops"] / row["matrix_teraflops"])
    assert 0 < row["share"] < 2
    assert row["gigabytes"] > 0.2
    assert found["training"]["steps"] >= 2
    assert (tmp_path / "gpu.png").stat().st_size > 1000
    assert "ms a step" in done.stdout


@pytest.mark.parametrize("name", gpu.SUBJECTS)
def test_subjects_are_the_notes_at_128_px(name):
    recipe = recipes.load(name)
    fields = gpu.SUBJECTS[name]
    assert fields["batch_size"] == 64
    assert fields["resolution"] == recipe.resolution  # the recipe's own size
