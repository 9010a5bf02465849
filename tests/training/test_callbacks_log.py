"""When callbacks are called, which rows of the log they get, and how long they take."""

from __future__ import annotations

import dataclasses
import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import runs
from models.outputs import Ceiling
from models.systems.gan.recipe import GANRecipe
from runs.rows import read_rows
from tests.training.driving import drive
from training.callbacks import ceilings, quality
from training.callbacks.base import StepCallback, StepCallbacks
from training.callbacks.csv_log import CSVLog
from training.output import Outputs


class Recorder(StepCallback):
    def __init__(self, every):
        super().__init__()
        self.every, self.rows, self.steps = every, [], []

    def on_rows(self, rows):
        self.rows += rows

    def on_step(self, step):
        self.steps.append((step, len(self.rows)))


class Reads:
    """Logs that count how often they are read."""

    def __init__(self, value):
        self.value, self.count = value, 0

    def __array__(self, dtype=None, copy=None):
        self.count += 1
        return np.asarray(self.value, dtype)


def test_a_number_that_stays_at_its_most_is_told_once(monkeypatch, capfd):
    monkeypatch.setattr(ceilings, "LONG", 3)
    recipe = GANRecipe(name="x", augment="ada", augment_target=0.6, augment_p=0.8)
    watch = ceilings.Ceilings({"augment_p": Ceiling("augment_p", "do this")}, recipe)
    for step, p in enumerate([0.8, 0.8, 0.7, 0.8, 0.8, 0.8, 0.8], start=1):
        watch.on_rows([{"step": step, "augment_p": p}])
        told = capfd.readouterr().err
        assert ("at its most" in told) == (step == 6)
        if told:
            assert "step 6: augment_p has been at its most, 0.8, for 3 steps: do this" in told
    watch.on_rows([{"step": 8, "d_loss": 1.0}])  # a phase without it
    never = ceilings.Ceilings(
        {"augment_p": Ceiling("augment_p", "")}, dataclasses.replace(recipe, augment_p=0.0)
    )
    never.on_rows([{"step": step, "augment_p": 0.0} for step in range(9)])
    assert capfd.readouterr().err == ""


class Slow(Recorder):
    def on_step(self, step):
        time.sleep(0.05)


def test_shares_of_the_time():
    outputs = object.__new__(Outputs)
    outputs._list = SimpleNamespace(seconds={"Pictures": 1.0, "Quality": 2.0, "CSVLog": 0.01})
    words = "other work than steps 3.0 % of the time: Quality 2.0 %, Pictures 1.0 %"
    assert outputs.beside(100.0) == words


def test_seconds_of_each_callback_are_counted():
    listed = drive([Slow(every=2), Recorder(every=2)], [0.0] * 4)
    assert listed.seconds.keys() == {"Slow", "Recorder"}
    assert 0.1 <= listed.seconds["Slow"] < 5
    assert listed.seconds["Recorder"] < 0.05


def test_seconds_of_reading_rows_are_counted_too_and_add_up():
    recorder = Recorder(every=1)
    recorder.on_rows = lambda rows: time.sleep(0.03)
    recorder.on_step = lambda step: time.sleep(0.02)
    listed = drive([recorder], [0.0] * 4, read_every=1)
    assert 0.2 <= listed.seconds["Recorder"] < 5


def test_logs_are_read_in_bulk_each_step_once_and_before_what_is_due(monkeypatch):
    monkeypatch.setattr(keras.ops, "convert_to_numpy", np.asarray)
    recorder = Recorder(every=4)
    values = [Reads(float(step)) for step in range(1, 11)]
    reads = []
    original = StepCallbacks.read
    monkeypatch.setattr(
        StepCallbacks, "read", lambda self: (reads.append(len(self._unread)), original(self))
    )
    drive([recorder], values, first=20, read_seconds=1e9)
    # Steps 21 … 30: due at 24, 28 (every 4) and 30 (the last); nothing is left for the epoch's end.
    assert recorder.steps == [(24, 4), (28, 8), (30, 10)]
    assert reads == [4, 4, 2, 0]
    assert [row["step"] for row in recorder.rows] == list(range(21, 31))
    assert [row["d_loss"] for row in recorder.rows] == [float(n) for n in range(1, 11)]
    assert all(value.count == 1 for value in values)


def test_a_callback_is_called_only_if_it_says_how_often():
    callback = StepCallback()
    callback.last_step = 2
    assert not any(callback.due(step) for step in (1, 2))


def test_plain_keras_callbacks_hear_every_step():
    """They count batches from 0, as in Keras; their parameters say how many there will be."""
    heard = []

    class Plain(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            heard.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            heard.append(("end", batch, logs["d_loss"]))

        def on_epoch_end(self, epoch, logs=None):
            heard.append(("epoch", epoch))

    plain = Plain()
    listed = drive([plain], [0.5, 0.75], first=10)
    one, two = (("begin", 0), ("end", 0, 0.5)), (("begin", 1), ("end", 1, 0.75))
    assert heard == [*one, *two, ("epoch", 0)]
    assert (plain.params["epochs"], plain.params["steps"]) == (1, 2)
    assert isinstance(listed._history, keras.callbacks.History)  # which `fit` returns


def test_hosts_are_asked_after_every_step_and_told_which_is_the_last():
    asked = []

    def agree(step, stop, last):
        asked.append((step, stop, last))
        return stop

    drive([Recorder(5)], [0.0] * 3, first=10, agree=agree)
    assert asked == [(11, False, False), (12, False, False), (13, False, True)]


def test_logs_are_read_at_least_every_so_many_steps():
    recorder = Recorder(every=0)
    sizes = []
    recorder.on_rows = lambda rows: sizes.append(len(rows))
    drive([recorder], [1.0] * 7, read_every=3, read_seconds=1e9)
    assert sizes == [3, 3, 1]


def test_csv_rows_and_going_on(tmp_path):
    path = tmp_path / "losses.csv"
    drive([CSVLog(path)], [0.5, 0.25, 2.0])
    assert path.read_text() == (
        "step,d_loss,g_loss,d_zero_share\n1,0.5,1,0.25\n2,0.25,1,0.25\n3,2,1,0.25\n"
    )
    with path.open("a") as file:
        file.write("4,0.1")  # killed while writing
    drive([CSVLog(path, first_step=2)], [7.0], first=2)
    assert [(row["step"], row["d_loss"]) for row in read_rows(path)] == [
        (1, 0.5),
        (2, 0.25),
        (3, 7),
    ]


def test_a_kill_while_old_rows_are_dropped_loses_none(tmp_path, monkeypatch):
    path = tmp_path / "losses.csv"
    drive([CSVLog(path)], [0.5, 0.25, 2.0])
    before = path.read_text()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(CSVLog, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            drive([CSVLog(path, first_step=2)], [7.0], first=2)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("kept", "best"), [(2, (0.05, 2)), (4, (float("inf"), 0)), (None, None)])
def test_the_best_so_far_is_from_before_the_step_that_a_run_goes_on_from(
    tmp_path, monkeypatch, kept, best
):
    """Step 4 was measured after the last checkpoint, and will be measured again."""
    run = runs.Run(tmp_path)
    (tmp_path / "quality.csv").write_text("step,distance,kernel\n2,5,0.05\n4,1,0.01\n")
    if kept:
        run.best("generator").touch()
    monkeypatch.setattr(quality, "_step_of", lambda path: kept)
    made = quality.Quality(run, None, 2, 3, ["generator"], None)
    assert made.best == (best or (float("inf"), 0))
    assert run.best("generator").exists() == (kept == 2)
