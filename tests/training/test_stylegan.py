"""A StyleGAN from the command line: it grows in one run, resumes inside a fade, is served."""

import functools
import json

import numpy as np
import pytest

import runs
from models import files
from runs.rows import read_rows
from serving.commands import explore, generate
from tests.training import test_pggan
from tests.training.running import assert_it_goes_on, assert_refused

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = [*test_pggan.TINY, "--style-dim=5", "--steps=7"]


@pytest.fixture
def run(train_recipe):
    """`run("--steps=9")` → (exit code, its words)."""
    return functools.partial(train_recipe, "stylegan", TINY)


def test_it_grows_in_one_run_and_goes_on_inside_a_fade(run, tmp_path):
    code, words = run("--augment=ada", "--augment-pictures=320")
    assert code == 0, words
    assert "phases     stable_8 1 steps, fade_16 4 steps, stable_16 2 steps" in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    rows = read_rows(whole / "losses.csv")
    assert [row["alpha"] for row in rows] == [1, 0, 0.25, 0.5, 0.75, 1, 1]
    assert [row["augment_p"] for row in rows[:4]] == [0, 0, 0, 0]  # it may move after the fourth
    assert (whole / "reals_augmented.png").exists()
    network, metadata = files.load(whole / "generator.keras")
    assert (metadata["verb"], metadata["step"]) == ("generate", 7)
    assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
    assert network.output_shape == (None, 16, 16, 3)
    assert np.abs(network.get_layer("styles").average).min() > 0
    assert_it_goes_on(run, whole, 3)
    out = tmp_path / "made"
    assert generate.main([str(whole), "--count=3", f"--out={out}", "--truncation=0.7"]) == 0
    assert len(list(out.glob("0*.png"))) == 3
    young = next(whole.glob("checkpoints/*00000001*"))
    assert explore.main(["noise", str(young), "--count=1", f"--out={tmp_path / 'n.png'}"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--resolution=8"], "resolution must be a whole number of at least 16, not 8"),
        (["--mixing=2"], "mixing"),
        (["--drift=0.1"], "--drift"),
        (["--penalty=r1"], "--penalty"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, message, run, tmp_path):
    assert_refused(run(*options), message, tmp_path / "out")
