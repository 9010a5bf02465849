"""Pictures compared by the feature maps of a frozen network: Lite0 in VGG's place, or VGG19.

Lite0 and its weights are those of `metrics`, a package that knows nothing of ours: a second copy of
the network would be worse. VGG19 and its weights are Keras's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import keras
from keras import ops

from metrics import lite0, pth, weights
from models import pretrained

# ReLU6 maps after the stem and after the expansions of blocks 1 and 3: at 1/2, 1/2 and 1/4 of the
# picture's resolution. Like relu1_1, relu2_1 and relu3_1 of VGG19 they are early and still sharp.
MAPS = ("stem_relu", "_blocks-1-expand_relu", "_blocks-3-expand_relu")


# Single maps by name. Those of Lite0's blocks 1 and 11 have about the strides of VGG's: 2 and 16
# pixels; block 3 has 4.
CONTENTS = {
    "lite0_block1": "_blocks-1-expand_relu",
    "lite0_block3": "_blocks-3-expand_relu",
    "lite0_block11": "_blocks-11-expand_relu",
    "vgg22": "block2_conv2",
    "vgg54": "block5_conv4",
}
_VGG = "vgg"
# After the expansions of blocks 3, 5 and 11: at 1/4, 1/8 and 1/16, as VGG16's before its 3rd, 4th
# and 5th pooling. Each with a factor that gives its mean difference the size of the pixels', in
# [-1, 1], where a coloured face is compared with its grey copy (200 drawn ones at 64 px).
DEEP_MAPS = {
    "_blocks-3-expand_relu": 0.47,
    "_blocks-5-expand_relu": 0.60,
    "_blocks-11-expand_relu": 0.94,
}


def check(content: str = "lite0_block1") -> None:
    """Raise ValueError, with the way out, where the weights of a network are missing or others.

    `content`: one of `CONTENTS`, which says which network.
    """
    if not content.startswith(_VGG):
        weights.lite0_path()
    else:
        pretrained.check_kept("VGG19", content, "lite0_block11 or lite0_block1, which need none")


def feature_maps(resolution: int, names: Sequence[str] = MAPS) -> Callable:
    """x (N, R, R, 3) in [-1, 1] → its maps, a list of float32 (N, h, w, c), one for each name.

    The function hides the network from Keras, which would otherwise save it with its owner.
    Raises ValueError as `check` does.
    """
    network = _lite0(resolution, tuple(names))
    return lambda x: network((x + 1.0) * 127.5, training=False)


def content_map(content: str, resolution: int) -> Callable:
    """x (N, R, R, 3) in [-1, 1] → its map of that name in `CONTENTS`, float32 (N, h, w, c).

    Hidden from Keras and raising as `feature_maps` does.
    """
    check(content)
    if not content.startswith(_VGG):
        network = _lite0(resolution, (CONTENTS[content],))
        return lambda x: network((x + 1.0) * 127.5, training=False)
    network = _vgg(resolution, CONTENTS[content])
    # As its authors trained it: blue first, the data's means taken away.

    def mapped(x):
        pixels = (ops.flip(x, axis=-1) + 1.0) * 127.5
        means = ops.convert_to_tensor(pretrained.MEANS, dtype=pixels.dtype)
        return network(pixels - means, training=False)

    return mapped


@cache
def _lite0(resolution: int, names: Sequence[str]) -> keras.Model:
    whole = lite0.build(pth.load(weights.lite0_path()), side=resolution)
    outputs = [whole.get_layer(name).output for name in names]
    return _frozen(whole, outputs if len(outputs) > 1 else outputs[0])


@cache
def _vgg(resolution: int, name: str) -> keras.Model:
    shape = (resolution, resolution, 3)
    whole = keras.applications.VGG19(
        include_top=False, weights=str(pretrained.kept_by_keras("VGG19")), input_shape=shape
    )
    return _frozen(whole, whole.get_layer(name).output)


def _frozen(whole: keras.Model, outputs) -> keras.Model:
    network = keras.Model(whole.inputs[0], outputs, name="maps")
    network.trainable = False
    return network
