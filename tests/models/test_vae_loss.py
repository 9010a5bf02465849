"""The VAE's loss by hand: the divergence, the error with its deviation, features, the noise."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from models.systems.vae import objective
from models.systems.vae.turns import VAE
from tests.models import tiny, tiny_vae
from tests.models.tiny import values

pytestmark = pytest.mark.usefixtures("eagerly")


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
