"""The Inception network of the Fréchet Inception Distance, in Keras.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule…", arXiv:1706.08500, measure with one
frozen TensorFlow graph of December 2015. It is not `keras.applications.InceptionV3`:

1. the pool branch of the last block is a 3×3 **max** pool of stride 1;
2. the other pool branches average over real pixels only, not over the padding;
3. batch norm has a gamma, and epsilon 1e-3;
4. there are 1008 logits, and the Inception Score takes them **without the bias**;
5. the input is (x - 128) / 128 on 0..255;
6. pictures are resized to 299 as TensorFlow 1 did (see `metrics.resize`, "tf1-bilinear");
7. pictures are quantised to uint8 first (see `metrics.pictures.to_uint8`).

The weights (Google's, Apache-2.0) are read from the state dict that pytorch-fid and torch-fidelity
publish. Two exact rewrites make it faster: 1×1 convolutions of the same input are merged, and an
average pool and the 1×1 convolution after it are swapped (both are linear, and the pool's weights
add up to one, so the bias passes through).
"""

import keras
from keras import layers, ops

from metrics import networks
from metrics.networks import State, tensor

SIZE = 299
FEATURES, LOGITS = 2048, 1008
EPSILON = 1e-3
SHA256_PREFIX = "6726825d"


def _conv(x, name, filters, kernel=1, strides=1, padding="same", activation="relu"):
    layer = layers.Conv2D(filters, kernel, strides, padding, activation=activation, name=name)
    return layer(x)


def _fork(x, block, **branches: int):
    """1×1 convolutions of the same input, as one convolution: branch name → filters."""
    name = networks.MERGE.join(f"{block}-{branch}" for branch in branches)
    x = _conv(x, name, sum(branches.values()))
    ends = [sum(list(branches.values())[: i + 1]) for i in range(len(branches) - 1)]
    return ops.split(x, ends, axis=-1)


def _pooled(x, block, filters):
    """3×3 average pool of stride 1, then 1×1 convolution and ReLU, in the cheaper order."""
    x = _conv(x, f"{block}-branch_pool", filters, activation=None)
    return ops.relu(layers.AveragePooling2D(3, 1, "same")(x))


def _max_pool(x):
    return layers.MaxPooling2D(3, 2, "valid")(x)


def _block_a(x, name, pool_filters):
    pool = _pooled(x, name, pool_filters)
    plain, five, triple = _fork(x, name, branch1x1=64, branch5x5_1=48, branch3x3dbl_1=64)
    five = _conv(five, f"{name}-branch5x5_2", 64, 5)
    triple = _conv(triple, f"{name}-branch3x3dbl_2", 96, 3)
    triple = _conv(triple, f"{name}-branch3x3dbl_3", 96, 3)
    return ops.concatenate([plain, five, triple, pool], axis=-1)


def _block_b(x, name):
    single = _conv(x, f"{name}-branch3x3", 384, 3, 2, "valid")
    double = _conv(x, f"{name}-branch3x3dbl_1", 64)
    double = _conv(double, f"{name}-branch3x3dbl_2", 96, 3)
    double = _conv(double, f"{name}-branch3x3dbl_3", 96, 3, 2, "valid")
    return ops.concatenate([single, double, _max_pool(x)], axis=-1)


def _block_c(x, name, width):
    pool = _pooled(x, name, 192)
    plain, seven, double = _fork(x, name, branch1x1=192, branch7x7_1=width, branch7x7dbl_1=width)
    seven = _conv(seven, f"{name}-branch7x7_2", width, (1, 7))
    seven = _conv(seven, f"{name}-branch7x7_3", 192, (7, 1))
    double = _conv(double, f"{name}-branch7x7dbl_2", width, (7, 1))
    double = _conv(double, f"{name}-branch7x7dbl_3", width, (1, 7))
    double = _conv(double, f"{name}-branch7x7dbl_4", width, (7, 1))
    double = _conv(double, f"{name}-branch7x7dbl_5", 192, (1, 7))
    return ops.concatenate([plain, seven, double, pool], axis=-1)


