import keras
import numpy as np
import pytest

from models import optimizers


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


def test_schedule_of_sagan_v5():
    schedule = optimizers.HeldThenExponential(1e-4, start=50_000, decay=0.99, every=100)
    assert float(schedule(0)) == pytest.approx(1e-4)
    assert float(schedule(50_000)) == pytest.approx(1e-4)
    assert float(schedule(50_100)) == pytest.approx(0.99e-4)
    assert float(schedule(50_250)) == pytest.approx(1e-4 * 0.99**2.5)
    assert schedule.from_config(schedule.get_config()).get_config() == schedule.get_config()


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'adagrad'.*adam, rmsprop, sgd"):
        optimizers.get("adagrad", 1e-3, 0, 0.9)
