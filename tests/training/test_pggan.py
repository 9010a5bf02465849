"""A growing GAN from the command line: it grows in one run, resumes inside a fade, is served."""

import functools
import json

import pytest
from PIL import Image

import runs
from models import files
from runs import checkpoints as names
from runs.rows import read_rows
from serving.commands import explore, export, generate
from tests.training.running import assert_it_goes_on, assert_refused

pytestmark = pytest.mark.usefixtures("eagerly")

TINY = ["--resolution=16", "--filters=64", "--most-filters=8", "--latent-dim=6", "--batch-size=4",
        "--most-batch=8", "--batch-sides=64", "--stable-pictures=8", "--fade-pictures=16",
        "--steps=10", "--precision=float32", "--workers=1", "--picture-rows=2",
        "--picture-columns=3", "--checkpoint-every=1", "--checkpoints=20",
        "--picture-every=1"]  # fmt: skip


@pytest.fixture
def run(train_recipe):
    """`run("--steps=9")` → (exit code, its words)."""
    return functools.partial(train_recipe, "pggan", TINY)


def test_it_grows_in_one_run_and_goes_on_inside_a_fade(run, tmp_path):
    code, words = run("--augment=auto")
    assert code == 0, words
    phases = (
        "stable_4 1 steps, fade_8 2 steps, stable_8 1 steps, fade_16 4 steps, stable_16 2 steps"
    )
    assert f"phases     {phases}" in words
    (whole,) = (each.folder for each in runs.runs(tmp_path / "out"))
    rows = read_rows(whole / "losses.csv")
    assert [row["alpha"] for row in rows] == [1, 0, 0.5, 1, 0, 0.25, 0.5, 0.75, 1, 1]
    network, metadata = files.load(whole / "generator.keras")
    assert (metadata["verb"], metadata["step"]) == ("generate", 10)
    assert metadata["recipe"] == json.loads((whole / "recipe.json").read_text())
    assert metadata["recipe"]["augment"] == "diffaug"  # which suits few pictures
    assert network.output_shape == (None, 16, 16, 3)
    sizes = {Image.open(path).size for path in (whole / "fakes").iterdir()}
    assert len(sizes) == 1  # small pictures are shown as large as the others
    assert_it_goes_on(run, whole, 6)  # within the second fade


def test_a_run_and_its_young_checkpoints_are_served(run, tmp_path):
    assert run()[0] == 0
    (here,) = (each.folder for each in runs.runs(tmp_path / "out"))
    young = here / "checkpoints" / names.name(3)
    young = young if young.exists() else here / "checkpoints" / names.name(3, names.KEPT)
    for number, source in enumerate((here, young)):
        out = tmp_path / f"made_{number}"
        assert generate.main([str(source), "--count", "3", "--out", str(out)]) == 0
        with Image.open(sorted(out.rglob("*.png"))[0]) as made:
            assert made.size[0] >= 16
    walk = tmp_path / "walk.gif"
    words = ["interpolate", str(here), "--out", str(walk), "--count", "2", "--steps", "2"]
    assert explore.main(words) == 0
    assert walk.stat().st_size > 0
    shipped = tmp_path / "shipped"
    assert export.main([str(here), "--format", "keras", "--out", str(shipped)]) == 0
    assert json.loads((shipped / "keras" / "model.json").read_text())["recipe"]["system"] == "pggan"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps=8"], "steps 8 leave none at 16 px; the phases before take 8"),
        (["--group=3"], "at 4 px a step has 8 pictures, which group 3 does not divide"),
        (["--most-batch=3"], "most_batch 3 is below batch_size 4"),
        (["--resolution=24"], "power of two"),
        (
            ["--most-batch=32", "--batch-sides=128"],
            "phase stable_4 takes batches of 32, more than the data (16 pictures in",
        ),
        (["--fading"], "--fading"),
        (["--control-samples=9"], "a pggan takes no labels"),
        (["--rollbacks=1"], "--rollbacks is for GANs; recipe pggan trains a pggan"),
    ],
)
def test_a_mistake_is_one_line_before_training(options, message, run, tmp_path):
    assert_refused(run(*options), message, tmp_path / "out")
