"""Penalties against the analytic gradients of a quadratic and of a linear critic."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from models import autodiff, penalties

RNG = np.random.default_rng(0)
NOISE = RNG.random((3, 4, 4, 2)).astype("float32")
REAL, FAKE = RNG.standard_normal((2, 3, 4, 4, 2)).astype("float32")
MIX = np.array([0.0, 0.25, 1.0], "float32")


def value(name, critic, real=REAL, fake=FAKE):
    return float(penalties.get(name).function(step(critic, real, fake)))


def step(critic, real=REAL, fake=FAKE, state=()):
    """A discriminator's step in which the critic hears the labels "real" and "fake"."""
    noise = NOISE if real.ndim == 4 else NOISE[:, 0, 0]
    real, fake, mix = (ops.convert_to_tensor(x) for x in (real, fake, MIX))
    return penalties.DiscriminatorStep(
        lambda x, labels: critic(x),
        lambda fn, x: autodiff.input_gradient(fn, x, list(state)),
        real,
        fake,
        "real",
        "fake",
        mix,
        ops.convert_to_tensor(noise),
    )


def quadratic(x):
    """D(x) = |x|²/2, whose gradient is x itself."""
    return 0.5 * ops.sum(ops.square(x), axis=(1, 2, 3))[:, None]


def norms(x):
    return np.sqrt((x.astype("float64") ** 2).sum((1, 2, 3)))


def between():
    share = MIX.reshape(-1, 1, 1, 1)
    return share * REAL + (1 - share) * FAKE


def test_gradient_penalty():
    expected = ((norms(between()) - 1) ** 2).mean()
    assert value("gradient", quadratic) == pytest.approx(expected, rel=1e-5)


def test_one_sided_gradient_penalty():
    # Scaled so that the middle slope is 1: the one below it must cost nothing.
    scale = np.float32(1 / np.sqrt(np.median(norms(between()))))
    slopes = norms(between()) * scale**2
    assert slopes.min() < 0.95 < 1.05 < slopes.max()
    critic = lambda x: quadratic(scale * x)  # noqa: E731
    expected = (np.maximum(slopes - 1, 0) ** 2).mean()
    assert value("one_sided_gradient", critic) == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert value("one_sided_gradient", lambda x: quadratic(1e-2 * x)) == 0.0
    assert value("gradient", lambda x: quadratic(1e-2 * x)) > 0.9


def test_perturbed_gradient_penalty():
    """The slope of |x|²/2 is x: at x + σ (u - 1/2), with σ the deviation of all numbers."""
    around = REAL.astype("float64") + REAL.astype("float64").std() * (NOISE - 0.5)
    expected = ((norms(around) - 1) ** 2).mean()
    assert value("perturbed_gradient", quadratic) == pytest.approx(expected, rel=1e-5)
    other = value("perturbed_gradient", quadratic, fake=100 * FAKE)
    assert other == pytest.approx(expected, rel=1e-5)  # fakes have no part in it


def test_r1():
    assert value("r1", quadratic) == pytest.approx(0.5 * (norms(REAL) ** 2).mean(), rel=1e-5)


def test_r2_and_both():
    """γ/2 (‖∇D(x)‖² + ‖∇D(G(z))‖²) with γ = 1; the slope of |x|²/2 is x."""
    fakes = 0.5 * (norms(FAKE) ** 2).mean()
    assert value("r2", quadratic) == pytest.approx(fakes, rel=1e-5)
    both = 0.5 * (norms(REAL) ** 2).mean() + fakes
    assert value("r1_r2", quadratic) == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("r1", ["real"]), ("r2", ["fake"]), ("r1_r2", ["real", "fake"]), ("gradient", ["real"]),
        ("perturbed_gradient", ["real"]),
    ],
)  # fmt: skip
def test_slopes_are_taken_under_the_datas_own_labels(name, labels):
    heard = []

    def judge(x, label):
        heard.append(label)
        return quadratic(x)

    penalties.get(name).function(dataclasses.replace(step(quadratic), judge=judge))
    assert heard == labels


@pytest.mark.parametrize(
    ("name", "asked"), [("r1", []), ("r2", []), ("r1_r2", []), ("gradient", ["real"])]
)
def test_a_gradient_that_came_with_the_answer_is_not_taken_again(name, asked):
    """Thrice and five times the pictures: 9/2 and 25/2 of their squared lengths."""
    heard = []

    def judge(x, label):
        heard.append(label)
        return quadratic(x)

    known = {"real_gradient": 3 * step(quadratic).real, "fake_gradient": 5 * step(quadratic).fake}
    found = penalties.get(name).function(dataclasses.replace(step(quadratic), judge=judge, **known))
    assert heard == asked
    real, fake = (4.5 * (norms(REAL) ** 2).mean(), 12.5 * (norms(FAKE) ** 2).mean())
    expected = {"r1": real, "r2": fake, "r1_r2": real + fake}.get(name)
    if expected:
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_lecam_by_hand():
    """relu(x - f)² of 2 - (-1) and -3 - (-1), relu(r - x)² of 0.5 - 1 and 0.5 - (-1.5)."""
    real, fake = (ops.convert_to_tensor(np.float32([[a], [b]])) for a, b in ((2, -3), (1, -1.5)))
    assert float(penalties.lecam(real, fake, 0.5, -1.0)) == pytest.approx(9 / 2 + 4 / 2)


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_points_as_well_as_pictures(name):
    """A linear critic of slope 3 on vectors (N, 2)."""
    points = np.ones((3, 2), "float32")
    slope = np.array([[3.0], [0.0]], "float32")
    result = value(name, lambda x: ops.matmul(x, slope), points, -points)
    assert result == pytest.approx({"r1": 4.5, "r2": 4.5, "r1_r2": 9.0}.get(name, 4.0), rel=1e-5)


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_a_critic_without_slope_can_still_be_trained(name):
    """The root of a squared norm has no derivative at 0, where every critic may begin."""
    factor = keras.Variable(0.0, name="factor")

    def loss():
        critic = lambda x: ops.convert_to_tensor(factor) * quadratic(x)  # noqa: E731
        return penalties.get(name).function(step(critic, state=[factor])), {}

    _, (slope,) = autodiff.value_and_grad(loss, [factor], [factor])
    assert np.isfinite(ops.convert_to_numpy(slope))


def test_unknown_penalty_lists_the_known():
    with pytest.raises(ValueError, match=r"Unknown penalty 'gp'\. Known: none, gradient"):
        penalties.get("gp")
