"""The residual networks of spectral normalisation, projection, SAGAN and WGAN-GP.

At 32 px they are those of Miyato et al. 2018 (arXiv:1802.05957), table 4: g_filters 256, d_filters
128. From 64 px up they are those of its ImageNet tables 5 and 6: g_filters 1024, d_filters 64; with
self-attention at 32×32 that is the SAGAN of Zhang et al. 2019 (arXiv:1805.08318). WGAN-GP's
residual CIFAR networks (arXiv:1704.00028) have the same form. The initial kernels of the blocks'
3×3 convolutions are multiplied by residual_gain; all others, such as the shortcuts', are not.
"""

import math

import keras

from layers import (
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

_POOLING = {"sum": SumOverSpace, "mean": keras.layers.GlobalAveragePooling2D}


def generator_widths(resolution: int, filters: int) -> list[int]:
    """Channels at 4×4 and after each block: constant up to 32 px, else down to filters / 16."""
    count = blocks.stages(resolution)
    if resolution <= 32:
        return [filters] * (count + 1)
    return [filters] + [max(1, filters >> max(0, 5 - count + block)) for block in range(count)]


def discriminator_widths(resolution: int, filters: int) -> tuple[list[int], int]:
    """Channels after each block, and the number of blocks that halve: two up to 32 px."""
    if resolution <= 32:
        return [filters] * 4, 2
    halvings = blocks.stages(resolution)
    return [filters * min(1 << block, 16) for block in range(halvings + 1)], halvings


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R from 8 up.

    Dense to 4×4, then residual blocks that double the resolution by nearest neighbour, with
    self-attention after the block that reaches attention_resolution; a norm without labels, ReLU,
    3×3 convolution.
    """
    first, *widths = generator_widths(recipe.resolution, recipe.g_filters)
    options = _options(recipe, recipe.g_weight_norm)
    main = _options(recipe, recipe.g_weight_norm, recipe.residual_gain)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)

    def norm(name):
        return lambda x: blocks.generator_norm(recipe, x, y, name)

    def activation(name):
        return lambda x: blocks.generator_activation(recipe, x, name)

    x = blocks.concat_labels(recipe, z, y)
    start = (*blocks.sides(recipe, 4), first)
    x = weights.dense(math.prod(start), name="stage_0", **options)(x)
    x = keras.layers.Reshape(start, name="stage_0_4x4")(x)
    for index, filters in enumerate(widths, start=1):
        name = f"block_{index}"
        x = residual(
            x,
            main=(
                norm(f"{name}_norm_1"),
                activation(f"{name}_activation_1"),
                Upsample2D(filters, "nearest", use_bias=True, name=f"{name}_conv_1", **main),
                norm(f"{name}_norm_2"),
                activation(f"{name}_activation_2"),
                weights.conv2d(filters, 3, padding="same", name=f"{name}_conv_2", **main),
            ),
            # Repeating pixels and a 1×1 convolution commute; this order costs a quarter.
            skip=(
                weights.conv2d(filters, 1, name=f"{name}_skip", **options),
                Repeat2D(name=f"{name}_skip_up"),
            ),
            name=name,
        )
        x = _attention(recipe, x, options)
    x = blocks.plain_norm(recipe.g_norm, x, "to_image_norm")
    x = activation("to_image_activation")(x)
    channels = blocks.last_channels(recipe)
    x = weights.conv2d(channels, 3, padding="same", name="to_image", **options)(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1); R from 8 up.

    Residual blocks, the first ones halving the resolution by the mean of 2×2 pixels; ReLU, the sum
    or the mean over space, a dense logit, and the label's projection on the same features.
    """
    widths, halvings = discriminator_widths(recipe.resolution, recipe.d_filters)
    options = _options(recipe, recipe.d_weight_norm)
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_label_plane(recipe, images, y)
    for index, filters in enumerate(widths):
        x = _down_block(recipe, x, filters, f"block_{index + 1}", index == 0, index < halvings)
        x = _attention(recipe, x, options) if index < halvings else x
    x = keras.layers.ReLU(name="features_activation")(x)
    features = _POOLING[recipe.d_pooling](dtype="float32", name="features")(x)
    compared = blocks.compare_in_batch(recipe, features)
    logits = weights.dense(1, dtype="float32", name="to_logit", **options)(compared)
    logits = blocks.with_labels(recipe, logits, features, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _down_block(recipe: Recipe, x, filters: int, name: str, first: bool, halve: bool):
    """ReLU, conv, ReLU, conv, mean over 2×2; the first block has no ReLU before the first conv."""
    options = _options(recipe, recipe.d_weight_norm)
    main = _options(recipe, recipe.d_weight_norm, recipe.residual_gain)

    def norm(name):
        return lambda x: blocks.discriminator_norm(recipe, x, name)

    def conv(filters, size, name, options=main):
        return weights.conv2d(filters, size, padding="same", name=name, **options)

    before = (norm(f"{name}_norm_1"), keras.layers.ReLU(name=f"{name}_activation_1"))
    last = Downsample2D(filters, name=f"{name}_conv_2", **main) if halve else None
    skip = []
    if halve:  # before the 1×1 convolution, with which it commutes: a quarter of the cost
        skip.append(keras.layers.AveragePooling2D(2, name=f"{name}_skip_down"))
    if halve or x.shape[-1] != filters:
        skip.append(conv(filters, 1, f"{name}_skip", options))
    return residual(
        x,
        main=(
            *(() if first else before),
            conv(filters if first or recipe.d_wide else x.shape[-1], 3, f"{name}_conv_1"),
            norm(f"{name}_norm_2"),
            keras.layers.ReLU(name=f"{name}_activation_2"),
            last or conv(filters, 3, f"{name}_conv_2"),
        ),
        skip=skip,
        name=name,
    )


def _attention(recipe: Recipe, x, options: dict):
    """The authors' self-attention: values of 1/2, keys of 1/8 of the channels, both pooled."""
    if blocks.shorter_side(x) != recipe.attention_resolution:
        return x
    return SelfAttention(value_ratio=2, pool=True, name="attention", **options)(x)


def _options(recipe: Recipe, weight_norm: str, gain: float = 1.0) -> dict:
    return {
        "weight_norm": weight_norm,
        "kernel_initializer": initializers.get(recipe.initializer, gain),
    }


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    if recipe.resolution < 8:
        raise ValueError(f"The residual networks need at least 8 pixels, not {recipe.resolution}.")
    _, halvings = discriminator_widths(recipe.resolution, recipe.d_filters)
    smallest = recipe.resolution >> halvings
    blocks.check_smallest(recipe, smallest)
    blocks.check_attention(
        recipe,
        g_sizes=blocks.sizes_between(8, recipe.resolution),
        d_sizes=blocks.sizes_between(smallest, recipe.resolution // 2),
    )
