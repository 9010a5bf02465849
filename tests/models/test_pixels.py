import numpy as np
from keras import ops

from models.pixels import as_floats

LEVELS = np.array([[0, 51, 127, 128, 255]], np.uint8)
# By hand: 51 / 127.5 = 0.4; the middle levels lie 1 / 255 around 0.
EXPECTED = [[-1.0, -0.6, -1 / 255, 1 / 255, 1.0]]


def test_grey_levels_of_an_array_and_of_a_tensor():
    made = as_floats(LEVELS)
    assert isinstance(made, np.ndarray)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, EXPECTED, atol=1e-7)
    tensor = as_floats(ops.convert_to_tensor(LEVELS))
    assert not isinstance(tensor, np.ndarray)
    np.testing.assert_allclose(ops.convert_to_numpy(tensor), EXPECTED, atol=1e-7)


def test_floats_stay_as_they_are():
    points = np.array([[-3.5, 200.0]])
    made = as_floats(points)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, points)
    tensor = as_floats(ops.convert_to_tensor(points.astype("float32")))
    np.testing.assert_array_equal(ops.convert_to_numpy(tensor), points)
