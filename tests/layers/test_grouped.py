"""Grouped convolutions by NumPy loops; what they refuse; their second derivative."""

import numpy as np
import pytest
from keras import ops

from layers import GroupedConv2D
from models import autodiff
from tests.layers.checks import check_layer

RNG = np.random.default_rng(0)
MAPS = RNG.standard_normal((2, 5, 4, 6)).astype("float32")


def by_hand(maps, kernel, groups):
    """Every output pixel as a sum over its neighbours and the channels of its group."""
    count, height, width, channels = maps.shape
    into, out = channels // groups, kernel.shape[-1] // groups
    around = np.pad(maps, [(0, 0), (1, 1), (1, 1), (0, 0)])
    made = np.zeros((count, height, width, kernel.shape[-1]))
    for n, y, x in np.ndindex(count, height, width):
        for output in range(kernel.shape[-1]):
            group = output // out
            seen = around[n, y : y + 3, x : x + 3, group * into : (group + 1) * into]
            made[n, y, x, output] = (seen * kernel[..., output]).sum()
    return made


@pytest.mark.parametrize(("groups", "filters"), [(1, 4), (2, 8), (3, 6)])
def test_each_group_sees_its_own_channels(groups, filters, tmp_path):
    def make():
        return GroupedConv2D(filters, 3, groups, use_bias=True)

    check_layer(make, MAPS, (2, 5, 4, filters), tmp_path, trainable=2)
    layer = make()
    layer.build(MAPS.shape)
    assert tuple(layer.kernel.shape) == (3, 3, 6 // groups, filters)
    assert not np.any(ops.convert_to_numpy(layer.bias))
    bias = RNG.standard_normal(filters).astype("float32")
    layer.bias.assign(bias)
    expected = by_hand(MAPS, ops.convert_to_numpy(layer.kernel), groups) + bias
    np.testing.assert_allclose(layer(MAPS), expected, atol=1e-5)
    assert layer.compute_output_shape((None, 5, 4, 6)) == (None, 5, 4, filters)


def test_there_is_no_bias_unless_it_is_asked_for():
    layer = GroupedConv2D(4, 3, 2)
    layer.build(MAPS.shape)
    assert len(layer.trainable_variables) == 1


@pytest.mark.parametrize(("filters", "groups"), [(8, 4), (4, 3)])
def test_channels_that_do_not_divide_are_refused(filters, groups):
    with pytest.raises(ValueError, match=f"6 and {filters} channels are not both a multiple of"):
        GroupedConv2D(filters, 3, groups).build(MAPS.shape)


def test_a_slope_has_a_slope():
    """As R1 needs: against finite differences of the slope's squared length."""
    layer = GroupedConv2D(4, 3, 2)
    layer.build(MAPS.shape)
    x = ops.convert_to_tensor(MAPS)

    def answers(maps):
        return ops.sum(layer(maps) ** 3, axis=(1, 2, 3))

    def length(maps):
        slope = autodiff.input_gradient(answers, maps, layer.variables)
        return ops.sum(slope**2, axis=(1, 2, 3))

    found = ops.convert_to_numpy(autodiff.input_gradient(length, x, layer.variables))
    step, way = 1e-3, RNG.standard_normal(MAPS.shape).astype("float32")
    ends = [
        float(ops.sum(length(ops.convert_to_tensor(MAPS + sign * step * way)))) for sign in (1, -1)
    ]
    expected = (ends[0] - ends[1]) / (2 * step)
    assert (found * way).sum() == pytest.approx(expected, rel=5e-3)
