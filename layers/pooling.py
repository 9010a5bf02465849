"""A map's features without their places."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class SumOverSpace(keras.layers.Layer):
    """(N, H, W, C) → (N, C): the sum over all positions, in the layer's own precision."""

    def call(self, inputs):
        return ops.sum(inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])
