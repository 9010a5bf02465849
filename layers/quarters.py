"""A quarter of every picture."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class QuarterInTurn(keras.layers.Layer):
    """(N, H, W, C) → (N, H/2, W/2, C): of picture n its quarter n mod 4.

    The quarters are upper left, upper right, lower left, lower right. Every map of a batch is cut
    at the same places, so that maps of one picture belong together.
    """

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        x = ops.reshape(inputs, (-1, 2, height // 2, 2, width // 2, channels))
        wanted = ops.one_hot(ops.arange(ops.shape(x)[0]) % 4, 4, dtype=x.dtype)
        wanted = ops.reshape(wanted, (-1, 2, 1, 2, 1, 1))
        return ops.sum(x * wanted, axis=(1, 3))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        if height % 2 or width % 2:
            raise ValueError(f"A map of {width}x{height} has no quarters; both must be even.")
        return (batch, height // 2, width // 2, channels)
