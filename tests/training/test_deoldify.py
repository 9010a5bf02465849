"""A colouring network from the command line: its phases in one run, what it refuses."""

import functools
import json

import numpy as np
import pytest
from PIL import Image

import runs
from models import files
from runs.rows import read_rows
from tests.training.running import assert_it_goes_on, assert_refused

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=32", "--encoder=lite0", "--g-filters=8", "--d-filters=4", "--d-blocks=1",
        "--batch-size=2", "--decoder-steps=1", "--small-steps=0", "--medium-steps=0",
        "--large-steps=1", "--d-medium-steps=0", "--d-large-steps=1", "--steps=5",
        "--d-threshold=9", "--precision=float32", "--workers=1", "--picture-rows=2",
        "--picture-columns=3", "--checkpoint-every=1", "--checkpoints=9"]  # fmt: skip


@pytest.fixture
def run(train_recipe):
    """`run("--steps=4")` → (exit code, its words)."""
    return functools.partial(train_recipe, "deoldify", TINY)


def test_all_phases_are_one_run_that_goes_on_wherever_it_stopped(run, tmp_path):
    code, words = run()
    assert code == 0, words
    phases = "decoder 1 steps, large 1 steps, large_discriminator 1 steps, adversarial 2 steps"
    assert f"phases     {phases}" in words
    assert "2 of them held out" in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    rows = read_rows(whole / "losses.csv")
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4, 5]
    assert set(rows[0]) == {"step", "pixels", "maps", "d_loss", "g_moves", "g_loss"}
    assert [bool(np.isnan(row["pixels"])) for row in rows] == [False, False, True, False, False]
    assert [bool(np.isnan(row["d_loss"])) for row in rows] == [True, True, False, False, False]
    assert [row["g_moves"] for row in rows][3:] == [1, 1]
    network, metadata = files.load(whole / "colourer.keras")
    assert (metadata["verb"], metadata["title"]) == ("colour", "grey → colour")
    assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
    assert network.output_shape == (None, 32, 32, 3)
    with Image.open(whole / "fakes" / "step-00000005.png") as grid:
        assert grid.size[0] == 3 * 34 + 2  # grey, network, truth
        assert grid.size[1] > 2 * 34 + 2  # the columns have captions
    assert_it_goes_on(run, whole, 3)  # at the last seam


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--decoder-steps=4"], "steps 5 leave none for both networks"),
        (["--medium-steps=1"], "would train on pictures of 16 px, and 32 is the least"),
        (["--d-blocks=3"], "d_blocks 3 need a resolution of 64 or more, not 32"),
        (["--domains=red hair, blue hair"], "--domains is for recipes that translate between"),
        (["--rollbacks=1"], "--rollbacks is for GANs; recipe deoldify trains a deoldify"),
        (["--control-samples=9"], "a deoldify takes no labels"),
        (["--encoder=resnet34"], "'resnet34' is unknown (did you mean resnet101?)"),
        (["--halvings=1"], "--halvings"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, message, run, tmp_path):
    assert_refused(run(*options), message, tmp_path / "out")


def test_missing_weights_are_told_before_any_picture_is_read(run, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nowhere"))
    code, words = run("--encoder=resnet101")
    assert code == 2
    assert "resnet101 needs the weights of ResNet101 at" in words.splitlines()[-1]
    assert "data  " not in words
