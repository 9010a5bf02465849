"""Padding layers that Keras lacks."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class ReflectionPadding2D(keras.layers.Layer):
    """(N, H, W, C) → (N, H + 2p, W + 2p, C): the picture mirrored at its border.

    The border itself is not repeated: a row 1 2 3 padded by 2 is 3 2 1 2 3 2 1.

    Args:
        padding: p, rows and columns on every side, smaller than both sides of the picture.

    Raises:
        ValueError: the picture is too small for this padding.
    """

    def __init__(self, padding: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def build(self, input_shape):
        if min(input_shape[1:3]) <= self.padding:
            raise ValueError(
                f"A picture of {input_shape[1]} × {input_shape[2]} cannot be mirrored by "
                f"{self.padding} pixels; it must be larger."
            )

    def call(self, inputs):
        width = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), width, width, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height + 2 * self.padding, width + 2 * self.padding, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="gan")
class EdgePadding(keras.layers.Layer):
    """(N, H, W, C) → (N, H + 2, W + 2, C): a border of one pixel that repeats the edge."""

    def call(self, inputs):
        x = ops.concatenate([inputs[:, :1], inputs, inputs[:, -1:]], axis=1)
        return ops.concatenate([x[:, :, :1], x, x[:, :, -1:]], axis=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height + 2, width + 2, channels)
