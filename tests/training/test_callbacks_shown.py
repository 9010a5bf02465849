"""What a user sees of a run: the film of its grids, the plot, the line, TensorBoard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from foreign.files import replaced
from metrics.intervals import Estimate
from metrics.monitor import Reading
from models.systems.gan.turns import GAN
from training.callbacks import gif, loss_plot, tensorboard
from training.callbacks.base import Redrawing
from training.callbacks.grids import write_png
from training.callbacks.loss_plot import plot_losses
from training.callbacks.progress import Progress


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


def test_the_loss_plot_is_drawn_when_the_run_has_grown_by_a_quarter(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(loss_plot, "plot_losses", lambda *given: drawn.append(given))
    watched, log, picture = object(), tmp_path / "losses.csv", tmp_path / "losses.png"
    plot = loss_plot.LossPlot(watched, log, picture, every=100)
    plot.last_step = 1100
    steps = [step for step in range(1, 1101) if plot.due(step)]
    assert steps == [*range(100, 1101, 100)]
    counts = {}
    for step in steps:
        before = len(drawn)
        plot.on_step(step)
        counts[step] = len(drawn) - before
    assert [step for step, count in counts.items() if count] == [
        100,
        200,
        300,
        400,
        500,
        700,
        900,
        1100,
    ]
    assert set(drawn) == {(watched, log, picture)}


def test_losses_are_smoothed_over_a_fiftieth_of_the_run_and_thinned():
    """150 values: the mean of each and its neighbours; at the ends of the two that there are."""
    values = np.zeros(150)
    values[[0, 75, 149]] = 3.0, 6.0, 9.0
    expected = np.zeros(150)
    expected[[0, 1]] = 1.5, 1.0
    expected[[74, 75, 76]] = 2.0
    expected[[148, 149]] = 3.0, 4.5
    np.testing.assert_allclose(loss_plot._smooth(values), expected)
    assert loss_plot._thin(np.arange(150)).tolist() == list(range(150))
    assert loss_plot._thin(np.arange(5_000)).tolist() == list(range(0, 5_000, 5))


def test_a_long_run_is_drawn_every_ten_minutes_too(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr("training.callbacks.base.time.monotonic", lambda: now[0])
    redrawing = Redrawing()
    drawn = []
    for step in range(10_000, 10_010):
        if redrawing.due(step, 99_999):
            drawn.append((step, now[0]))
        now[0] += 250.0
    assert drawn == [(10_000, 1_000.0), (10_003, 1_750.0), (10_006, 2_500.0), (10_009, 3_250.0)]


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
