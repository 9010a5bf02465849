"""The callback that saves: no bad weights, no half file, and which checkpoints are kept."""

from __future__ import annotations

import errno
import math
import resource

import keras
import pytest

from console.errors import TrainingStopped
from runs import checkpoints as names
from tests.training.driving import drive
from training.callbacks import checkpoints
from training.callbacks.base import StepCallback
from training.callbacks.nan_guard import NaNGuard


def test_nan_stops_before_a_checkpoint_and_names_the_last_good_one(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    saved = checkpoints.Checkpoints(tmp_path, every=2, keep=3)
    guard = NaNGuard(lambda: names.newest(tmp_path))
    with pytest.raises(TrainingStopped, match=r"d_loss is nan at step 3; .*checkpoint-00000002"):
        drive([guard, saved], [1.0, 1.0, math.nan, 1.0], model=model)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000002.weights.h5"]
    model.layers[0].bias.assign([math.inf])
    with pytest.raises(TrainingStopped, match="no longer finite; not saved, there is none before"):
        checkpoints.save(model, tmp_path / "checkpoint-00000004.weights.h5")
    assert len(list(tmp_path.iterdir())) == 1


def test_full_disk_leaves_the_checkpoint_before_and_no_half(tmp_path):
    """A real failed write: the size of files is limited while the checkpoint is written."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1024)])
    model.compile("sgd", "mse")
    before = tmp_path / "checkpoint-00000001.weights.h5"
    checkpoints.save(model, before)
    content = before.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        words = r"could not be written .*0001.weights.h5. Make room and go on with --resume"
        with pytest.raises(TrainingStopped, match=words):
            checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5", before)
        words = r"there is none before it. Make room and start again"
        with pytest.raises(TrainingStopped, match=words):
            checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == [before]
    assert before.read_bytes() == content
    checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5", before)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC])
def test_room_is_taken_before_hdf5_writes(number, tmp_path, monkeypatch):
    """Free space may lie: a quota is seen when the room is taken, not in the middle of a file."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1024)])
    model.compile("sgd", "mse")
    asked = []

    def full(handle, start, size):
        asked.append((start, size))
        raise OSError(number, "Disk quota exceeded")

    monkeypatch.setattr("os.posix_fallocate", full)
    monkeypatch.setattr(model, "save_weights", lambda path: pytest.fail("HDF5 was reached"))
    with pytest.raises(TrainingStopped, match=r"could not be written \(.*quota exceeded"):
        checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5")
    assert asked[0][1] > 4 * (64 * 1024 + 1024)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()

    def unable(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.posix_fallocate", unable)  # such file systems are written as before
    checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5")
    assert len(list(tmp_path.iterdir())) == 1


def test_the_best_between_two_checkpoints_is_that_of_its_own_step(tmp_path):
    folder = tmp_path / "checkpoints"
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    saved = checkpoints.Checkpoints(folder, every=4, keep=1, measures=lambda step: step == 3)
    measure = StepCallback()
    measure.every = 3
    measure.on_step = lambda step: saved.measured_best() if step == 3 else None
    drive([measure, saved], [1.0] * 4, model=model)
    assert {each.name for each in folder.iterdir()} == {names.name(3, names.BEST), names.name(4)}


def test_weights_that_are_not_finite_may_be_gone_back_from(tmp_path):
    """The losses of a step are from before its update: only the weights show it."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.layers[0].bias.assign([math.inf])
    asked = []
    for answer in (True, False):
        go_back = lambda message, found=answer: bool(asked.append(message)) or found  # noqa: E731
        saved = checkpoints.Checkpoints(tmp_path, every=1, keep=3, go_back=go_back)
        saved.set_model(model)
        saved.last_step = 9
        if answer:
            saved.on_step(1)
        else:
            with pytest.raises(TrainingStopped, match="bias is no longer finite; not saved, there"):
                saved.on_step(1)
    assert asked == [f"{model.layers[0].bias.path} is no longer finite after step 1."] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_request_outlives_a_rollback(tmp_path):
    """What ends the training comes before the checkpoints; the next ones find the file again."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    (tmp_path / checkpoints.REQUEST).touch()
    end = StepCallback()
    end.every = 1
    end.on_step = lambda step: setattr(end.model, "stop_training", True)
    drive([end, checkpoints.Checkpoints(tmp_path / "checkpoints", 9, 1)], [1.0], model=model)
    assert not (tmp_path / "checkpoints").exists()
    drive([checkpoints.Checkpoints(tmp_path / "checkpoints", 9, 1)], [1.0, 1.0], model=model)
    assert names.of_kind(tmp_path / "checkpoints", names.KEPT)
    assert not (tmp_path / checkpoints.REQUEST).exists()


def test_too_little_room_is_seen_before_writing(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1024)])
    model.compile("sgd", "mse")
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(TrainingStopped, match=r"kB needed, 1.0 kB free\); there is none before"):
        checkpoints.save(model, tmp_path / "checkpoint-00000002.weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_newest_checkpoints_are_kept_and_requested_ones_stay(tmp_path):
    folder = tmp_path / "checkpoints"
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    saved = checkpoints.Checkpoints(folder, every=1, keep=2)
    ask = StepCallback()
    ask.every = 1
    ask.on_step = lambda step: (tmp_path / checkpoints.REQUEST).touch() if step == 3 else None
    drive([ask, saved], [1.0] * 6, model=model)
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint-00000004-kept.weights.h5",  # asked for when step 3 was over
        "checkpoint-00000005.weights.h5",
        "checkpoint-00000006.weights.h5",
    ]
    assert not (tmp_path / checkpoints.REQUEST).exists()
    assert names.step_of(names.newest(folder)) == 6
