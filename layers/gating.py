"""Channels that let other channels through."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class GatedLinearUnit(keras.layers.Layer):
    """(…, 2C) → (…, C): the first half of the channels times the sigmoid of the second.

    Dauphin et al. 2017, arXiv:1612.08083, equation 1. Raises ValueError for an odd number of
    channels.
    """

    def call(self, inputs):
        through, gate = ops.split(inputs, 2, axis=-1)
        return through * ops.sigmoid(gate)

    def compute_output_shape(self, input_shape):
        *others, channels = input_shape
        if channels % 2:
            raise ValueError(f"A gated linear unit halves its channels; {channels} is odd.")
        return (*others, channels // 2)