def _block_d(x, name):
    three, seven = _fork(x, name, branch3x3_1=192, branch7x7x3_1=192)
    three = _conv(three, f"{name}-branch3x3_2", 320, 3, 2, "valid")
    seven = _conv(seven, f"{name}-branch7x7x3_2", 192, (1, 7))
    seven = _conv(seven, f"{name}-branch7x7x3_3", 192, (7, 1))
    seven = _conv(seven, f"{name}-branch7x7x3_4", 192, 3, 2, "valid")
    return ops.concatenate([three, seven, _max_pool(x)], axis=-1)


def _block_e(x, name, pool):
    """`pool` is "average" in Mixed_7b and "max" in Mixed_7c: difference 1 above."""
    if pool == "average":
        pooled = _pooled(x, name, 192)
    else:
        pooled = _conv(layers.MaxPooling2D(3, 1, "same")(x), f"{name}-branch_pool", 192)
    plain, three, double = _fork(x, name, branch1x1=320, branch3x3_1=384, branch3x3dbl_1=448)
    double = _conv(double, f"{name}-branch3x3dbl_2", 384, 3)
    parts = [
        _conv(three, f"{name}-branch3x3_2a", 384, (1, 3)),
        _conv(three, f"{name}-branch3x3_2b", 384, (3, 1)),
        _conv(double, f"{name}-branch3x3dbl_3a", 384, (1, 3)),
        _conv(double, f"{name}-branch3x3dbl_3b", 384, (3, 1)),
    ]
    return ops.concatenate([plain, *parts, pooled], axis=-1)


def _stem(x):
    x = _conv(x, "Conv2d_1a_3x3", 32, 3, 2, "valid")
    x = _conv(x, "Conv2d_2a_3x3", 32, 3, 1, "valid")
    x = _max_pool(_conv(x, "Conv2d_2b_3x3", 64, 3))
    x = _conv(x, "Conv2d_3b_1x1", 80)
    return _max_pool(_conv(x, "Conv2d_4a_3x3", 192, 3, 1, "valid"))


def build(state: State, precision: str = "float32") -> keras.Model:
    """The network: pictures (N, 299, 299, 3) in 0..255 → features (N, 2048), logits (N, 1008).

    The logits are without bias, as the Inception Score needs them. `state` is the published state
    dict (keys such as `Mixed_7c.branch3x3dbl_3b.bn.running_var`); with `precision` "bfloat16" the
    convolutions use it. Raises `MetricError` if the weights belong to another network.
    """
    with networks.compute_precision(precision):
        model = _network()
    _load(model, state)
    return model


def _network() -> keras.Model:
    inputs = keras.Input((SIZE, SIZE, 3), name="pictures")
    x = _stem(layers.Rescaling(1 / 128, -1.0, name="normalise")(inputs))
    x = _block_a(x, "Mixed_5b", 32)
    x = _block_a(x, "Mixed_5c", 64)
    x = _block_a(x, "Mixed_5d", 64)
    x = _block_b(x, "Mixed_6a")
    for name, width in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        x = _block_c(x, f"Mixed_6{name}", width)
    x = _block_d(x, "Mixed_7a")
    x = _block_e(x, "Mixed_7b", "average")
    x = _block_e(x, "Mixed_7c", "max")
    features = layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    logits = layers.Dense(LOGITS, use_bias=False, dtype="float32", name="fc")(features)
    return keras.Model(inputs, [features, logits], name="inception_2015_12_05")


def _load(model: keras.Model, state: State):
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            networks.set_folded(layer, list(_folded_branches(layer, state)))
    model.get_layer("fc").set_weights([tensor(state, "fc.weight", (LOGITS, FEATURES)).T])


def _folded_branches(layer: layers.Conv2D, state: State):
    height, width, inputs, outputs = layer.kernel.shape
    names = networks.weight_names(layer)
    for name in names:
        # The parts of a merged layer have the widths of the file; Keras checks that they add up.
        filters = outputs if len(names) == 1 else len(state.get(f"{name}.conv.weight", ()))
        shape = (filters, inputs, height, width)
        yield networks.folded(state, f"{name}.conv", f"{name}.bn", shape, EPSILON)
