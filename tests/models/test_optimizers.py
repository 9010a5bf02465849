import keras
import numpy as np
import pytest
from keras import ops

from models import optimizers
from models.schedules import Schedule


def test_adam_equals_the_formula():
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    variable = keras.Variable(start.astype("float32"))
    optimizer = optimizers.get("adam", 1e-2, beta_1=0.5, beta_2=0.9)
    optimizer.build([variable])
    expected, m, v = start.copy(), 0.0, 0.0
    for t, gradient in enumerate(gradients, start=1):
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable])
        m = 0.5 * m + 0.5 * gradient
        v = 0.9 * v + 0.1 * gradient**2
        rate = 1e-2 * np.sqrt(1 - 0.9**t) / (1 - 0.5**t)
        expected -= rate * m / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(np.array(variable), expected, atol=1e-6)


# torch.optim.RMSprop([w], lr=5e-5) of torch 2.13, in float64: how far w has moved after each of
# three steps with these gradients.
RMSPROP_GRADIENTS = [[1e-4, -1.0, 1e-6, 0.0], [2e-4, 0.5, -1e-6, 1e-3], [-1e-4, 0.25, 3e-6, 0.0]]
RMSPROP_MOVED = [
    [-4.995004995e-4, 4.999999500e-4, -4.545454545e-4, 0.0],
    [-9.469616694e-4, 2.754933426e-4, -1.235672732e-4, -4.999500050e-4],
    [-7.418950504e-4, 1.654412553e-4, -5.631774221e-4, -4.999500050e-4],
]


def test_rmsprop_is_torchs():
    variable = keras.Variable(np.zeros(4, "float32"))
    optimizer = optimizers.get("rmsprop", 5e-5, beta_1=0.0, beta_2=0.99)
    optimizer.build([variable])
    for gradient, moved in zip(RMSPROP_GRADIENTS, RMSPROP_MOVED, strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(np.float32(gradient))], [variable])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), moved, rtol=2e-4)


def test_rmsprop_by_hand_takes_beta_2_as_rho():
    """Two steps from 1 with rho 0.9: v = 0.1 · 4, then 0.9 · 0.4 + 0.1 · 1."""
    variable = keras.Variable(1.0)
    optimizer = optimizers.get("rmsprop", 0.01, beta_1=0.5, beta_2=0.9)
    optimizer.build([variable])
    # 0.01 · 2 / √0.4, then 0.01 · (-1) / √0.46
    for gradient, expected in ((2.0, 0.968377), (-1.0, 0.983121)):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        assert float(variable.value) == pytest.approx(expected, abs=2e-6)


def test_sgd_by_hand_takes_beta_1_as_momentum():
    """Three steps from 1 with rate 0.1 and momentum 0.5: velocities -0.2, -0.2, 0.2."""
    variable = keras.Variable(1.0)
    optimizer = optimizers.get("sgd", 0.1, beta_1=0.5, beta_2=0.9)
    optimizer.build([variable])
    for gradient, expected in ((2.0, 0.8), (1.0, 0.6), (-3.0, 0.8)):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        assert float(variable.value) == pytest.approx(expected, abs=1e-6)


def test_rmsprop_keeps_what_older_checkpoints_hold():
    ours = optimizers.get("rmsprop", 5e-5, beta_1=0.0, beta_2=0.99)
    theirs = keras.optimizers.RMSprop(5e-5, rho=0.99)
    for optimizer in (ours, theirs):
        optimizer.build([keras.Variable(np.zeros(4, "float32"))])
    assert [v.shape for v in ours.variables if v.name != "learning_rate"] == [
        v.shape for v in theirs.variables if v.name != "learning_rate"
    ]


