"""The benchmark for GPUs, at a tiny size on this machine's processor."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import gpu, gpu_training, pace
from console.errors import UserError
from models import recipes
from training import device

ROOT = Path(__file__).parents[2]
ROW = {
    "device": "a GPU", "milliseconds": 50.0, "pictures": 1280.0, "share": 0.2,
    "matrix_teraflops": 40.0, "gigabytes": 3.0, "compile_seconds": 20.0,
}  # fmt: skip


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *words], cwd=ROOT, text=True, capture_output=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment}, timeout=300,
    )  # fmt: skip


def read(*words):
    return gpu.build_parser().parse([str(word) for word in words])


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path):
    done = run("--out", str(tmp_path / "a"))
    assert done.returncode != 0
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("benchmarks.gpu: error: there is no GPU on this machine; --anyway meas")
    assert not (tmp_path / "a").exists()


def test_a_backend_without_a_gpu_is_noticed_before_anything_is_built(monkeypatch):
    monkeypatch.setattr(device, "start", lambda: None)
    found = device.Device("cpu", "a processor", 2, None, False)
    monkeypatch.setattr(device, "find", lambda: found)
    monkeypatch.setattr(gpu, "chosen", None)  # it would be called
    answer = gpu.answer(read("--part", "sagan_cpu"))
    assert "finds no GPU, but a processor; install its version" in answer["mistake"]
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: argparse.Namespace(stdout=json.dumps(answer))
    )
    with pytest.raises(UserError, match="finds no GPU, but a processor"):
        gpu.child([], "sagan_cpu", time.monotonic() + 9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--turns", "0"], "must be a whole number from 1 to 1000, not 0"),
        (["--limit", "0"], "must be above 0, not 0"),
        (["--minutes", "nan"], "--minutes"),
        (["--recipes", "sagan_gpu"], "did you mean sagan_cpu"),
    ],
)
def test_numbers_that_cannot_be_are_refused_in_a_line(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        read(*words)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line


def test_a_part_that_fails_is_noted_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    """What is in OUT stays, and the training takes the first recipe that was measured."""
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "mine.py").write_text("")
    seen, trained = [], []

    def child(words, name, end):
        path = tmp_path / "gpu.json"
        seen.append([*json.loads(path.read_text())["steps"]] if path.exists() else [])
        return {"failed": "out of memory"} if name == "SAGAN_V6" else dict(ROW)

    monkeypatch.setattr(device, "surely_no_gpu", lambda: False)
    monkeypatch.setattr(gpu, "child", child)
    monkeypatch.setattr(
        gpu_training, "train",
        lambda recipe, *given: trained.append(recipe.name) or {"failed": "no time was left"},
    )  # fmt: skip
    assert gpu.measure(read("--out", tmp_path), []) == 1
    assert seen == [[], ["SAGAN_V6"], ["SAGAN_V6", "BIGGAN_V1"]]  # written after every part
    assert trained == ["BIGGAN_V1"]
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["steps"]["SAGAN_V6"] == {"failed": "out of memory"}
    assert found["steps"]["sagan_cpu"]["milliseconds"] == 50.0
    assert found["training"] == {"failed": "no time was left"}
    assert found["device"] == "a GPU"
    assert "SAGAN_V6: failed: out of memory" in capsys.readouterr().out
    assert (tmp_path / "training" / "mine.py").exists()


def test_a_child_that_dies_or_takes_too_long_has_failed(monkeypatch):
    def ends(error):
        def raising(*_, timeout, **__):
            assert timeout >= 0
            raise error

        monkeypatch.setattr(subprocess, "run", raising)
        return gpu.child([], "sagan_cpu", time.monotonic() - 1)

    assert "time was over" in ends(subprocess.TimeoutExpired("x", 0))["failed"]
    assert ends(subprocess.CalledProcessError(-9, "x")) == {"failed": "its process ended with -9"}
    monkeypatch.setattr(gpu, "part", lambda options: (_ for _ in ()).throw(MemoryError("OOM\nat")))
    assert gpu.answer(read()) == {"failed": "MemoryError: OOM at"}


LONG = """
import pathlib, signal, sys, time
grids = pathlib.Path(sys.argv[sys.argv.index("--out") + 1]) / "00000-x" / "fakes"
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
grids.mkdir(parents=True)
(grids / "step-00000000.png").write_bytes(b"first")
while not stopped:
    time.sleep(0.01)
