"""Processes that draw pictures end when their parent is ended, however that happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds, on a busy machine


def busy(ready):
    Path(ready).with_suffix(f".{os.getpid()}").touch()
    time.sleep(10 * PATIENCE)


def parent(folder):
    from datasets import processes

    list(processes.each_done(busy, [(f"{folder}/a",)] * 2, workers=2))


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGHUP"])
def test_busy_processes_end_with_their_parent(name, tmp_path):
    code = f"from tests.datasets import test_ended_parent as t; t.parent({str(tmp_path)!r})"
    started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    until = time.monotonic() + PATIENCE
    while len(list(tmp_path.iterdir())) < 2:
        assert started.poll() is None, started.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.02)
    started.send_signal(getattr(signal, name))
    # Every process that it started holds the other ends of these pipes.
    said = started.communicate(timeout=PATIENCE)
    assert started.returncode == -getattr(signal, name)
    assert "Traceback" not in "".join(said)
