"""What a run does with its measurements: the best generator, the collapse watch, its way back."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import runs
from metrics.collapse import Rollback
from metrics.errors import MetricError
from metrics.intervals import Estimate
from metrics.monitor import Reading
from metrics.protocol import Record
from models import files
from models.systems.gan.turns import GAN
from runs import checkpoints as names
from runs.rows import read_rows
from tests.models import tiny
from tests.quality.planned import Planned
from training import fit
from training.callbacks import base, checkpoints
from training.callbacks.collapse_watch import CollapseWatch

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def planned(monkeypatch):
    monkeypatch.setattr("training.output.QualityMeasure", Planned)

    def plan(*distances, every=2, kernels=()):
        Planned.distances = {every * (n + 1): value for n, value in enumerate(distances)}
        Planned.kernels = {every * (n + 1): value for n, value in enumerate(kernels)}

    return plan


def test_best_generator_is_kept_with_its_passport(train, planned, tmp_path):
    """The best by the kernel distance, at step 4, where the Fréchet distance is not the least."""
    planned(2.0, 3.0, 4.0, kernels=(0.05, -0.01, 0.04))
    code, words = train("--steps=6", "--quality-every=2")
    assert code == 0, words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    metadata = files.read_metadata(folder / "best_generator.keras")
    assert metadata["step"] == 4
    assert Record.from_dict(metadata["passport"]).subject == {"step": 4}
    rows = read_rows(folder / "quality.csv")
    names = ("step", "distance", "kernel", "kernel_error", "floor")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (2, 2.0, 0.05, 0.001, 0.5),
        (4, 3.0, -0.01, 0.001, 0.5),
        (6, 4.0, 0.04, 0.001, 0.5),
    ]
    assert (folder / "quality.png").stat().st_size > 1000
    assert "KD-test -0.01 ± 0.001 at step 4, the best so far; FD-test 3 (N =" in words


def test_the_best_steps_checkpoint_stays_until_a_better_one(train, planned, tmp_path):
    """Others come and go; at step 8, which is the best, a checkpoint is due anyway."""
    planned(5.0, 3.0, 4.0, 2.0, 6.0)
    often = ("--quality-every=2", "--checkpoint-every=4", "--checkpoints=1")
    code, words = train("--steps=6", *often)
    assert code == 0, words
    place = tmp_path / "out" / "00000-SAGAN_V6-tiny" / "checkpoints"
    assert {path.name for path in names.found(place)} == {names.name(4, names.BEST), names.name(6)}
    code, words = train("--steps=10", "--resume", *often)
    assert code == 0, words
    assert {path.name for path in names.found(place)} == {names.name(8, names.BEST), names.name(10)}
    best = names.of_step(place, 8)
    code, words = train("--steps=2", f"--from={best}")
    assert code == 0, words
    assert "00000-SAGAN_V6-tiny, step 8: " in words


@pytest.mark.parametrize(("name", "step"), [("best_generator", 4), ("generator", 6)])
def test_the_averaged_generators_are_kept(train, planned, tmp_path, name, step):
    """Weight for weight those of the checkpoint of the same step, and not those in training."""
    planned(5.0, 3.0, 4.0)
    code, words = train("--steps=6", "--quality-every=2", "--checkpoint-every=2")
    assert code == 0, words
    here = runs.Run(tmp_path / "out" / "00000-SAGAN_V6-tiny")
    gan = GAN(here.recipe())
    gan.load_weights(here.checkpoints / f"checkpoint-{step:08d}.weights.h5")
    kept, _ = files.load(here.folder / f"{name}.keras")
    found = tiny.values(kept.variables)
    for network, same in ((gan.ema_generator, True), (gan.generator, False)):
        expected = tiny.values(network.variables)
        pairs = zip(found, expected, strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) is same


def test_resume_knows_the_best(train, planned, tmp_path):
    planned(3.0, 4.0, 2.0)
    train("--steps=4", "--quality-every=2")
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert files.read_metadata(folder / "best_generator.keras")["step"] == 2
    code, words = train("--steps=6", "--quality-every=2", "--resume")
    assert code == 0, words
    assert files.read_metadata(folder / "best_generator.keras")["step"] == 6
    assert [row["step"] for row in read_rows(folder / "quality.csv")] == [2, 4, 6]


@pytest.mark.parametrize("kept", [1, 9])
def test_a_run_that_gets_worse_goes_back_with_half_the_learning_rates(
    train, planned, tmp_path, kept
):
    """The alarm comes at step 10, where a checkpoint is due too: that of 8 must not make room."""
    planned(1.0, 1.0, 1.0, 9.0, 9.0, 9.0)
    code, words = train(
        "--steps=12", "--quality-every=2", "--checkpoint-every=2", f"--checkpoints={kept}",
        "--rollbacks=1",
    )  # fmt: skip
    assert code == 0, words
    assert "Going back to step 8 with 0.5 times the learning rates (return 1 of 1)" in words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert [row["step"] for row in read_rows(folder / "losses.csv")] == list(range(1, 13))
    assert json.loads((folder / "guard.json").read_text())["rollbacks"] == 1
    gan = newest(folder)
    assert float(gan.learning_rate_factor) == 0.5
    assert gan.step == 12


def test_numbers_that_are_not_finite_go_back_too(train, tmp_path, monkeypatch):
    """The fourth step's loss is no number once: back to step 3, whatever the guard has judged."""
    read, calls = base._numbers, []

    def numbers(logs):
        calls.append(logs)
        return read(logs) | ({"d_loss": float("nan")} if len(calls) == 4 else {})

    monkeypatch.setattr(base, "_numbers", numbers)
    code, words = train("--steps=5", "--checkpoint-every=1", "--checkpoints=1", "--rollbacks=1")
    assert code == 0, words
    assert "d_loss is nan at step 4. Going back to step 3 with 0.5 times the learning" in words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    rows = read_rows(folder / "losses.csv")
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5]
    assert np.isfinite([row["d_loss"] for row in rows]).all()
    assert float(newest(folder).learning_rate_factor) == 0.5


