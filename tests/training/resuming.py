"""A run that goes on from an earlier checkpoint must end as if it had never stopped."""

from pathlib import Path

import numpy as np

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
