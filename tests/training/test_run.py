"""What a run leaves in its folder, and how it goes on."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal

import h5py
import numpy as np
import pytest
from PIL import Image

import runs
from console.errors import UserError
from models import files, recipes
from runs import checkpoints as names
from runs.rows import read_rows
from training import going_on
from training.callbacks.grids import Grids

pytestmark = pytest.mark.usefixtures("eagerly")


def weights(path):
    found = {}
    with h5py.File(path) as file:
        keep = lambda name, item: (  # noqa: E731
            found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
        file.visititems(keep)
    return found


@pytest.mark.usefixtures("traced")
def test_run_folder_holds_everything(train, tmp_path):
    code, words = train("--steps=4", "--checkpoint-every=1", "--checkpoints=2", "--picture-every=2")
    assert code == 0, words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    names = {path.name for path in folder.iterdir()} - {"tensorboard"}
    assert names == {
        "recipe.json", "run.json", "reals.png", "fakes_init.png", "fakes", "progress.gif",
        "losses.csv", "losses.png", "checkpoints", "generator.keras", "guard.json",
        "singular_values.csv", "singular_values.png",
    }  # fmt: skip
    assert [row["step"] for row in read_rows(folder / "losses.csv")] == [1, 2, 3, 4]
    kept = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert kept == ["checkpoint-00000003.weights.h5", "checkpoint-00000004.weights.h5"]
    fakes = sorted(path.name for path in (folder / "fakes").iterdir())
    assert fakes == ["step-00000000.png", "step-00000002.png", "step-00000004.png"]
    with Image.open(folder / "progress.gif") as film:
        assert film.n_frames == 3
    record = json.loads((folder / "run.json").read_text())
    assert record["precision"] == "float32"
    assert record["seed"] == 0
    assert record["data"]["count"] == 16
    generator, metadata = files.load(folder / "generator.keras")
    assert metadata["recipe"] == json.loads((folder / "recipe.json").read_text())
    assert metadata["step"] == 4
    made = np.asarray(generator([np.zeros((1, 8), "float32"), np.zeros(1, "int32")]))
    assert made.shape == (1, 32, 32, 3)
    # Added up by hand: kernels, norms' gain and shift, attention with biases; no statistics.
    assert "parameters: generator 4,887, discriminator 11,323" in words
    for name in ("memory", "time", "img/s", "D zero"):
        assert name in words


SCHEDULED = [
    "--d-steps=2", "--mirror", "--penalty=r1", "--penalty-every=2", "--penalty-weight-end=1",
    "--lecam-weight=0.3", "--lecam-start=1", "--decay=cosine", "--decay-end=6",
    "--beta-2-end=0.99", "--ema-half-life=64", "--ema-ramp=0.5",
]  # fmt: skip


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "more",
    [
        pytest.param([], id="plain"),
        pytest.param(SCHEDULED, id="scheduled", marks=pytest.mark.thorough),
    ],
)
def test_three_and_resume_and_three_equal_six_bit_for_bit(train, tmp_path, more):
    assert train("--steps=6", *more)[0] == 0
    code, words = train("--steps=3", *more)
    assert code == 0, words
    code, words = train("--steps=6", "--resume", *more)
    assert code == 0, words
    whole, parts = (each.folder for each in runs.runs(tmp_path / "out"))
    assert (whole / "losses.csv").read_bytes() == (parts / "losses.csv").read_bytes()
    expected = weights(names.newest(whole / "checkpoints"))
    resumed = weights(names.newest(parts / "checkpoints"))
    assert expected.keys() == resumed.keys()
    assert len(expected) > 50
    assert [name for name in expected if not np.array_equal(expected[name], resumed[name])] == []
    same = (whole / "fakes/step-00000006.png", parts / "fakes/step-00000006.png")
    assert same[0].read_bytes() == same[1].read_bytes()


@pytest.mark.usefixtures("traced")
def test_steps_per_execution_changes_nothing_but_the_log(train, tmp_path):
    often = ("--steps=4", "--checkpoint-every=2", "--picture-every=2")
    assert train(*often)[0] == 0
    code, words = train(*often, "--steps-per-execution=2")
    assert code == 0, words
    assert "% of the time: " in words.splitlines()[-2]
    assert re.search(r"memory at most [1-9][\d.]* [MG]B$", words.splitlines()[-1])
    one, two = (each.folder for each in runs.runs(tmp_path / "out"))
    expected = weights(names.newest(one / "checkpoints"))
    found = weights(names.newest(two / "checkpoints"))
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6, err_msg=name)
    rows = read_rows(one / "losses.csv")
    assert [row["step"] for row in read_rows(two / "losses.csv")] == [2, 4]
    assert read_rows(two / "losses.csv")[1]["d_loss"] == pytest.approx(rows[3]["d_loss"], abs=1e-5)


def test_changed_recipe_is_refused_with_the_differences(train, tmp_path):
    assert train("--steps=2")[0] == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    changes = ("--g-filters=32", "--seed=5", "--quality-samples=50")
    code, words = train("--steps=4", "--resume", *changes)
    assert code == 2
    assert "quality_samples was 200, now 50" in words  # distances of other counts are other numbers
    assert "g_filters was 16, now 32" in words
    assert "seed was 0, now 5" in words
    code, words = train("--steps=4", "--resume", "--recipe=SAGAN_V5")
    assert code == 2
    code, words = train("--steps=4", "--resume=0", "--recipe=SAGAN_V5")
    assert code == 2
    assert "SAGAN_V5" in words.splitlines()[-1]
    code, words = train("--steps=2", "--resume")
    assert code == 2
    assert "has done all its 2 steps" in words
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}


def test_resume_takes_the_rest_from_the_run(pictures, tmp_path, train):
    assert train("--steps=2")[0] == 0
    from training import cli

    out = f"--out={tmp_path / 'out'}"
    assert cli.run("SAGAN_V6", ["--resume", "0", out, "--steps", "3"]) == 0
    assert len(read_rows(tmp_path / "out/00000-SAGAN_V6-tiny/losses.csv")) == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ""),
        ({"steps": 8}, "fall until step 8 now, not 4: they go on at 75% of their first values, "),
        ({"steps": 8, "decay_end": 4}, ""),
        ({"steps": 8, "decay_to": 1.0}, ""),
        (
            {"steps": 8, "decay_to": 1.0, "penalty_weight": 3.0, "penalty_weight_end": 1.0},
            "penalty_weight goes on at 2.5, not at 2\n",
        ),
    ],
)
def test_more_steps_that_move_the_end_of_the_rates_fall_are_told(changed, words, capsys):
    before = dataclasses.replace(recipes.load("SAGAN_V6"), steps=4, decay="linear")
    rest = {name: value for name, value in changed.items() if name != "steps"}
    before = dataclasses.replace(before, **rest)
    going_on.say_other_rates(before, dataclasses.replace(before, **changed), 2)
    told = capsys.readouterr().err
    assert words in told
    assert bool(words) == bool(told)


def test_rows_after_the_checkpoint_are_dropped(train, tmp_path):
    """A killed run has logged more than it saved."""
    assert train("--steps=4", "--checkpoint-every=2")[0] == 0
    folder = tmp_path / "out/00000-SAGAN_V6-tiny"
    expected = (folder / "losses.csv").read_bytes()
    (folder / "checkpoints/checkpoint-00000004.weights.h5").unlink()
    (folder / "generator.keras").unlink()
    code, words = train("--steps=4", "--resume")
    assert code == 0, words
    assert (folder / "losses.csv").read_bytes() == expected


def test_a_run_that_diverges_stops_and_keeps_its_last_good_checkpoint(train, tmp_path):
    code, words = train("--steps=50", "--checkpoint-every=1", "--g-learning-rate=1e38")
    assert code == 2
    last = words.splitlines()[-1]
    assert "is nan at step 2; the last good checkpoint is kept" in last
    folder = tmp_path / "out/00000-SAGAN_V6-tiny"
    kept = names.newest(folder / "checkpoints")
    assert str(kept) in last
    assert names.step_of(kept) == 1
    assert all(np.isfinite(values).all() for values in weights(kept).values())
    assert len(read_rows(folder / "losses.csv")) == 2
    assert not (folder / "generator.keras").exists()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize(("at", "code", "end"), [(2, 130, 3), (4, 0, 4)])
def test_a_signal_while_a_step_is_measured(train, tmp_path, monkeypatch, at, code, end):
    """Its checkpoint is already asked for: the next step has another. The last step has no next."""
    draw = Grids.on_step

    def interrupted(self, step):
        draw(self, step)
        if step == at:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Grids, "on_step", interrupted)
    found, words = train("--steps=4", "--checkpoint-every=2", "--picture-every=2")
    folder = tmp_path / "out/00000-SAGAN_V6-tiny"
    assert found == code, words
    assert names.step_of(names.newest(folder / "checkpoints")) == end
    assert (folder / "generator.keras").exists() == (code == 0)
    assert (f"stopped at step {end}" in words) == (code == 130)


def test_networks_of_an_earlier_step_are_not_the_last(train, tmp_path):
    """A run that goes on has those of its first end until its second is written."""
    assert train("--steps=2")[0] == 0
    folder = tmp_path / "out/00000-SAGAN_V6-tiny"
    old = (folder / "generator.keras").read_bytes()
    assert train("--steps=3", "--resume")[0] == 0
    (folder / "generator.keras").write_bytes(old)
    code, words = train("--steps=3", "--resume")
    assert code == 0, words
    assert files.read_metadata(folder / "generator.keras")["step"] == 3
    code, words = train("--steps=3", "--resume")
    assert "has done all its 3 steps" in words


def test_the_number_of_a_run_that_is_away_is_not_given_again(tmp_path):
    """A link whose disk is not there, and a plain file."""
    (tmp_path / "00007-SAGAN_V6-faces").symlink_to(tmp_path / "away")
    (tmp_path / "00008-notes").touch()
    assert runs.create(tmp_path, "SAGAN_V6", "faces").number == 9


def test_numbers_count_up_and_runs_are_found_again(tmp_path):
    first = runs.create(tmp_path, "SAGAN_V6", "faces")
    second = runs.create(tmp_path, "sagan_cpu", "faces")
    assert first.folder.name == "00000-SAGAN_V6-faces"
    assert second.folder.name == "00001-sagan_cpu-faces"
    for each in (first, second):
        (each.folder / "recipe.json").write_text("{}")
        (each.folder / "run.json").write_text("{}")
    assert runs.load("1", tmp_path) == runs.load(second.folder, tmp_path) == second
    assert runs.load("00000-SAGAN_V6-faces", tmp_path) == first
    with pytest.raises(UserError, match=r"no run folder 7.*00001-sagan_cpu-faces"):
        runs.load("7", tmp_path)
    (first.folder / "run.json").unlink()
    with pytest.raises(UserError, match=r"holds no run\.json"):
        runs.load("0", tmp_path)


def test_checkpoints_are_told_by_their_names(tmp_path):
    kept, best = names.name(6, names.KEPT), names.name(8, names.BEST)
    others = ("checkpoint-copy.weights.h5", "checkpoint-00000009-x.weights.h5", "x.weights.h5")
    for name in (names.name(12), best, kept, names.name(4), *others):
        (tmp_path / name).touch()
    every = [names.name(4), kept, best, names.name(12)]
    assert [path.name for path in names.found(tmp_path)] == every
    assert [path.name for path in names.of_kind(tmp_path, names.BEST)] == [best]
    assert [path.name for path in names.plain(tmp_path)] == [names.name(4), names.name(12)]
    assert names.step_of(tmp_path / kept) == 6
    with pytest.raises(UserError, match=r"checkpoint-copy.* does not have a checkpoint's name"):
        names.step_of(tmp_path / "checkpoint-copy.weights.h5")