(grids / "step-00000007.png").write_bytes(b"last")
sys.exit(130)
"""


def test_a_training_that_is_too_long_is_told_to_stop_and_its_last_grid_is_kept(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        gpu_training, "command",
        lambda recipe, options, steps, out: [sys.executable, "-c", LONG, "--out", out],
    )  # fmt: skip
    options = read("--out", tmp_path, "--minutes", "0.005")
    found = gpu_training.train(recipes.load("sagan_cpu"), options, 1.0, time.monotonic() + 300)
    assert (found["recipe"], found["grid_step"]) == ("sagan_cpu", 7)
    assert 0.005 <= found["minutes"] < 1
    assert (tmp_path / "gpu.png").read_bytes() == b"last"
    assert [path.name for path in tmp_path.iterdir()] == ["gpu.png"]  # and no run
    late = gpu_training.train(recipes.load("sagan_cpu"), options, 1.0, time.monotonic() + 1)
    assert late == {"failed": "no time was left; give a longer --limit"}


def test_a_training_has_the_sizes_that_were_measured():
    options = read("--precision", "mixed_float16")
    words = gpu_training.command(gpu.chosen("BIGGAN_V1", False), options, 5, "there")
    told = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[1:3] == ["train.py", "BIGGAN_V1"]
    expected = {"--batch-size": "64", "--resolution": "128", "--labels": "none", "--steps": "5"}
    expected |= {"--quality-samples": "0", "--precision": "mixed_float16", "--out": "there"}
    assert expected.items() <= told.items()
    small = gpu_training.command(gpu.chosen("sagan_cpu", True), read("--small"), 5, "there")
    assert small[small.index("--g-filters") + 1] == "64"
    assert small[small.index("--count") + 1] == "200"


def test_a_turn_has_as_many_steps_as_take_two_seconds(monkeypatch):
    """A call takes 30 ms and each step 1 ms."""
    clock = argparse.Namespace(now=0.0)

    def take(count):
        clock.now += 0.03 + 0.001 * count

    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock.now)
    assert 1970 <= pace.enough_steps(take, 2.0) < 2600
    monkeypatch.setattr(pace.time, "perf_counter", iter(range(99)).__next__)
    assert pace.enough_steps(lambda count: None, 0.5) == 1


def test_a_folder_that_cannot_be_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(device, "surely_no_gpu", lambda: False)
    with pytest.raises(UserError, match=r"cannot write to --out .*file: File exists"):
        gpu.measure(read("--out", tmp_path / "file"), [])


@pytest.mark.thorough
def test_it_measures_trains_and_keeps_a_grid(tmp_path):
    words = ["--anyway", "--small", "--turns", "1", "--minutes", "0.05", "--recipes", "sagan_cpu"]
    done = run(*words, "--precision", "float32", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "gpu.json").read_text())
    row = found["steps"]["sagan_cpu"]
    assert row["milliseconds"] > 0
    assert row["pictures"] == pytest.approx(16e3 / row["milliseconds"])
    assert row["share"] == pytest.approx(row["teraflops"] / row["matrix_teraflops"])
    assert 0 < row["share"] < 2
    assert row["gigabytes"] > 0.2
    assert found["training"]["minutes"] > 0
    assert (tmp_path / "gpu.png").stat().st_size > 1000
    assert {path.name for path in tmp_path.iterdir()} == {"gpu.json", "gpu.png"}
    assert "ms a step" in done.stdout


@pytest.mark.parametrize("name", gpu.SUBJECTS)
def test_subjects_are_the_notes_at_128_px(name):
    recipe = recipes.load(name)
    fields = gpu.SUBJECTS[name]
    assert fields["batch_size"] == 64
    assert fields["resolution"] == recipe.resolution  # the recipe's own size
