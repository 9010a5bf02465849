"""Losses against numbers worked out by hand and against TensorFlow-GAN's golden values."""

import numpy as np
import pytest
from keras import ops

from models import losses

REAL = np.array([[-5.0], [1.4], [12.5], [2.7]], "float32")
FAKE = np.array([[10.0], [4.4], [-5.5], [3.6]], "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


def values(name, real=REAL, fake=FAKE, smoothing=0.0):
    loss = losses.get(name, smoothing)
    real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    generator = loss.generator(real if loss.needs_real else None, fake)
    return float(loss.discriminator(real, fake)), float(generator)


# tensorflow/gan's expected losses for exactly these logits.
GOLDEN = {
    "hinge": (6.75, -3.125),
    "wasserstein": (0.225, -3.125),
    "least_squares": (41.73375, 17.69625),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_equals_tensorflow_gan(name):
    np.testing.assert_allclose(values(name), GOLDEN[name], rtol=2e-6)


def test_minimax_equals_tensorflow_gan():
    # Its label smoothing of 0.25 is two-sided, towards 1/2: the real target is 0.875.
    assert values("minimax", smoothing=0.125)[0] == pytest.approx(6.19637, rel=2e-6)


def test_minimax_generator():
    assert values("minimax")[1] == pytest.approx(np.log(1 - sigmoid(FAKE)).mean(), rel=1e-6)


def test_non_saturating():
    d, g = values("non_saturating")
    expected = -np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean()
    assert d == pytest.approx(expected, rel=1e-6)
    assert values("minimax")[0] == d
    assert g == pytest.approx(-np.log(sigmoid(FAKE)).mean(), rel=1e-6)


def test_boundary_equilibrium_by_hand():
    """D answers with minus its errors: 0.2 and 0.4 of reals, 0.5 and 0.9 of fakes."""
    real, fake = np.array([[-0.2], [-0.4]], "float32"), np.array([[-0.5], [-0.9]], "float32")
    assert values("boundary_equilibrium", real, fake) == pytest.approx((0.3, 0.7))
    real, fake = ops.convert_to_tensor(real), ops.convert_to_tensor(fake)
    # k + 0.1 (0.5 · 0.3 - 0.7), which stays between 0 and 1
    for before, after in ((0.5, 0.445), (0.01, 0.0), (1.0, 0.945)):
        moved = losses.moved_balance(ops.convert_to_tensor(before), real, fake, 0.5, 0.1)
        assert float(moved) == pytest.approx(after, abs=1e-6)
    grown = losses.moved_balance(ops.convert_to_tensor(0.99), fake, real, 1.0, 0.1)
    assert float(grown) == 1.0
    assert float(losses.convergence(real, fake, 0.5)) == pytest.approx(0.3 + abs(0.15 - 0.7))


def relativistic(name, real, fake):
    """D's loss by the formulas of arXiv:1807.00734, in float64 and without any shortcut."""
    real, fake = real.astype("float64"), fake.astype("float64")
    if name == "rsgan":
        return -np.log(sigmoid(real - fake)).mean()
    r, f = real - fake.mean(), fake - real.mean()
    return {
        "rasgan": -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean(),
        "ralsgan": ((r - 1) ** 2).mean() + ((f + 1) ** 2).mean(),
        "rahinge": np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
    }[name]


@pytest.mark.parametrize("name", ["rsgan", "rasgan", "ralsgan", "rahinge"])
def test_relativistic(name):
    expected = relativistic(name, REAL, FAKE), relativistic(name, FAKE, REAL)
    np.testing.assert_allclose(values(name), expected, rtol=1e-6)
    assert losses.get(name).needs_real


def test_relativistic_least_squares_by_hand():
    # Means 2 and 1: D's differences are (0, 2) - … = (1 - 1, 3 - 1) and (0 - 2, 2 - 2).
    real, fake = np.array([[1.0], [3.0]], "float32"), np.array([[0.0], [2.0]], "float32")
    d, g = values("ralsgan", real, fake)
    assert d == pytest.approx((1 + 1) / 2 + (1 + 1) / 2)
    assert g == pytest.approx((9 + 1) / 2 + (1 + 9) / 2)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "rsgan", "rasgan"])
def test_large_logits_stay_finite(name):
    far = np.full((2, 1), 1e4, "float32")
    assert np.isfinite(values(name, far, -far)).all()
    assert np.isfinite(values(name, -far, far)).all()


def test_label_smoothing_of_cross_entropy():
    d, g = values("non_saturating", smoothing=0.1)
    p, q = sigmoid(REAL), sigmoid(FAKE)
    expected = -(0.9 * np.log(p) + 0.1 * np.log(1 - p)).mean() - np.log(1 - q).mean()
    assert d == pytest.approx(expected, rel=1e-6)
    assert g == pytest.approx(values("non_saturating")[1])  # one-sided, and D's alone


def test_label_smoothing_moves_the_best_logit():
    """D's loss on real pictures is least where s(logit) is 0.9."""
    best = np.log(0.9 / 0.1)
    at = [values("minimax", np.array([[x]], "float32"), FAKE, 0.1)[0] for x in (-0.2, 0, 0.2)]
    around = [
        values("minimax", np.array([[best + x]], "float32"), FAKE, 0.1)[0] for x in (-0.2, 0, 0.2)
    ]
    assert at[0] > at[1] > at[2]
    assert around[1] < min(around[0], around[2])


def test_label_smoothing_of_squares():
    d, _ = values("least_squares", smoothing=0.2)
    assert d == pytest.approx(0.5 * ((REAL - 0.8) ** 2).mean() + 0.5 * (FAKE**2).mean(), rel=1e-6)


@pytest.mark.parametrize("name", ["hinge", "wasserstein", "rahinge"])
def test_losses_without_labels_refuse_smoothing(name):
    with pytest.raises(ValueError, match=f"The {name} loss has no labels to smooth"):
        losses.get(name, 0.1)


def test_zero_share():
    share = losses.get("hinge").zero_share(ops.convert_to_tensor(REAL), ops.convert_to_tensor(FAKE))
    assert float(share) == pytest.approx(4 / 8)  # 1.4, 12.5, 2.7 beyond 1 and -5.5 beyond -1
    assert losses.get("wasserstein").zero_share is None


def test_zero_share_of_the_relativistic_hinge():
    # Real less the mean fake: -8.125, -1.725, 9.375, -0.425; fake less the mean real: 7.1, 1.5,
    # -8.4, 0.7. Beyond the margin are 9.375 and -8.4.
    share = losses.get("rahinge").zero_share
    assert float(share(ops.convert_to_tensor(REAL), ops.convert_to_tensor(FAKE))) == 2 / 8


def test_unknown_loss_lists_the_known():
    with pytest.raises(ValueError, match=r"Unknown loss 'hing'\. Known: minimax, non_saturating"):
        losses.get("hing")


def test_label_smoothing_of_relativistic_squares():
    d, _ = values("ralsgan", smoothing=0.2)
    real, fake = REAL - FAKE.mean(), FAKE - REAL.mean()
    assert d == pytest.approx(((real - 0.8) ** 2).mean() + ((fake + 1) ** 2).mean(), rel=1e-6)
