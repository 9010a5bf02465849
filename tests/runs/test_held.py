"""One process trains a run at a time; a process that died lets go."""

import subprocess
import sys
from pathlib import Path

import pytest

from console.errors import UserError
from runs import Run

pytest.importorskip("fcntl")
ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from runs import Run
with Run(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder):
    """A process that holds the run until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_while_the_first_lives(tmp_path):
    first = holder(tmp_path)
    try:
        words = f"another process trains {tmp_path}; wait for it, or stop it"
        with pytest.raises(UserError, match=words), Run(tmp_path).held():
            pass
    finally:
        first.kill()
        first.wait()
    with Run(tmp_path).held():
        pass
    assert list(tmp_path.iterdir()) == []


def test_it_is_let_go_at_the_end(tmp_path):
    run = Run(tmp_path)
    for _ in range(2):
        with run.held(), pytest.raises(UserError), Run(tmp_path).held():
            pass