def test_linear_decay_ends_at_zero():
    """Of sngan_projection's configs: iteration_decay_start 400 000, iteration 450 000."""
    rate = optimizers.LearningRate(2e-4, Schedule("linear", start=400_000, end=450_000))
    for step, expected in ((0, 2e-4), (400_000, 2e-4), (425_000, 1e-4), (450_000, 0), (500_000, 0)):
        assert float(rate(step)) == pytest.approx(expected, abs=1e-11)


# R3GAN's `cosine_decay_with_warmup` (training/training_loop.py) without a warm-up, its CIFAR-10
# settings, from 0 to 20 million pictures: learning rate, β2 and γ at a quarter, half and three
# quarters, computed in float64 by its formula.
R3GAN_CURVES = {
    (2e-4, 5e-5): (1.7803300859e-4, 1.25e-4, 7.1966991411e-5),
    (0.9, 0.99): (0.9131801948, 0.945, 0.9768198052),
    (0.05, 0.005): (0.0434099026, 0.0275, 0.0115900974),
}


@pytest.mark.parametrize("ends", R3GAN_CURVES)
def test_cosine_of_r3gan(ends):
    curve = Schedule("cosine", end=20_000_000)
    for quarter, expected in enumerate(R3GAN_CURVES[ends], start=1):
        assert float(curve.value(*ends, 5_000_000 * quarter)) == pytest.approx(expected, rel=2e-6)
    for step, expected in ((0, ends[0]), (20_000_000, ends[1]), (30_000_000, ends[1])):
        assert float(curve.value(*ends, step)) == pytest.approx(expected, rel=1e-6)


def test_curves_begin_at_their_start():
    for name in ("linear", "cosine"):
        curve = Schedule(name, start=10, end=30)
        assert [float(curve.value(4.0, 2.0, n)) for n in (0, 10, 20, 30)] == [4, 4, 3, 2]


def test_adam_with_a_beta_2_that_changes_equals_torchs():
    """torch's Adam, whose `betas` R3GAN sets before each step, written out in NumPy."""
    rng = np.random.default_rng(1)
    start, gradients = rng.standard_normal((3, 4)), rng.standard_normal((5, 3, 4))
    variable, present = keras.Variable(start.astype("float32")), keras.Variable(0.0)
    optimizer = optimizers.get("adam", 1e-2, 0.5, 0.9, lambda: ops.convert_to_tensor(present))
    optimizer.build([variable])
    expected, m, v = start.copy(), 0.0, 0.0
    for t, (gradient, beta) in enumerate(
        zip(gradients, (0.9, 0.92, 0.95, 0.97, 0.99), strict=True), start=1
    ):
        present.assign(beta)
        optimizer.apply([ops.convert_to_tensor(gradient.astype("float32"))], [variable])
        m = 0.5 * m + 0.5 * gradient
        v = beta * v + (1 - beta) * gradient**2
        expected -= 1e-2 / (1 - 0.5**t) * m / (np.sqrt(v) / np.sqrt(1 - beta**t) + 1e-8)
    np.testing.assert_allclose(np.array(variable), expected, atol=1e-6)


def test_rates_follow_the_steps_they_are_given_and_the_scale():
    done, scale = keras.Variable(100), keras.Variable(0.5)
    rate = optimizers.LearningRate(1.0, Schedule("linear", end=200), steps_done=done, scale=scale)
    assert float(rate(7)) == pytest.approx(0.25)
    done.assign(150)
    assert float(rate(7)) == pytest.approx(0.125)


def test_schedule_of_sagan_v5():
    curve = Schedule("exponential", start=50_000, factor=0.99, every=100)
    schedule = optimizers.LearningRate(1e-4, curve)
    assert float(schedule(0)) == pytest.approx(1e-4)
    assert float(schedule(50_000)) == pytest.approx(1e-4)
    assert float(schedule(50_100)) == pytest.approx(0.99e-4)
    assert float(schedule(50_250)) == pytest.approx(1e-4 * 0.99**2.5)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'adagrad'.*adam, rmsprop, sgd"):
        optimizers.get("adagrad", 1e-3, 0, 0.9)