def test_a_return_is_counted_only_once_it_is_made(tmp_path, monkeypatch):
    """A run that is killed between the alarm and the return must plan it again."""
    for step in (100, 200, 300):
        (tmp_path / names.name(step)).touch()
    watch = CollapseWatch(None, tmp_path / "guard.json", tmp_path, 1, 0)
    watch.set_model(SimpleNamespace(stop_training=False))
    watch.measured(100, Reading(Estimate(0.0), 1.0, 0.0, 0.0))
    watch.on_step(100)
    before = (tmp_path / "guard.json").read_bytes()
    for step in (200, 300):
        watch.measured(step, Reading(Estimate(0.0), 9.0, 0.0, 0.0))
    watch.on_step(300)
    assert watch.model.stop_training
    assert watch.rollback.step == 100
    assert (tmp_path / "guard.json").read_bytes() == before
    watch.went_back()
    state = json.loads((tmp_path / "guard.json").read_text())
    assert (state["rollbacks"], state["measures"]) == (1, [[100, 1.0]])


def test_every_return_halves_the_learning_rates_again(train, planned, tmp_path):
    """Step 8 is bad whenever it is reached: two returns to step 6, then on to the end."""
    planned(1.0, 1.0, 9.0, 9.0, 9.0)
    code, words = train(
        "--steps=10", "--quality-every=2", "--checkpoint-every=2", "--checkpoints=9",
        "--rollbacks=2",
    )  # fmt: skip
    assert code == 0, words
    assert words.count("Going back to step 6") == 2
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert float(newest(folder).learning_rate_factor) == 0.25


def newest(folder):
    """The GAN of the newest checkpoint of the run in `folder`."""
    gan = GAN(runs.Run(folder).recipe())
    gan.load_weights(names.newest(runs.Run(folder).checkpoints))
    return gan


