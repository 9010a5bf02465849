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


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_processes_are_started_is_no_traceback(name):
    """It comes after a process is there and before it is told what to do."""
    code = f"""
import os, signal
from console import quietly
from multiprocessing import util
from tests.datasets import test_processes
plain = util.spawnv_passfds
def spawn(path, arguments, handles):
    pid = plain(path, arguments, handles)
    if "spawn_main" in str(arguments):
        os.kill(os.getpid(), signal.{name})
    return pid
util.spawnv_passfds = spawn
list(test_processes.processes.each_done(test_processes.square, [(1,)] * 9, workers=2))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == -getattr(signal, name)
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_while_processes_begin_is_no_traceback():
    """It reaches them as well, before they can ignore it."""
    code = """
import os, signal
from console import quietly
from tests.datasets import test_processes
import threading
def interrupt():
    os.killpg(0, signal.SIGINT)
threading.Timer(0.1, interrupt).start()
list(test_processes.processes.each_done(test_processes.square, [(1,)] * 999999, workers=2))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
        start_new_session=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGINT
    assert done.stderr.strip() == "interrupted"
