"""Pictures painted with a few colours each."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class Palette(keras.layers.Layer):
    """[logits (N, H, W, K), colours (N, K·C)] → pictures (N, H, W, C).

    Pixel p is Σ_k softmax(sharpness · logits_p)_k · colour_k, a mean of its picture's K colours. A
    large difference of logits gives exactly a colour of the palette, so areas become flat and a
    colour is the same wherever it is used.

    Args:
        channels: C.
        sharpness: factor of the logits.
    """

    def __init__(self, channels=3, sharpness=5.0, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        self.sharpness = sharpness

    def call(self, inputs):
        logits, colours = inputs
        height, width, count = logits.shape[1:]
        shares = ops.softmax(self.sharpness * ops.cast(logits, self.compute_dtype), axis=-1)
        shares = ops.reshape(shares, (-1, height * width, count))
        colours = ops.cast(ops.reshape(colours, (-1, count, self.channels)), shares.dtype)
        return ops.reshape(ops.matmul(shares, colours), (-1, height, width, self.channels))

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.channels)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "sharpness": self.sharpness}