def test_going_back_saves_the_lower_rates_at_once_and_drops_what_came_after(tmp_path):
    here, gan = runs.Run(tmp_path), GAN(tiny.recipe(), seed=1)
    first = gan.generator.trainable_variables[0]
    (start,) = tiny.values([first])
    for step in (4, 6, 8):
        gan.steps_done.assign(step)
        first.assign_add(np.ones(first.shape))
        for kind in ("",) if step == 4 else ("", names.KEPT):
            checkpoints.save(gan, here.checkpoints / names.name(step, kind))
    session = SimpleNamespace(system=gan, recipe=gan.recipe)
    fit._go_back(here, session, Rollback(6, 0.5, 3, ""))
    assert [names.step_of(path) for path in names.found(here.checkpoints)] == [4, 6, 6]
    resumed = GAN(tiny.recipe(), seed=2)
    resumed.load_weights(names.newest(here.checkpoints))
    for each in (gan, resumed):
        assert each.step == 6
        assert float(each.learning_rate_factor) == 0.125
        now, *_ = tiny.values(each.generator.trainable_variables)
        np.testing.assert_allclose(now, start + 2, atol=1e-5)  # of step 6, not of 8


def test_the_guard_hears_of_losses_measurements_and_singular_values(train, planned, tmp_path):
    planned(5.0, 3.0, 4.0)
    code, words = train("--steps=6", "--quality-every=2", "--picture-every=2")
    assert code == 0, words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    heard = json.loads((folder / "guard.json").read_text())
    assert heard["measures"] == [[2, 5.0], [4, 3.0], [6, 4.0]]
    assert heard["duplicates"] == [[2, 0.125], [4, 0.125], [6, 0.125]]
    losses = read_rows(folder / "losses.csv")
    assert heard["steps"] == [1, 2, 3, 4, 5, 6]
    for name, column in (("zero_share", "d_zero_share"), ("g_loss", "g_loss")):
        assert heard[name] == pytest.approx([row[column] for row in losses], rel=1e-6)
    (row,) = read_rows(folder / "singular_values.csv")  # every third grid
    first = {name[:-2]: value for name, value in row.items() if name.endswith("/1")}
    assert len(first) > 6
    assert heard["spectra"].keys() == first.keys()
    for name, value in first.items():
        assert heard["spectra"][name] == [[6, pytest.approx(value, rel=1e-6)]]


def test_a_measurement_that_fails_ends_no_training(train, planned, tmp_path, monkeypatch):
    planned(1.0, 2.0)
    read = Planned.read

    def fails_at_2(self, gan):
        if gan.step == 2:
            raise MetricError("the pictures are not finite")
        return read(self, gan)

    monkeypatch.setattr(Planned, "read", fails_at_2)
    code, words = train("--steps=4", "--quality-every=2")
    assert code == 0, words
    assert "the quality was not measured at step 2: the pictures are not finite" in words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert [row["step"] for row in read_rows(folder / "quality.csv")] == [4]


def test_without_rollbacks_it_is_only_told(train, planned):
    planned(1.0, 1.0, 9.0, 9.0)
    code, words = train("--steps=8", "--quality-every=2")
    assert code == 0
    assert words.count("ALARM: The samples are getting worse: 9 at step 8, after 1 at step 2.") == 1


def test_half_the_factor_is_half_the_step():
    gans = [GAN(tiny.recipe(d_norm="none"), seed=1) for _ in range(2)]
    gans[1].learning_rate_factor.assign(0.5)
    starts = [tiny.values(gan.discriminator.trainable_variables) for gan in gans]
    moves = []
    for gan, start in zip(gans, starts, strict=True):
        tiny.fit(gan, [0])
        after = tiny.values(gan.discriminator.trainable_variables)
        moves.append([b - a for a, b in zip(start, after, strict=True)])
    for whole, half in zip(*moves, strict=True):
        np.testing.assert_allclose(half, whole / 2, atol=1e-7)
