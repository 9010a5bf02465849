"""The paper's BigGAN (Brock, Donahue and Simonyan, ICLR 2019, arXiv:1809.11096).

`g_filters` and `d_filters` are the paper's ch. At 128 px with ch 96, 1 000 classes and attention at
64 px the networks have 70 433 988 and 87 982 370 parameters, as in the paper.
"""

import math
from collections.abc import Sequence

import keras
from keras import ops

from layers import (
    BatchNorm,
    ConditionalBatchNorm,
    Downsample2D,
    Repeat2D,
    SelfAttention,
    SumOverSpace,
    Upsample2D,
    initializers,
    residual,
    weights,
)
from models.networks import blocks
from models.recipe import Recipe

# Channels as multiples of ch: the generator's before its first block and after each of them,
# the discriminator's after each block (tables 4 to 9 of the paper; 32 and 64 px by compare_gan).
G_WIDTHS = {
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
D_WIDTHS = {
    32: (2, 2, 2, 2),
    64: (2, 4, 8, 16, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
    512: (1, 1, 2, 4, 8, 8, 16, 16),
}


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R from 32 to 512.

    The latent is cut into equal chunks: one for the first dense layer, and one for the batch norms
    of each block, which take it joined with the shared label embedding (without labels, only the
    chunk). Blocks double the resolution by nearest neighbour; self-attention follows the block that
    reaches attention_resolution.
    """
    widths = _widths(G_WIDTHS, recipe, recipe.g_filters)
    layers_ = _Layers(recipe.g_weight_norm, recipe.initializer)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    chunks = ops.split(blocks.concat_labels(recipe, z, y), len(widths), axis=-1)
    shared = _shared_embedding(recipe, y)

    def activation(name):
        return lambda x: blocks.generator_activation(recipe, x, name)

    first = (*blocks.sides(recipe, 4), widths[0])
    x = layers_.dense(math.prod(first), "stage_0")(chunks[0])
    x = keras.layers.Reshape(first, name="stage_0_4x4")(x)
    for block, filters in enumerate(widths[1:], start=1):
        condition = _joined(shared, chunks[block], f"condition_{block}")
        norm = _Condition(recipe, condition)
        x = _up_block(x, filters, norm, activation, layers_, f"block_{block}")
        if blocks.shorter_side(x) == recipe.attention_resolution:
            x = layers_.attention()(x)
    x = BatchNorm(name="to_image_norm")(x)
    x = activation("to_image_activation")(x)
    x = layers_.conv(blocks.last_channels(recipe), 3, "to_image")(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1); R from 32 to 512.

    Every block except the last halves the resolution; self-attention follows the block that reaches
    its resolution. Features are summed over space; the logit is the sum of a dense layer and the
    label's projection.
    """
    widths = _widths(D_WIDTHS, recipe, recipe.d_filters)
    layers_ = _Layers(recipe.d_weight_norm, recipe.initializer)
    attention = recipe.d_attention_resolution or recipe.attention_resolution
    x, y = blocks.image_input(recipe), blocks.label_input(recipe)
    images = x
    x = blocks.concat_label_plane(recipe, x, y)
    for block, filters in enumerate(widths, start=1):
        halve = block < len(widths)
        x = _down_block(x, filters, recipe, layers_, f"block_{block}", halve, first=block == 1)
        if halve and blocks.shorter_side(x) == attention:
            x = layers_.attention()(x)
    x = _relu("to_logit_activation")(x)
    features = SumOverSpace(dtype="float32", name="features")(x)  # (N, 16 ch)
    compared = blocks.compare_in_batch(recipe, features)
    logits = layers_.dense(1, "to_logit", dtype="float32")(compared)
    logits = blocks.with_labels(recipe, logits, features, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _up_block(x, filters, norm, activation, layers_, name):
    """Norm, activation, ×2, conv, norm, activation, conv; the shortcut is a 1×1 conv."""
    return residual(
        x,
        main=(
            norm(f"{name}_norm_1"),
            activation(f"{name}_activation_1"),
            layers_.up(filters, f"{name}_conv_1"),
            norm(f"{name}_norm_2"),
            activation(f"{name}_activation_2"),
            layers_.conv(filters, 3, f"{name}_conv_2"),
        ),
        # Repeating pixels and a 1×1 convolution commute; this order costs a quarter of the other.
        skip=(
            layers_.conv(filters, 1, f"{name}_skip"),
            Repeat2D(name=f"{name}_skip_up"),
        ),
        name=name,
    )


def _down_block(x, filters, recipe, layers_, name, halve, first):
    """ReLU, conv, ReLU, conv, mean over 2×2; the first block has no ReLU before the first conv."""
    before = () if first else (_norm(recipe, f"{name}_norm_1"), _relu(f"{name}_activation_1"))
    last = layers_.down if halve else layers_.conv_3
    skip = []
    if halve:  # before the 1×1 convolution, with which it commutes: a quarter of the cost
        skip.append(keras.layers.AveragePooling2D(2, name=f"{name}_skip_down"))
    if x.shape[-1] != filters:
        skip.append(layers_.conv(filters, 1, f"{name}_skip"))
    return residual(
        x,
        main=(
            *before,
            layers_.conv(filters, 3, f"{name}_conv_1"),
            _norm(recipe, f"{name}_norm_2"),
            _relu(f"{name}_activation_2"),
            last(filters, f"{name}_conv_2"),
        ),
        skip=skip,
        name=name,
    )


class _Layers:
    """The layers of one network: the same weight norm and initialiser, biases everywhere."""

    def __init__(self, weight_norm: str, initializer: str):
        self.options = {
            "weight_norm": weight_norm,
            "kernel_initializer": initializers.get(initializer),
        }

    def conv(self, filters, size, name):
        return weights.conv2d(filters, size, padding="same", name=name, **self.options)

    def conv_3(self, filters, name):
        return self.conv(filters, 3, name)

    def up(self, filters, name):
        return Upsample2D(filters, "nearest", use_bias=True, name=name, **self.options)

    def down(self, filters, name):
        return Downsample2D(filters, name=name, **self.options)

    def dense(self, units, name, dtype=None):
        return weights.dense(units, dtype=dtype, name=name, **self.options)

    def attention(self):
        """Self-attention with values of 1/2 and keys of 1/8 of the channels, both pooled by 2."""
        return SelfAttention(value_ratio=2, pool=True, name="attention", **self.options)


class _Condition:
    """Makes batch norms that depend on one shared `condition` (N, D)."""

    def __init__(self, recipe: Recipe, condition):
        self.recipe, self.condition = recipe, condition

    def __call__(self, name: str):
        norm = ConditionalBatchNorm(
            weight_norm=self.recipe.g_weight_norm,
            kernel_initializer=initializers.get(self.recipe.initializer),
            name=name,
        )
        return lambda x: norm([x, self.condition])


def _relu(name):
    return keras.layers.ReLU(name=name)


def _norm(recipe, name):
    return lambda x: blocks.discriminator_norm(recipe, x, name)


def _shared_embedding(recipe, y):
    if not (recipe.conditional and recipe.g_conditioning == "batch_norm"):
        return None
    return weights.embedding(
        recipe.num_labels,
        recipe.shared_embedding,
        weight_norm="none",
        embeddings_initializer=initializers.get(recipe.initializer),
        name="shared_embedding",
    )(y)


def _joined(shared, chunk, name):
    return chunk if shared is None else keras.layers.Concatenate(name=name)([shared, chunk])


def _widths(table: dict[int, Sequence[int]], recipe: Recipe, ch: int) -> list[int]:
    if recipe.resolution not in table:
        raise ValueError(
            f"BigGAN has tables for {', '.join(map(str, table))} pixels, not {recipe.resolution}."
        )
    return [ch * multiple for multiple in table[recipe.resolution]]


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    parts = len(_widths(G_WIDTHS, recipe, recipe.g_filters))
    halvings = len(_widths(D_WIDTHS, recipe, recipe.d_filters)) - 1
    if recipe.g_norm != "batch":
        raise ValueError(
            "BigGAN's generator takes its latents through batch norm: g_norm must be 'batch', not "
            f"{recipe.g_norm!r}."
        )
    blocks.check_attention(
        recipe,
        g_sizes=blocks.sizes_between(8, recipe.resolution),
        d_sizes=blocks.sizes_between(recipe.resolution >> halvings, recipe.resolution // 2),
    )
    if recipe.latent_dim % parts:
        fits = round(recipe.latent_dim / parts) * parts or parts
        raise ValueError(
            f"latent_dim {recipe.latent_dim} cannot be cut into {parts} equal chunks, as BigGAN at "
            f"{recipe.resolution} px needs; {fits} can."
        )
