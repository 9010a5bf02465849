import numpy as np

from datasets import pixels


def test_to_float_is_that_of_the_notes():
    values = pixels.to_float(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [-1, -0.6, 1], atol=1e-6)


def test_every_value_comes_back():
    everything = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(pixels.to_uint8(pixels.to_float(everything)), everything)


def test_to_uint8_rounds_and_clips():
    values = np.array([-3, -1, -0.9999, 0.0034, 1, 1.7], np.float16)
    np.testing.assert_array_equal(pixels.to_uint8(values), [0, 0, 0, 128, 255, 255])
