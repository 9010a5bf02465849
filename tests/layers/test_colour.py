"""Luma and chroma against Pillow's and against the definition."""

import colorsys

import numpy as np
import pytest
from keras import ops
from PIL import Image

from layers import ChannelDropout, Coloured, Luma
from metrics import colour_space
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
FLOATS = (LEVELS / 127.5 - 1).astype("float32")


def test_luma_is_pillows(tmp_path):
    check_layer(Luma, FLOATS, (2, 5, 6, 1), tmp_path, trainable=0)
    made = ops.convert_to_numpy(Luma()(FLOATS))[..., 0]
    grey = np.stack([np.asarray(Image.fromarray(each).convert("L")) for each in LEVELS])
    assert np.abs((made + 1) * 127.5 - grey).max() <= 0.51
    assert np.abs(colour_space.luma(LEVELS) - grey).max() <= 0.51


def test_chroma_is_that_of_pal():
    """Red, green, blue: (U, V) as tables of PAL give them, from (-0.147, 0.615) on."""
    primaries = np.eye(3, dtype=np.float32)[None]
    found = colour_space.chroma(primaries)[0]
    expected = [(-0.147, 0.615), (-0.289, -0.515), (0.436, -0.100)]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(
        [colorsys.rgb_to_yiq(*each)[0] for each in primaries[0]],
        colour_space.luma(primaries)[0],
        atol=0.011,  # colorsys rounds the weights to two digits
    )


def test_a_picture_is_its_luma_and_its_chroma(tmp_path):
    y = colour_space.luma(LEVELS) / np.float32(255)
    uv = colour_space.chroma(LEVELS)
    np.testing.assert_allclose(colour_space.coloured(y, uv), LEVELS / 255, atol=1e-5)
    inputs = [2 * y[..., None] - 1, uv]
    check_layer(Coloured, inputs, (2, 5, 6, 3), tmp_path, trainable=0)
    np.testing.assert_allclose(ops.convert_to_numpy(Coloured()(inputs)), FLOATS, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_any_chroma_keeps_the_luma(training):
    y, uv = RNG.uniform(-1, 1, (2, 9, 9, 1)), RNG.uniform(-1, 1, (2, 9, 9, 2))
    y[0, 0, :2, 0] = -1, 1  # black and white have no colour
    given = [y.astype("float32"), uv.astype("float32")]
    made = ops.convert_to_numpy(Coloured()(given, training=training))
    np.testing.assert_allclose(made @ [0.299, 0.587, 0.114], y[..., 0], atol=1e-5)
    if training:
        assert np.abs(made).max() > 1.5  # colours that do not exist
        return
    assert np.abs(made).max() <= 1 + 1e-5
    np.testing.assert_allclose(made[0, 0, :2], [[-1] * 3, [1] * 3], atol=1e-5)
    # The hue is kept, and as much chroma as there is: one number is at its end.
    found = colour_space.chroma((made + 1) / 2)[y[..., 0] ** 2 < 0.99]
    asked = uv[y[..., 0] ** 2 < 0.99]
    np.testing.assert_allclose(found[:, 0] * asked[:, 1], found[:, 1] * asked[:, 0], atol=1e-4)
    less = np.abs(found - asked).max(axis=1) > 1e-3
    edge = np.abs(made).max(axis=-1)[y[..., 0] ** 2 < 0.99]
    assert 0.2 < less.mean() < 1
    np.testing.assert_allclose(edge[less], 1.0, atol=1e-4)
    by_numpy = colour_space.coloured((given[0][..., 0] + 1) / 2, given[1])
    np.testing.assert_allclose(2 * by_numpy - 1, made, atol=1e-5)


def test_channels_are_dropped_where_the_numbers_say(tmp_path):
    x = RNG.standard_normal((2, 3, 4, 5)).astype("float32")
    uniform = np.array([[0.0, 0.19, 0.2, 0.5, 0.99], [0.9, 0.1, 0.3, 0.0, 0.2]], "float32")
    check_layer(lambda: ChannelDropout(0.2), [x, uniform], x.shape, tmp_path, trainable=0)
    layer = ChannelDropout(0.2)
    np.testing.assert_array_equal(layer([x, uniform]), x)
    made = ops.convert_to_numpy(layer([x, uniform], training=True))
    kept = np.array([[0, 0, 1, 1, 1], [1, 0, 1, 0, 1]])
    np.testing.assert_allclose(made, x * kept[:, None, None] / 0.8, rtol=1e-6)
