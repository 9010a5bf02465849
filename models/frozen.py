"""A network that was trained elsewhere and stays as it is, as a layer of a network of ours."""

from __future__ import annotations

from functools import cache

import keras
from keras import ops

from metrics import lite0, pth, weights
from metrics.networks import compute_precision


@keras.saving.register_keras_serializable(package="gan")
class FrozenLite0(keras.layers.Layer):
    """Pictures (N, H, W, 3) in [-1, 1] → Lite0's maps at four sizes.

    Pictures are enlarged or shrunk, bilinearly, until their shorter side is `side`; the maps are at
    1/4, 1/8, 1/16 and 1/32 of that, with 24, 40, 112 and 320 channels. Lite0 is hidden from Keras:
    its weights are neither trained nor saved, they come from its package.

    Args:
        side: the shorter side of what Lite0 sees. 32 must divide both sides.

    Raises:
        ValueError: its weights are not installed.
    """

    def __init__(self, side: int, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def build(self, input_shape):
        self._network(input_shape)  # before any graph is traced

    def call(self, inputs):
        size = self._seen(inputs.shape)
        x = ops.image.resize(inputs, size, data_format="channels_last")
        return self._network(inputs.shape)((x + 1.0) * 127.5, training=False)

    @property
    def hidden(self) -> keras.Model:
        """The network, pictures as it sees them → maps; once the layer was called."""
        return self._network(self.input.shape)

    def _network(self, shape) -> keras.Model:
        return _maps(*self._seen(shape), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        height, width = self._seen(input_shape)
        return [
            (input_shape[0], height // stride, width // stride, channels)
            for stride, channels in CHANNELS.items()
        ]

    def _seen(self, shape) -> tuple[int, int]:
        return seen(shape[1], shape[2], self.side)

    def get_config(self):
        return {**super().get_config(), "side": self.side}


CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}  # of the maps, by their stride


def seen(height: int, width: int, side: int) -> tuple[int, int]:
    """The sides of pictures (height, width) once their shorter one is `side`."""
    shorter = min(height, width)
    return height * side // shorter, width * side // shorter


@cache
def _maps(height: int, width: int, precision: str) -> keras.Model:
    pictures = keras.Input((height, width, 3), dtype="float32")
    with compute_precision(precision):
        _, *maps = lite0.maps(pictures)  # at a half they say little of what is drawn
        network = keras.Model(pictures, maps, name="lite0_maps")
    lite0.load(network.layers, pth.load(weights.lite0_path()))
    network.trainable = False
    return network
