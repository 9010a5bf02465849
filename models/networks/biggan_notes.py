"""The anime notes' BIGGAN: residual blocks with batch norm in both networks, one latent.

At 128 px with d_filters 32 it equals the notes' networks, layer for layer: BIGGAN_V0 with g_filters
512, BIGGAN_V1 with 1024. (The notes' g_filters is twice that and is halved before its first use.)
"""

import keras

from layers import SelfAttention, SumOverSpace, initializers, residual, weights
from models.networks import blocks
from models.recipe import Recipe


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 16 up.

    4×4×g_filters, then blocks that double the resolution up to R: the first block has g_filters
    channels, each further block half as many; self-attention after the block that reaches
    attention_resolution; norm, LeakyReLU, a 3×3 convolution.
    """
    count = blocks.stages(recipe.resolution)
    layers_ = _Layers(recipe.g_weight_norm, recipe.initializer)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)

    def norm(name):
        return lambda x: blocks.generator_norm(recipe, x, y, name)

    def activation(name):
        return lambda x: blocks.generator_activation(recipe, x, name)

    x = blocks.concat_labels(recipe, z, y)
    x = keras.layers.Reshape((1, 1, x.shape[-1]), name="latents_1x1")(x)
    first = blocks.sides(recipe, 4)
    x = layers_.first(recipe.g_filters, first, "stage_0")(x)  # (N, 4, 4, g_filters)
    for block in range(1, count + 1):
        filters = recipe.g_filters >> (block - 1)
        x = _block(x, filters, norm, activation, layers_.up, layers_, f"block_{block}")
        if blocks.shorter_side(x) == recipe.attention_resolution:
            x = layers_.attention()(x)
    x = activation("to_image_activation")(norm("to_image_norm")(x))
    x = layers_.conv(blocks.last_channels(recipe), 3, "to_image", use_bias=False)(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1).

    Blocks with 2, 4, 8, … times d_filters channels halve the resolution down to 4×4; self-attention
    after the block that reaches its resolution; a 4×4 convolution gives the logit.
    """
    count = blocks.stages(recipe.resolution)
    layers_ = _Layers(recipe.d_weight_norm, recipe.initializer)
    attention = recipe.d_attention_resolution or recipe.attention_resolution
    x, y = blocks.image_input(recipe), blocks.label_input(recipe)
    images = x

    def norm(name):
        return lambda x: blocks.discriminator_norm(recipe, x, name)

    x = blocks.concat_label_plane(recipe, x, y)
    for block in range(1, count + 1):
        filters = recipe.d_filters << block
        x = _block(x, filters, norm, _leaky, layers_.down, layers_, f"block_{block}")
        if blocks.shorter_side(x) == attention:
            x = layers_.attention()(x)
    compared = blocks.compare_in_batch(recipe, x)
    whole = blocks.sides(recipe, 4)
    logits = layers_.conv(1, whole, "to_logit", padding="valid", use_bias=False, dtype="float32")(
        compared
    )
    logits = keras.layers.Flatten(dtype="float32", name="flat_logit")(logits)
    pooled = SumOverSpace(dtype="float32", name="features")(x)
    logits = blocks.with_labels(recipe, logits, pooled, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _block(x, filters, norm, activation, resample, layers_, name):
    """Norm, activation, resampling 3×3, norm, activation, 3×3; the shortcut resamples too."""
    return residual(
        x,
        main=(
            norm(f"{name}_norm_1"),
            activation(f"{name}_activation_1"),
            resample(filters, f"{name}_conv_1"),
            norm(f"{name}_norm_2"),
            activation(f"{name}_activation_2"),
            layers_.conv(filters, 3, f"{name}_conv_2"),
        ),
        skip=(resample(filters, f"{name}_skip"),),
        name=name,
    )


class _Layers:
    """The layers of one network: the same weight norm and initialiser, biases in the blocks."""

    def __init__(self, weight_norm: str, initializer: str):
        self.options = {
            "weight_norm": weight_norm,
            "kernel_initializer": initializers.get(initializer),
        }

    def conv(self, filters, size, name, padding="same", strides=1, use_bias=True, dtype=None):
        return weights.conv2d(
            filters, size, strides=strides, padding=padding, use_bias=use_bias, dtype=dtype,
            name=name,
            **self.options,
        )  # fmt: skip

    def first(self, filters, size, name):
        return weights.conv2d_transpose(filters, size, use_bias=False, name=name, **self.options)

    def up(self, filters, name):
        return weights.conv2d_transpose(
            filters, 3, strides=2, padding="same", name=name, **self.options
        )

    def down(self, filters, name):
        return self.conv(filters, 3, name, strides=2)

    def attention(self):
        return SelfAttention(use_bias=True, name="attention", **self.options)


def _leaky(name):
    return lambda x: blocks.leaky(x, name)


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    count = blocks.stages(recipe.resolution)
    if count < 2:
        raise ValueError(f"BIGGAN needs at least 16 pixels, not {recipe.resolution}.")
    if recipe.g_filters % (1 << (count - 1)):
        raise ValueError(
            f"g_filters {recipe.g_filters} cannot be halved {count - 1} times, as "
            f"{recipe.resolution} px needs."
        )
    blocks.check_attention(
        recipe,
        g_sizes=blocks.sizes_between(8, recipe.resolution),
        d_sizes=blocks.sizes_between(4, recipe.resolution // 2),
    )
