"""A VAE from the command line: what it trains on, what it writes, how it goes on."""

import json

import h5py
import numpy as np
import pytest

from datasets import hold_out
from models import files
from models.systems import recipe_of
from runs import checkpoints as names
from runs.rows import read_rows
from tests.datasets.test_parts import data
from tests.models import tiny_vae
from training import cli
from training.feed import Feed

pytestmark = pytest.mark.usefixtures("eagerly")
TINY = ["--resolution=16", "--filters=4", "--latent-dim=6", "--batch-size=4", "--precision=float32",
        "--workers=1", "--picture-rows=3", "--picture-columns=2"]  # fmt: skip


@pytest.fixture
def run(pictures, cache, tmp_path, capfd):
    """`run("vae_cpu", "--steps=3")` → (exit code, its words)."""

    def call(recipe, *options):
        base = [*TINY, f"--data={pictures}", f"--cache-dir={cache}", f"--out={tmp_path / 'out'}"]
        try:
            code = cli.run(None, [recipe, *base, *options])
        except SystemExit as ended:
            code = ended.code
        return code, capfd.readouterr().err

    return call


def weights(folder):
    found = {}
    with h5py.File(names.newest(folder / "checkpoints")) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def test_a_run_writes_its_networks_and_goes_on_bit_for_bit(run, tmp_path):
    often = ("--checkpoint-every=2", "--decay=none")  # a linear decay depends on the last step
    code, words = run("vae_cpu", "--steps=6", *often)
    assert code == 0, words
    assert "16 pictures of 16 × 16 px, 2 of them held out" in words
    whole = tmp_path / "out" / "00000-vae_cpu-tiny"
    assert not (whole / "guard.json").exists()  # nothing collapses as a GAN does
    recipe = json.loads((whole / "recipe.json").read_text())
    for name, verb in (("generator", "generate"), ("reconstructor", "reconstruct"),
                       ("encoder", "encode")):  # fmt: skip
        _, metadata = files.load(whole / f"{name}.keras")
        assert (metadata["verb"], metadata["step"]) == (verb, 6)
        assert metadata["recipe"] == recipe
    assert recipe_of(recipe).system == "vae"
    assert run("vae_cpu", "--steps=4", *often)[0] == 0
    code, words = run("vae_cpu", "--steps=6", *often, "--resume")
    assert code == 0, words
    parts = tmp_path / "out" / "00001-vae_cpu-tiny"
    assert (whole / "losses.csv").read_bytes() == (parts / "losses.csv").read_bytes()
    expected, found = weights(whole), weights(parts)
    assert expected.keys() == found.keys()
    assert [name for name in expected if not np.array_equal(expected[name], found[name])] == []
    assert set(read_rows(whole / "losses.csv")[0]) >= {"step", "objective", "kl", "mse", "sigma"}


def test_the_dfc_vae_trains_from_the_command_line(run, tmp_path):
    code, words = run("dfc_vae_cpu", "--steps=2", "--resolution=32")
    assert code == 0, words
    assert "sigma" not in read_rows(tmp_path / "out/00000-dfc_vae_cpu-tiny/losses.csv")[0]


def test_held_out_pictures_are_in_no_batch():
    known = data()
    recipe = tiny_vae.recipe(batch_size=2, held_out=3, resolution=8)
    feed = Feed(known, recipe, seed=0)
    shown = {int(c) for step in range(40) for c in feed.batch(step)["images"][..., 0].ravel()}
    assert shown == {1, 2, 4, 5}
    assert set(hold_out(known, 3)[1].images.rows) == {0, 3}


def test_fresh_noise_every_step():
    feed = Feed(data(), tiny_vae.recipe(batch_size=2, held_out=3), seed=0)
    first, second = (feed.batch(step)["noise"] for step in (0, 1))
    assert first.shape == (2, 1, 6)
    assert np.abs(first - second).min() > 0
    np.testing.assert_array_equal(first, feed.batch(0)["noise"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--batch-size=15"], "(16 pictures in"),
        (["--batch-size=15"], "2 of them held out); give --batch-size 14 or fewer"),
        (["--held-out=1"], "held_out 1 keeps every picture out of training"),
        (["--g-filters=4"], "--g-filters"),
        (["--rollbacks=1"], "--rollbacks is for GANs; recipe vae_cpu trains a vae"),
        (["--control-samples=5"], "a vae takes no labels"),
        (["--feature-weight=3"], "feature_weight is read only where reconstruction is features"),
    ],
)
def test_mistakes_are_one_line(run, tmp_path, options, says):
    code, words = run("vae_cpu", "--steps=2", *options)
    assert code == 2
    last = words.splitlines()[-1]
    assert says in last
    assert "Traceback" not in words
    assert not (tmp_path / "out").exists()


def test_the_list_shows_vaes(capsys):
    with pytest.raises(SystemExit):
        cli.run(None, ["--list"])
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["dfc_vae_cpu"].split()[1:3] == ["vae", "64"]
