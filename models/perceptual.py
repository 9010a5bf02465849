"""Comparing pictures by the feature maps of a frozen Lite0, instead of VGG.

The network and its weights come from `metrics`, a package that imports nothing of ours. This is the
only file of `models` that imports it; a second copy of the network would be worse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import keras

from metrics import lite0, pth, weights

# ReLU6 maps after the stem and after the expansions of blocks 1 and 3: at 1/2, 1/2 and 1/4 of the
# picture's resolution. Like relu1_1, relu2_1 and relu3_1 of VGG19 they are early and still sharp.
MAPS = ("stem_relu", "_blocks-1-expand_relu", "_blocks-3-expand_relu")


def check() -> None:
    """Raise ValueError, with the remedy, if the weights of Lite0 are missing or wrong."""
    weights.lite0_path()


def feature_maps(resolution: int) -> Callable:
    """x (N, R, R, 3) in [-1, 1] → its maps, a list of float32 (N, h, w, c), one for each of `MAPS`.

    The function hides the network from Keras, which would otherwise save it with its owner.
    Raises ValueError as `check` does.
    """
    network = _network(resolution)

    def maps(x):
        return network((x + 1.0) * 127.5, training=False)

    return maps


@cache
def _network(resolution: int) -> keras.Model:
    whole = lite0.build(pth.load(weights.lite0_path()), side=resolution)
    outputs = [whole.get_layer(name).output for name in MAPS]
    network = keras.Model(whole.inputs[0], outputs, name="lite0_maps")
    network.trainable = False
    return network
