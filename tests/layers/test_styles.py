"""The layers of StyleGAN's generator, by NumPy."""

import numpy as np
import pytest
from keras import ops

from layers import (
    BinomialBlur2D,
    FixedNoise,
    LearnedConstant,
    Modulation,
    ScaledNoise,
    StyleOf,
    TruncatedStyles,
)
from layers.styles import fixed_noise
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
W = RNG.standard_normal((5, 4)).astype("float32")
STYLES = RNG.standard_normal((5, 3, 4)).astype("float32")
MAPS = RNG.standard_normal((5, 2, 3, 4)).astype("float32")


def test_styles_are_drawn_to_their_average_in_the_first_layers(tmp_path):
    make = lambda: TruncatedStyles(3, truncated=2)  # noqa: E731
    check_layer(make, W, (5, 3, 4), tmp_path, trainable=0, non_trainable=2)
    layer = make()
    np.testing.assert_allclose(layer(W), np.stack([W] * 3, axis=1), atol=1e-6)  # ψ is 1
    layer.average.assign([1.0, 2.0, 3.0, 4.0])
    layer.psi.assign(0.25)
    made = ops.convert_to_numpy(layer(W))
    near = 0.75 * np.array([1.0, 2.0, 3.0, 4.0]) + 0.25 * W
    np.testing.assert_allclose(made, np.stack([near, near, W], axis=1), atol=1e-6)
    np.testing.assert_allclose(layer.truncate(W, 0.0)[:, 0], [[1, 2, 3, 4]] * 5, atol=1e-6)
    np.testing.assert_allclose(layer(W, training=True), np.stack([W] * 3, axis=1))


def test_the_average_follows_the_batches():
    layer = TruncatedStyles(2, decay=0.9)
    layer(W, training=True)
    np.testing.assert_allclose(layer.average, 0.1 * W.mean(axis=0), rtol=1e-5)
    layer(2 * W, training=True)
    np.testing.assert_allclose(layer.average, 0.29 * W.mean(axis=0), rtol=1e-5)
    before = np.array(layer.average)
    layer(W)
    np.testing.assert_array_equal(layer.average, before)
    assert TruncatedStyles(1).decay == 0.995
    assert TruncatedStyles(1).truncated == 8


def test_a_layer_gets_its_own_style(tmp_path):
    check_layer(lambda: StyleOf(1), STYLES, (5, 4), tmp_path, trainable=0)
    np.testing.assert_array_equal(StyleOf(2)(STYLES), STYLES[:, 2])


def test_every_picture_begins_with_the_same_map(tmp_path):
    make = lambda: LearnedConstant(2, 6)  # noqa: E731
    check_layer(make, STYLES, (5, 2, 2, 6), tmp_path, trainable=1)
    layer = make()
    np.testing.assert_array_equal(layer(STYLES), 1)
    values = RNG.standard_normal((1, 2, 2, 6)).astype("float32")
    layer.map.assign(values)
    np.testing.assert_array_equal(layer(STYLES[:2]), np.concatenate([values] * 2))


def test_noise_is_added_by_a_learned_weight(tmp_path):
    noise = RNG.standard_normal((5, 10)).astype("float32")
    check_layer(lambda: ScaledNoise(3), [MAPS, noise], MAPS.shape, tmp_path, trainable=1)
    layer = ScaledNoise(3)
    np.testing.assert_array_equal(layer([MAPS, noise]), MAPS)  # at first none
    layer.weight.assign([1.0, -2.0, 0.0, 0.5])
    expected = MAPS + noise[:, 3:9].reshape(5, 2, 3, 1) * [1.0, -2.0, 0.0, 0.5]
    np.testing.assert_allclose(layer([MAPS, noise]), expected, atol=1e-6)


def test_kept_noise_is_the_same_for_all_and_for_ever(tmp_path):
    check_layer(lambda: FixedNoise(7), W, (5, 7), tmp_path, trainable=0, non_trainable=1)
    made = ops.convert_to_numpy(FixedNoise(1000)(W))
    np.testing.assert_array_equal(made, np.stack([made[0]] * 5))
    assert abs(made[0].mean()) < 0.1
    assert made[0].std() == pytest.approx(1, abs=0.1)
    np.testing.assert_array_equal(FixedNoise(10)(W)[0], made[0, :10])
    np.testing.assert_array_equal(fixed_noise(3), made[0, :3])
    assert np.abs(fixed_noise(3, seed=1) - made[0, :3]).min() > 0


def test_a_style_scales_and_shifts_every_channel(tmp_path):
    style = RNG.standard_normal((5, 8)).astype("float32")
    check_layer(Modulation, [MAPS, style], MAPS.shape, tmp_path, trainable=0)
    scale, shift = style[:, None, None, :4], style[:, None, None, 4:]
    np.testing.assert_allclose(Modulation()([MAPS, style]), MAPS * (1 + scale) + shift, atol=1e-6)
    np.testing.assert_array_equal(Modulation()([MAPS, np.zeros_like(style)]), MAPS)


def test_the_blur_is_binomial_with_zeros_outside(tmp_path):
    check_layer(BinomialBlur2D, MAPS, MAPS.shape, tmp_path, trainable=0)
    point = np.zeros((1, 5, 5, 2), "float32")
    point[0, 2, 2, 0], point[0, 0, 4, 1] = 16, 16
    made = ops.convert_to_numpy(BinomialBlur2D()(point))
    np.testing.assert_array_equal(made[0, 1:4, 1:4, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert made[..., 0].sum() == 16
    np.testing.assert_array_equal(made[0, :2, 3:, 1], [[2, 4], [1, 2]])
