"""What every system owes on the command line: it goes on as if never stopped, it refuses early."""

from pathlib import Path

import numpy as np

import runs
from runs import checkpoints
from tests.training.test_run import weights


def assert_it_goes_on(run, folder: Path, step: int) -> None:
    """Forget the checkpoints after `step`, resume: the last weights are the same, bit for bit.

    `run`: options → (exit code, words), see `train_recipe`; `folder`: of the finished run number 0.
    """
    expected = weights(checkpoints.newest(folder / "checkpoints"))
    for path in checkpoints.found(folder / "checkpoints"):
        if checkpoints.step_of(path) > step:
            path.unlink()
    code, words = run("--resume=0")
    assert code == 0, words
    found = weights(checkpoints.newest(folder / "checkpoints"))
    assert expected.keys() == found.keys()
    assert [name for name in expected if not np.array_equal(expected[name], found[name])] == []


def assert_refused(answer: tuple[int, str], message: str, out: Path) -> None:
    """`answer`, (exit code, words), is a mistake told with `message`; `out` holds no run."""
    code, words = answer
    assert code == 2
    assert message in words
    assert "Traceback" not in words
    assert not runs.runs(out)
