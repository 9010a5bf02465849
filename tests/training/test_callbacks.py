"""The callbacks one by one, on a stand-in for the GAN."""

from __future__ import annotations

import dataclasses
import errno
import math
import resource
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image, ImageSequence

from console.errors import TrainingStopped
from foreign.files import replaced
from metrics.intervals import Estimate
from metrics.monitor import Reading
from models.outputs import Ceiling
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from runs import checkpoints as names
from runs.rows import read_rows
from training.callbacks import ceilings, checkpoints, gif, tensorboard
from training.callbacks.base import StepCallback, StepCallbacks
from training.callbacks.csv_log import CSVLog
from training.callbacks.grids import write_png
from training.callbacks.loss_plot import plot_losses
from training.callbacks.nan_guard import NaNGuard
from training.callbacks.progress import Progress
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


def drive(callbacks, values, first=0, model=None, **settings):
    model = model or keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    listed = StepCallbacks(callbacks, model, first, first + len(values), **settings)
    listed.on_train_begin()
    listed.on_epoch_begin(0)
    for batch, value in enumerate(values):
        logs = {"d_loss": value, "g_loss": 1.0, "d_zero_share": 0.25}
        listed.on_train_batch_begin(batch)
        listed.on_train_batch_end(batch, logs)
    listed.on_epoch_end(0)
    listed.on_train_end()
    return listed


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


