"""Dropout whose random numbers come from outside, so that a step is a function of its batch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class ChannelDropout(keras.layers.Layer):
    """Sets whole channels to 0 in training and enlarges the others, as PyTorch's Dropout2d does.

    [x (N, H, W, C), u (N, C)] → x · [u ≥ rate] / (1 - rate), where u is uniform in [0, 1); at
    inference x.

    Args:
        rate: the share of channels that is dropped, 0 to below 1.
    """

    def __init__(self, rate: float, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs, training=None):
        x, uniform = inputs
        if not training:
            return x
        kept = ops.cast(ops.cast(uniform, "float32") >= self.rate, x.dtype) / (1.0 - self.rate)
        return x * ops.cast(kept, x.dtype)[:, None, None, :]

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
