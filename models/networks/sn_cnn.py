"""The standard CNN of spectral normalisation (Miyato et al. 2018, arXiv:1802.05957, table 3).

At 32 px with g_filters 512 and d_filters 64 it equals the paper's networks, layer for layer.
"""

import math

import keras

from layers import SumOverSpace, initializers, weights
from models.networks import blocks
from models.recipe import Recipe

LEAK = 0.1  # the paper's


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R from 16 up.

    Dense to 4×4×g_filters, transposed convolutions 4×4 of stride 2 that halve the channels, each
    with batch norm and ReLU, then a 3×3 convolution.
    """
    stages = blocks.stages(recipe.resolution)
    options = _options(recipe, recipe.g_weight_norm)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_labels(recipe, z, y)
    first = (*blocks.sides(recipe, 4), recipe.g_filters)
    x = weights.dense(math.prod(first), name="stage_0", **options)(x)
    x = keras.layers.Reshape(first, name="stage_0_4x4")(x)
    for stage in range(1, stages + 1):
        name = f"stage_{stage}"
        up = weights.conv2d_transpose(
            recipe.g_filters >> stage, 4, strides=2, padding="same", name=name, **options
        )
        x = blocks.generator_norm(recipe, up(x), y, f"{name}_norm")
        x = blocks.generator_activation(recipe, x, f"{name}_activation")
    channels = blocks.last_channels(recipe)
    x = weights.conv2d(channels, 3, padding="same", name="to_image", **options)(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1); R from 16 up.

    Pairs of a 3×3 convolution of stride 1 and a 4×4 convolution of stride 2, each pair with twice
    the channels of the previous one, a last 3×3 convolution, then a dense logit.
    """
    stages = blocks.stages(recipe.resolution)
    options = _options(recipe, recipe.d_weight_norm)
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_label_plane(recipe, images, y)

    def conv(x, filters, size, strides, name):
        layer = weights.conv2d(filters, size, strides=strides, padding="same", name=name, **options)
        x = layer(x)
        if name != "stage_0_same":
            x = blocks.discriminator_norm(recipe, x, f"{name}_norm")
        return keras.layers.LeakyReLU(negative_slope=LEAK, name=f"{name}_activation")(x)

    for stage in range(stages):
        filters = recipe.d_filters << stage
        x = conv(x, filters, 3, 1, f"stage_{stage}_same")
        x = conv(x, filters, 4, 2, f"stage_{stage}_down")
    x = conv(x, recipe.d_filters << stages, 3, 1, f"stage_{stages}_same")
    features = keras.layers.Flatten(name="features")(x)
    compared = blocks.compare_in_batch(recipe, features)
    logits = weights.dense(1, dtype="float32", name="to_logit", **options)(compared)
    pooled = SumOverSpace(dtype="float32", name="pooled")(x)
    logits = blocks.with_labels(recipe, logits, pooled, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _options(recipe: Recipe, weight_norm: str) -> dict:
    return {
        "weight_norm": weight_norm,
        "kernel_initializer": initializers.get(recipe.initializer),
    }


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    stages = blocks.stages(recipe.resolution)
    if stages < 1 or recipe.g_filters % (1 << stages):
        raise ValueError(
            f"g_filters {recipe.g_filters} cannot be halved {stages} times, "
            f"as {recipe.resolution} px needs (8 at least)."
        )