def grids(folder: Path, count: int, size: int = 64):
    rng = np.random.default_rng(1)
    for step in range(1, count + 1):
        pixels = rng.integers(0, 256, (size // 4, size // 4, 3), dtype=np.uint8)
        page = Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)
        write_png(folder / f"step-{step:08d}.png", page)


def test_gif_is_bounded_in_frames_width_and_bytes_and_always_whole(tmp_path):
    grids(tmp_path, 12, 128)
    path = tmp_path / "progress.gif"
    film = gif.ProgressGIF(tmp_path, path, every=1, frames=5, width=96, limit=10**9)
    film.last_step = 12
    for step in (1, 2, 12):
        film.on_step(step)
        with Image.open(path) as picture:
            assert picture.n_frames == min(step, 5)
            assert picture.size == (96, 96 + 16)
            picture.seek(picture.n_frames - 1)
            picture.load()
    large = path.stat().st_size
    small = gif.ProgressGIF(tmp_path, path, every=1, frames=5, width=96, limit=large - 1)
    small.on_step(12)
    assert path.stat().st_size <= large - 1
    assert not list(tmp_path.glob(".unfinished*"))


def test_gif_frames_spread_over_the_run():
    steps = list(range(0, 5001, 50))
    chosen = gif.spread(steps, 11)
    assert chosen == list(range(0, 5001, 500))
    assert gif.spread(steps[:3], 11) == steps[:3]


def test_gif_is_not_rebuilt_for_every_grid(tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr(gif.ProgressGIF, "_build", lambda self, found: built.append(len(found)))
    film = gif.ProgressGIF(tmp_path, tmp_path / "progress.gif", every=1)
    film.last_step = 1000
    grids(tmp_path, 100, 4)
    for step in range(1, 101):
        film.on_step(step)
    assert built == [1, 2, 3, 4, 5, 7, 9, 12, 15, 19, 24, 30, 38, 48, 60, 75, 94]
    film.last_step = 100
    film.on_step(100)
    assert built[-1] == 100  # the end is always shown


def test_gif_ends_with_the_newest_grid_and_rests_there(tmp_path):
    """Every grid in a colour of its own; the captions below do not count."""
    for step in range(0, 130, 10):
        page = Image.new("RGB", (40, 40), (2 * step, 255 - 2 * step, 128))
        write_png(tmp_path / f"step-{step:08d}.png", page)
    film = gif.ProgressGIF(tmp_path, tmp_path / "progress.gif", every=10, frames=5)
    film.last_step = 110
    film.on_step(110)  # the grid of step 120 is from a run that was cut off
    with Image.open(tmp_path / "progress.gif") as picture:
        assert picture.info["loop"] == 0
        shown, times = [], []
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            shown.append(frame.convert("RGB").getpixel((20, 20)))
            times.append(frame.info["duration"])
    # Five of the twelve steps 0, 10, …, 110, evenly spread.
    expected = [(2 * step, 255 - 2 * step, 128) for step in (0, 30, 60, 80, 110)]
    np.testing.assert_allclose(shown, expected, atol=3)
    assert times == [150, 150, 150, 150, 2_000]


def test_gif_captions_name_the_step(tmp_path):
    """Two grids alike but for their step differ below the picture alone."""
    film = gif.ProgressGIF(tmp_path, tmp_path / "progress.gif", every=10)
    path = tmp_path / "step-00000000.png"
    write_png(path, Image.new("RGB", (40, 40), "white"))
    frames = [film._frame(step, path) for step in (1_000, 1_001)]
    assert frames[0].shape == (56, 40, 3)
    assert (frames[0][:40] == frames[1][:40]).all()
    assert (frames[0][40:] != frames[1][40:]).any()


def test_a_failed_write_keeps_what_was_there(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"before")

    def fail():
        with replaced(path) as unfinished:
            unfinished.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_loss_plot_with_and_without_zero_share(tmp_path):
    for header, row in (
        ("step,d_loss,g_loss,d_zero_share", "1,2,0.5"),
        ("step,d_loss,g_loss", "1,2"),
    ):
        log = tmp_path / "losses.csv"
        log.write_text(header + "\n" + "".join(f"{n},{row}\n" for n in range(1, 30)))
        plot_losses(GAN.watched, log, tmp_path / "losses.png")
        with Image.open(tmp_path / "losses.png") as picture:
            assert picture.width > 500


def test_progress_line_measures_without_the_first_step(capfd, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("training.callbacks.progress.time.monotonic", lambda: now[0])
    progress = Progress(GAN.watched, images_per_step=64, first_step=0, last_step=100)
    progress.on_train_begin()
    for step, seconds in ((1, 20.0), (11, 2.0), (100, 17.8)):  # compiling, then 0.2 s a step
        now[0] += seconds
        row = {"step": step, "d_loss": 1.5, "g_loss": -0.25, "d_zero_share": 0.125}
        progress.on_rows([row])
    progress.on_train_end()
    words = capfd.readouterr().err
    assert "step 1/100 · D 1.500 · G -0.250 · D zero 12 %\n" in words
    assert "measured 0.2 s a step: 100 steps take 20 s" in words
    assert "step 100/100" in words
    assert "320 img/s · 0 s left" in words


def test_progress_rate_is_that_of_the_last_minute(capfd, monkeypatch):
    """Ten steps of 10 s, then 0.5 s a step: after a minute the slow ones are forgotten."""
    now = [0.0]
    monkeypatch.setattr("training.callbacks.progress.time.monotonic", lambda: now[0])
    progress = Progress(GAN.watched, images_per_step=64, first_step=0, last_step=1_000)
    step, seen = 0, {}
    for seconds, count in ((10.0, 10), (0.5, 200)):
        for _ in range(count):
            step, now[0] = step + 1, now[0] + seconds
            progress.on_rows([{"step": step, "d_loss": 1.0, "g_loss": 1.0}])
            seen[step] = progress.seconds_per_step
    assert seen[1] is None
    assert seen[10] == pytest.approx(10)
    assert seen[70] == pytest.approx((3 * 10 + 60 * 0.5) / 63)  # half of the minute was slow
    assert seen[110] == pytest.approx((10 + 100 * 0.5) / 101)
    assert seen[130] == pytest.approx(0.5)
    assert progress.seconds_per_step == pytest.approx(0.5)
    # The last line printed, of step 190: 64 / 0.5 pictures, 810 · 0.5 s.
    assert "128 img/s · 7 min left" in capfd.readouterr().err.splitlines()[-1]


@pytest.mark.skipif(not tensorboard.installed(), reason="tensorboard is not installed")
def test_tensorboard_holds_scalars_and_grids(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    grids(tmp_path / "fakes", 1)
    board = tensorboard.TensorBoard(tmp_path / "tb", tmp_path / "fakes", every=1, scalars_every=1)
    board.on_rows([{"step": 1, "d_loss": 0.5}])
    board.on_step(1)
    board.measured(1, Reading(Estimate(0.25), 8.0, 0.125, 0.1))
    board.on_train_end()
    read = EventAccumulator(str(tmp_path / "tb")).Reload()
    assert [(e.step, e.value) for e in read.Scalars("train/d_loss")] == [(1, 0.5)]
    values = {"kernel distance": 0.25, "Fréchet distance": 8.0, "duplicate share": 0.125}
    for name, value in values.items():
        assert [(e.step, e.value) for e in read.Scalars(f"quality/{name}")] == [(1, value)]
    image = read.Images("fakes")[0]
    assert image.encoded_image_string == (tmp_path / "fakes/step-00000001.png").read_bytes()
