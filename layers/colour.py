"""Luma and chroma: a picture's brightness, and two numbers for its colour.

Y = 0.299 R + 0.587 G + 0.114 B (BT.601); U = 0.492 (B - Y) and V = 0.877 (R - Y), the analogue
components of PAL. For colours from 0 to 1 they reach ±0.436 and ±0.615.
"""

import keras
from keras import ops

RED, GREEN, BLUE = 0.299, 0.587, 0.114
U, V = 0.492, 0.877


@keras.saving.register_keras_serializable(package="gan")
class Luma(keras.layers.Layer):
    """RGB (N, H, W, 3) in [-1, 1] → Y (N, H, W, 1) in [-1, 1], by the weights of BT.601."""

    def call(self, inputs):
        return luma(inputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)


@keras.saving.register_keras_serializable(package="gan")
class Coloured(keras.layers.Layer):
    """[Y (N, H, W, 1) in [-1, 1], (U, V) (N, H, W, 2)] → RGB (N, H, W, 3) with exactly this luma.

    U and V belong to colours from 0 to 1. Where no colour has this luma and this chroma, the result
    leaves [-1, 1] in training, so that it can be corrected; at inference it gets less chroma.
    """

    def call(self, inputs, training=None):
        y, chroma = inputs
        blue = chroma[..., :1] * (2.0 / U)  # B - Y
        red = chroma[..., 1:] * (2.0 / V)  # R - Y
        green = -(RED * red + BLUE * blue) / GREEN
        difference = ops.concatenate([red, green, blue], axis=-1)
        return y + (difference if training else _that_exists(y, difference))

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], 3)


def _that_exists(y, difference):
    """RGB - Y (…, 3), scaled down until Y + it lies in [-1, 1]."""
    up, down = (ops.maximum(1.0 + sign * y, 1e-6) for sign in (-1.0, 1.0))
    share = ops.max(ops.maximum(difference / up, -difference / down), axis=-1, keepdims=True)
    return difference / ops.maximum(share, 1.0)


def luma(pictures):
    """RGB (…, 3) → (…, 1), in the units of the colours."""
    red, green, blue = (pictures[..., channel : channel + 1] for channel in range(3))
    return RED * red + GREEN * green + BLUE * blue
