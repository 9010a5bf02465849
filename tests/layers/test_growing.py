"""Pixel norm, the bias, the fade, and the standard deviation of groups, by NumPy."""

import numpy as np
import pytest
from keras import ops

from layers import ChannelBias, Fade, MinibatchStandardDeviation, PixelNorm
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
MAPS = RNG.standard_normal((8, 3, 4, 5)).astype("float32")


def test_pixel_norm_makes_every_position_as_long(tmp_path):
    check_layer(PixelNorm, MAPS, MAPS.shape, tmp_path, trainable=0)
    made = ops.convert_to_numpy(PixelNorm()(MAPS))
    expected = MAPS / np.sqrt(np.mean(MAPS**2, axis=-1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    np.testing.assert_allclose((made**2).sum(-1), 5, rtol=1e-4)
    np.testing.assert_array_equal(PixelNorm()(np.zeros((1, 4), "float32")), 0)
    latents = RNG.standard_normal((3, 7)).astype("float32")
    np.testing.assert_allclose((np.array(PixelNorm()(latents)) ** 2).mean(-1), 1, rtol=1e-4)


def test_a_bias_is_added_to_each_channel(tmp_path):
    check_layer(ChannelBias, MAPS, MAPS.shape, tmp_path, trainable=1)
    layer = ChannelBias()
    layer.build(MAPS.shape)
    layer.bias.assign(np.arange(5.0))
    np.testing.assert_allclose(layer(MAPS), MAPS + np.arange(5.0), rtol=1e-6)


def test_a_fade_is_a_line_from_old_to_new(tmp_path):
    old, new = MAPS, MAPS[::-1].copy()
    check_layer(Fade, [old, new], MAPS.shape, tmp_path, trainable=0, non_trainable=1)
    layer = Fade()
    np.testing.assert_array_equal(layer([old, new]), old)  # at first nothing new
    layer.alpha.assign(0.25)
    np.testing.assert_allclose(layer([old, new]), 0.75 * old + 0.25 * new, atol=1e-6)
    layer.alpha.assign(1.0)
    np.testing.assert_allclose(layer([old, new]), new, atol=1e-6)


@pytest.mark.parametrize("group", [2, 4])
def test_the_deviation_of_groups_is_the_authors(group, tmp_path):
    """Picture i belongs to group i mod N/group; one number a group, at every position."""
    make = lambda: MinibatchStandardDeviation(group)  # noqa: E731
    check_layer(make, MAPS, (8, 3, 4, 6), tmp_path, trainable=0)
    made = ops.convert_to_numpy(make()(MAPS))
    np.testing.assert_array_equal(made[..., :5], MAPS)
    groups = 8 // group
    for number in range(8):
        members = MAPS[number % groups :: groups]
        assert len(members) == group
        deviation = np.sqrt(members.var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(made[number, ..., 5], deviation, rtol=1e-4)
    assert len(np.unique(made[:, 0, 0, 5].round(5))) == groups


def test_a_batch_smaller_than_a_group_is_one_group():
    made = ops.convert_to_numpy(MinibatchStandardDeviation(4)(MAPS[:3]))
    deviation = np.sqrt(MAPS[:3].var(axis=0) + 1e-8).mean()
    np.testing.assert_allclose(made[..., 5], deviation, rtol=1e-4)
