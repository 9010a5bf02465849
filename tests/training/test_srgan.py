"""An SRGAN from the command line: both phases in one run, how it goes on, what it refuses."""

import functools
import json

import numpy as np
import pytest
from PIL import Image

import runs
from models import files, recipes
from runs import checkpoints as names
from runs.rows import read_rows
from tests.training.running import assert_it_goes_on, assert_refused
from training import going_on

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=32", "--crop=16", "--g-filters=4", "--blocks=1", "--d-filters=2",
        "--d-units=8", "--batch-size=2", "--pixel-steps=2", "--late-steps=1", "--steps=5",
        "--content=lite0_block1", "--precision=float32", "--workers=1", "--picture-rows=2",
        "--picture-columns=4", "--checkpoint-every=1", "--checkpoints=9"]  # fmt: skip


@pytest.fixture
def run(train_recipe):
    """`run("--steps=4")` → (exit code, its words)."""
    return functools.partial(train_recipe, "srgan_cpu", TINY)


def saved(folder):
    return [path.name for path in names.found(folder / "checkpoints")]


def test_both_phases_are_one_run_that_goes_on_wherever_it_stopped(run, tmp_path):
    code, words = run()
    assert code == 0, words
    assert "phases     pixels 2 steps, adversarial 2 steps, late 1 steps" in words
    assert "16 pictures of 32 × 32 px, 2 of them held out" in words
    assert "; phase " in next(line for line in words.splitlines() if line.startswith("memory"))
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    # What each phase came to is kept; the last one's is what the run leaves.
    assert saved(whole) == [names.name(1), names.name(2, names.KEPT), names.name(3),
                            names.name(4, names.KEPT), names.name(5)]  # fmt: skip
    rows = read_rows(whole / "losses.csv")
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5]
    assert set(rows[0]) == {"step", "mse", "content", "d_loss", "g_loss"}
    assert [bool(np.isnan(row["d_loss"])) for row in rows] == [True, True, False, False, False]
    assert all(row["mse"] > 0 for row in rows)
    network, metadata = files.load(whole / "upscaler.keras")
    assert (metadata["verb"], metadata["step"]) == ("upscale", 5)
    assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
    assert network.output_shape == (None, None, None, 3)
    with Image.open(whole / "fakes" / "step-00000005.png") as grid:
        assert grid.size[0] == 4 * 34 + 2  # small, bicubic, network, truth
        assert grid.size[1] > 2 * 34 + 2  # the columns have captions
    assert_it_goes_on(run, whole, 2)  # at a seam, and over the next
    assert [int(row["step"]) for row in read_rows(whole / "losses.csv")] == [1, 2, 3, 4, 5]


def test_other_steps_that_move_the_phases_are_told(capsys):
    before = recipes.load("srgan_cpu").changed(steps=9_000, pixel_steps=6_000, late_steps=500)
    more = before.changed(steps=18_000)
    before, more = (each.changed(learning_rate=0.0002) for each in (before, more))
    for done in (5_999, 6_000, 8_000):  # in the same phase by both
        going_on.say_other_rates(before, more, done)
    assert capsys.readouterr().err == ""
    for done in (8_500, 9_000):
        going_on.say_other_rates(before, more, done)
        said = capsys.readouterr().err
        assert "with 18,000 steps the next one is of phase adversarial" in said
        assert "with 9,000 it was late: learning_rate is 0.0002 now, not 2e-05" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scale=3"], "scale must be 2 or 4, not 3"),
        (["--crop=64"], "crop 64 does not fit into pictures of resolution 32"),
        (["--pixel-steps=4"], "steps 5 leave no adversarial ones"),
        (["--domains=red hair, blue hair"], "--domains is for recipes that translate between"),
        (["--rollbacks=1"], "--rollbacks is for GANs; recipe srgan_cpu trains a srgan"),
        (["--control-samples=9"], "a srgan takes no labels"),
        (["--latent-dim=3"], "--latent-dim"),
        (["--content=vgg16"], "'vgg16' is unknown (did you mean vgg54?). Known: vgg54"),
        (["--held-out=1"], "held_out 1 keeps every picture out of training"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, message, run, tmp_path):
    assert_refused(run(*options), message, tmp_path / "out")


def test_missing_weights_are_told_before_any_picture_is_read(run, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nowhere"))
    code, words = run("--content=vgg54")
    assert code == 2
    assert "vgg54 needs the weights of VGG19 at" in words.splitlines()[-1]
    assert "data  " not in words
