"""How close one picture is to another."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class Closeness(keras.layers.Layer):
    """[x, x'] (N, …) of one shape → minus the mean of |x - x'| over each row, (N, 1)."""

    def call(self, inputs):
        one, other = (ops.cast(each, self.compute_dtype) for each in inputs)
        gaps = ops.abs(one - other)
        return -ops.mean(gaps, axis=tuple(range(1, len(gaps.shape))))[:, None]

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)
