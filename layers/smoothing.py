"""Smoothing that stops at edges, for pictures of flat colours."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class EdgeAvoidingSmoothing(keras.layers.Layer):
    """(N, H, W, C) → the same shape: neighbours of similar colours become more alike.

    One pass with distance d replaces every pixel x by the weighted mean of itself, with weight 1,
    and its four neighbours y at distance d, with weights exp(-||x - y||² / (2 width²)); neighbours
    outside the picture do not count. The distances grow as in the edge-avoiding à-trous filter
    (Dammertz et al. 2010, High Performance Graphics, section 3), so that few passes reach far; a
    pass with distance 1 is one of anisotropic diffusion (Perona and Malik 1990, IEEE TPAMI 12(7)).

    In training it does nothing: a generator that learned through it would learn to outwit it.

    Args:
        width: the contrast, as a Euclidean distance of two colours in [-1, 1], from which on a
            border counts as an edge; above 0.
        distances: one pass each, in pixels; each must be less than the picture's sides.

    Raises:
        ValueError: a width that is not above 0, or a distance that does not fit.
    """

    def __init__(self, width: float, distances: tuple[int, ...] = (1, 2, 4), **kwargs):
        super().__init__(**kwargs)
        if not width > 0:
            raise ValueError(f"width must be above 0, not {width}.")
        self.width, self.distances = width, tuple(distances)

    def build(self, input_shape):
        short = min(input_shape[1:3])
        wrong = [each for each in self.distances if not 1 <= each < short]
        if wrong:
            raise ValueError(f"A distance of {wrong[0]} does not fit pictures of {short} pixels.")

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → the same shape; the same values if `training`."""
        if training:
            return inputs
        x = inputs
        for distance in self.distances:
            x = self._smoothed(x, distance)
        return x

    def _smoothed(self, x, distance: int):
        """One pass. The weight of a pair of pixels is computed once, for both of them."""
        total, weight = 0.0, 1.0
        for axis in (1, 2):
            steps = _from(x, axis, distance) - _until(x, axis, distance)
            near = ops.exp(
                ops.sum(ops.square(steps), axis=-1, keepdims=True) / (-2.0 * self.width**2)
            )
            pulls = near * steps
            before, after = _beside(axis, (0, distance)), _beside(axis, (distance, 0))
            total = total + ops.pad(pulls, before) - ops.pad(pulls, after)
            weight = weight + ops.pad(near, before) + ops.pad(near, after)
        return x + total / weight

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "width": self.width, "distances": self.distances}


def _from(x, axis: int, distance: int):
    """x without its first rows (axis 1) or columns (axis 2)."""
    return x[:, distance:] if axis == 1 else x[:, :, distance:]


def _until(x, axis: int, distance: int):
    """x without its last rows (axis 1) or columns (axis 2)."""
    return x[:, :-distance] if axis == 1 else x[:, :, :-distance]


def _beside(axis: int, amount: tuple[int, int]) -> list[tuple[int, int]]:
    """Padding of a map (N, H, W, C) by `amount` along one axis."""
    return [amount if each == axis else (0, 0) for each in range(4)]


def distances(side: int) -> tuple[int, ...]:
    """1, 2, 4, … side / 8, then 2, 1: for pictures with a shorter side of `side` pixels."""
    found = [1]
    while 2 * found[-1] <= side // 8:
        found.append(2 * found[-1])
    return (*found, 2, 1)
