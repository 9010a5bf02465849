"""Maxout, the discriminator's activation in the GAN of 2014."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class Maxout(keras.layers.Layer):
    """(N, p·C) → (N, C): the largest of each p (Goodfellow et al. 2013, arXiv:1302.4389)."""

    def __init__(self, pieces=5, **kwargs):
        super().__init__(**kwargs)
        self.pieces = pieces

    def call(self, inputs):
        return ops.max(ops.reshape(inputs, (-1, inputs.shape[-1] // self.pieces, self.pieces)), -1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // self.pieces)

    def get_config(self):
        return {**super().get_config(), "pieces": self.pieces}
