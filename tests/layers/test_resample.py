import keras
import numpy as np
import pytest
from keras import ops

from layers import (
    BoxBlur2D,
    CornerAlignedUpsample2D,
    EdgePadding,
    PixelShuffle,
    Repeat2D,
    Upsample2D,
)
from tests.layers.checks import check_layer

X = np.random.default_rng(0).standard_normal((2, 4, 5, 6)).astype("float32")


def convolve(x, kernel):
    """3×3 "same" convolution, spelled out."""
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1:3]
    return sum(
        padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)
    )


def test_nearest_is_repetition_then_convolution():
    layer = Upsample2D(3, "nearest", weight_norm="none", use_bias=True)
    made = layer(X)
    layer.conv.bias.assign([1.0, 2.0, 3.0])
    expected = convolve(X.repeat(2, axis=1).repeat(2, axis=2), np.array(layer.conv.kernel))
    np.testing.assert_allclose(made, expected, atol=3e-6)
    np.testing.assert_allclose(layer(X), expected + np.array([1, 2, 3]), atol=3e-6)


def test_transposed_scatters_the_kernel():
    layer = Upsample2D(3, weight_norm="none")
    point = np.zeros((1, 3, 3, 6), "float32")
    point[0, 1, 1, 2] = 1
    made = ops.convert_to_numpy(layer(point))
    expected = np.zeros((1, 6, 6, 3))
    expected[0, 1:5, 1:5] = np.array(layer.conv.kernel)[:, :, :, 2]  # (4, 4, out, in)
    np.testing.assert_allclose(made, expected, atol=1e-7)


def test_subpixel_is_convolution_then_shuffle():
    layer = Upsample2D(3, "subpixel", weight_norm="none")
    made = ops.convert_to_numpy(layer(X))
    flat = convolve(X, np.array(layer.conv.kernel))
    for dy in range(2):
        for dx in range(2):
            block = flat[..., (2 * dy + dx) * 3 : (2 * dy + dx + 1) * 3]
            np.testing.assert_allclose(made[:, dy::2, dx::2], block, atol=3e-6)


def test_pixel_shuffle_exact():
    x = np.arange(8, dtype="float32").reshape(1, 1, 1, 8)
    made = ops.convert_to_numpy(PixelShuffle(2)(x))
    np.testing.assert_array_equal(made[0, :, :, 0], [[0, 2], [4, 6]])
    np.testing.assert_array_equal(made[0, :, :, 1], [[1, 3], [5, 7]])


def test_repeat_makes_blocks_of_one_value(tmp_path):
    check_layer(Repeat2D, X, (2, 8, 10, 6), tmp_path, trainable=0)
    made = ops.convert_to_numpy(Repeat2D()(X))
    np.testing.assert_array_equal(made, np.kron(X, np.ones((1, 2, 2, 1), "float32")))


def test_refusals():
    with pytest.raises(ValueError, match="Known: transposed, nearest, subpixel"):
        Upsample2D(3, "bilinear")
    with pytest.raises(ValueError, match="3×3"):
        Upsample2D(3, "nearest", kernel_size=5)
    with pytest.raises(ValueError, match="divisible by 4"):
        PixelShuffle(2).compute_output_shape((None, 4, 4, 6))


@pytest.mark.parametrize("method", ["transposed", "nearest", "subpixel"])
@pytest.mark.parametrize("weight_norm", ["spectral", "none"])
def test_contract(method, weight_norm, tmp_path):
    check_layer(
        lambda: Upsample2D(3, method, weight_norm=weight_norm),
        X,
        (2, 8, 10, 3),
        tmp_path,
        trainable=1,
        non_trainable=int(weight_norm == "spectral"),
    )


def test_pixel_shuffle_of_pictures_of_any_size():
    images = keras.Input((None, None, 8))
    model = keras.Model(images, PixelShuffle(2)(images))
    assert model.output_shape == (None, None, None, 2)
    x = np.random.default_rng(0).standard_normal((1, 3, 5, 8)).astype("float32")
    np.testing.assert_array_equal(model.predict_on_batch(x), PixelShuffle(2)(x))


def test_pixel_shuffle_contract(tmp_path):
    check_layer(PixelShuffle, X[..., :4], (2, 8, 10, 1), tmp_path, trainable=0)


def test_edge_padding_is_numpys_edge(tmp_path):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype("float32")
    check_layer(EdgePadding, x, (2, 5, 6, 5), tmp_path, trainable=0)
    found = ops.convert_to_numpy(EdgePadding()(x))
    np.testing.assert_array_equal(found, np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge"))


def test_box_blur_is_the_mean_of_four_with_the_edge_repeated(tmp_path):
    check_layer(BoxBlur2D, X, X.shape, tmp_path, trainable=0)
    made = ops.convert_to_numpy(BoxBlur2D()(X))
    padded = np.pad(X, [(0, 0), (1, 0), (1, 0), (0, 0)], mode="edge")
    mean = (padded[:, 1:, 1:] + padded[:, :-1, 1:] + padded[:, 1:, :-1] + padded[:, :-1, :-1]) / 4
    np.testing.assert_allclose(made, mean, atol=1e-6)
    np.testing.assert_array_equal(made[:, 0, 0], X[:, 0, 0])


def test_corners_stay_at_the_corners(tmp_path):
    """Every new pixel between the two old ones around its place; two axes one after the other."""
    check_layer(CornerAlignedUpsample2D, X, (2, 8, 10, 6), tmp_path, trainable=0)
    made = ops.convert_to_numpy(CornerAlignedUpsample2D()(X))
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        np.testing.assert_allclose(made[:, *corner], X[:, *corner], atol=1e-6)
    rows, columns = (np.linspace(0, side - 1, 2 * side) for side in (4, 5))
    for n, channel in np.ndindex(2, 6):
        wide = np.stack([np.interp(columns, range(5), row) for row in X[n, :, :, channel]])
        wanted = np.stack([np.interp(rows, range(4), column) for column in wide.T]).T
        np.testing.assert_allclose(made[n, :, :, channel], wanted, atol=1e-5)
