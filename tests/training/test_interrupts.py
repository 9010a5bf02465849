"""Signals in a real process: Ctrl-C, SIGTERM, a second Ctrl-C, SIGUSR1, and answers in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runs.rows import read_rows
from tests.training.tiny import TINY
from training.callbacks.interrupts import Interrupts

ROOT = Path(__file__).parents[2]
LINE = 240.0  # seconds for anything to happen, on a busy machine


def start(script, *options):
    return subprocess.Popen(
        [sys.executable, script, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )


def wait_for(found, process):
    end = time.monotonic() + LINE
    while not found():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_saves_says_how_to_resume_and_resume_goes_on(pictures, cache, tmp_path):
    common = [*TINY, f"--data={pictures}", f"--cache-dir={cache}", f"--out={tmp_path}"]
    process = start("train.py", "SAGAN_V6", *common, "--steps=100000")
    folder = tmp_path / "00000-SAGAN_V6-tiny"
    wait_for(lambda: (folder / "losses.csv").exists(), process)
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: list(folder.glob("checkpoints/*-kept.weights.h5")), process)
    (folder / "checkpoint.now").touch()
    wait_for(lambda: len(list(folder.glob("checkpoints/*-kept.weights.h5"))) == 2, process)
    assert not (folder / "checkpoint.now").exists()
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=LINE)
    assert process.returncode == 130, words
    assert f"python train.py SAGAN_V6 --resume {folder}" in words
    assert "Traceback" not in words
    done = len(read_rows(folder / "losses.csv"))
    assert (folder / f"checkpoints/checkpoint-{done:08d}.weights.h5").exists()
    assert not (folder / "generator.keras").exists()

    process = start("train.py", "SAGAN_V6", f"--out={tmp_path}", "--resume", str(folder))
    wait_for(lambda: len(read_rows(folder / "losses.csv")) > done, process)
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=LINE)
    assert process.returncode == 143, words
    assert f"from step {done:,}" in words


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_second_ctrl_c_ends_at_once(monkeypatch):
    """In a child process, since it ends without clean-up."""
    code = """
import os, signal, sys
from pathlib import Path
from training.callbacks.checkpoints import Checkpoints
from training.callbacks.interrupts import Interrupts
with Interrupts(Checkpoints(Path("checkpoints"), 1, 1)) as interrupts:
    os.kill(os.getpid(), signal.SIGINT)
    print("still here", interrupts.received, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("not reached")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LINE
    )
    assert done.returncode == 130
    assert done.stdout.strip() == "still here 2"


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_the_handlers_of_before_are_back_after_the_training():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = [signal.getsignal(number) for number in numbers]
    with Interrupts(None):
        assert all(
            signal.getsignal(number) != handler
            for number, handler in zip(numbers, before, strict=True)
        )
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize(
    ("options", "code"), [(["--help"], 0), (["--oops"], 2), (["--recipe", "oops"], 2)]
)
def test_help_and_mistakes_answer_without_a_backend(options, code):
    probe = (
        "import sys\nfrom training import cli\n"
        f"try:\n    code = cli.run('sagan', {options!r})\n"
        "except SystemExit as ended:\n    code = ended.code\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "print('CODE', code, sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=LINE
    )
    assert done.stdout.splitlines()[-1] == f"CODE {code} []"
