"""Networks that were trained elsewhere: where their weights are, and what to do without them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import keras

from metrics import lite0, pth, weights

_LITE0 = "lite0"  # before the names of its layers, of which some begin with a line
_RESNET_MAPS = (
    "conv1_relu",
    "conv2_block3_out",
    "conv3_block4_out",
    "conv4_block23_out",
    "conv5_block3_out",
)
_FILES = {
    "VGG19": "models/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "ResNet101": "models/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
}
# ImageNet's means, blue, green, red of 255. Keras's VGG and ResNet were trained on blue first.
MEANS = (103.939, 116.779, 123.68)


def kept_by_keras(network: str) -> Path:
    """Where Keras keeps the weights of a network of `keras.applications`, once fetched."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / _FILES[network]


def check_kept(network: str, wanted: str, without: str) -> None:
    """Raise ValueError, with the way out, if Keras has not fetched the weights of `network`.

    Args:
        wanted: the value of the option that asks for them.
        without: values of it that need none, in words.
    """
    if not (path := kept_by_keras(network)).is_file():
        raise ValueError(
            f"{wanted} needs the weights of {network} at {path}. Keras fetches them: "
            f'python -c "import keras; keras.applications.{network}(include_top=False)"; or '
            f"choose {without}"
        )


def check_encoder(name: str) -> None:
    """Raise ValueError, with the way out, if the weights of this encoder are missing."""
    if name == "lite0":
        weights.lite0_path()
    else:
        check_kept("ResNet101", name, "lite0, whose weights are installed")


def encode(name: str, pictures: keras.KerasTensor) -> list[keras.KerasTensor]:
    """pictures (N, H, W, 3), grey, of levels 0 to 255 → five maps of an encoder without weights.

    At 1/2, 1/4, 1/8, 1/16 and 1/32 of the height and width, which 32 must divide. `load_encoder`
    gives a model that contains it the weights.
    """
    if name == "lite0":
        return lite0.maps(pictures, prefix=_LITE0)
    offset = [-mean for mean in MEANS]  # grey has the same level in every channel
    x = keras.layers.Rescaling(1.0, offset, name="normalise")(pictures)
    whole = keras.applications.ResNet101(include_top=False, weights=None, input_tensor=x)
    for layer in whole.layers:
        if hasattr(layer, "kernel_initializer"):
            layer.kernel_initializer = keras.initializers.Zeros()  # it is loaded, not drawn
    return [whole.get_layer(each).output for each in _RESNET_MAPS]


def encoder_layers(name: str, model: keras.Model) -> Sequence[keras.Layer]:
    """The layers of `model` that `encode` has made and that have weights."""
    starts = _LITE0 if name == "lite0" else ("conv", "pool")
    return [each for each in model.layers if each.name.startswith(starts) and each.weights]


def load_encoder(name: str, model: keras.Model) -> None:
    """Give the encoder within `model` the weights that it was trained to."""
    own = encoder_layers(name, model)
    if name == "lite0":
        lite0.load(own, pth.load(weights.lite0_path()), _LITE0)
        return
    trained = keras.applications.ResNet101(
        include_top=False, weights=str(kept_by_keras("ResNet101"))
    )
    for layer in own:
        layer.set_weights(trained.get_layer(layer.name).get_weights())
