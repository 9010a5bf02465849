"""Between vectors and maps, channel by channel: each channel has one learned map."""

import keras
from keras import ops

from layers import initializers


@keras.saving.register_keras_serializable(package="gan")
class SpreadOverSpace(keras.layers.Layer):
    """(N, C) → (N, H, W, C): every number times the learned map of its channel.

    R3GAN's generator begins so (Huang et al. 2024, arXiv:2501.05441). The maps begin as normal
    numbers of deviation 1.

    Args:
        height, width: of the maps.
    """

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def build(self, input_shape):
        self.basis = self.add_weight(
            name="basis",
            shape=(self.height, self.width, input_shape[-1]),
            initializer=initializers.Normal(stddev=1.0),
        )

    def call(self, inputs):
        return inputs[:, None, None, :] * ops.cast(self.basis, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


@keras.saving.register_keras_serializable(package="gan")
class GatherFromSpace(keras.layers.Layer):
    """(N, H, W, C) → (N, C): of every channel the sum over space, weighted by its learned map.

    It is a depthwise convolution as large as the map, with which R3GAN's discriminator ends. The
    maps begin as normal numbers of variance 1 / (H·W).
    """

    def build(self, input_shape):
        _, height, width, channels = input_shape
        self.basis = self.add_weight(
            name="basis",
            shape=(height, width, channels),
            initializer=initializers.Normal(stddev=(height * width) ** -0.5),
        )

    def call(self, inputs):
        return ops.sum(inputs * ops.cast(self.basis, inputs.dtype), axis=(1, 2))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])
