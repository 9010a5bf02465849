"""The anime notes' SResNetGAN: SRGAN's residual trunk at 16×16, then pixel shuffle or deconv.

At 128 px with g_filters 64 and d_filters 32 it equals the notes' networks, layer for layer.
"""

import keras

from layers import SelfAttention, SumOverSpace, Upsample2D, initializers, residual, weights
from models.networks import blocks
from models.recipe import Recipe

BASE = 16  # side of the feature maps that the residual blocks work on
G_BLOCKS = 16


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 32 up.

    16×16×g_filters, norm, PReLU; 16 residual blocks and self-attention at that size; a convolution
    and norm, added to the input of the first block; up-samplings ×2 (`subpixel`: V0, `transposed`:
    V1), each with norm and PReLU; a 9×9 convolution.
    """
    filters, layers_ = recipe.g_filters, _Layers(recipe.g_weight_norm, recipe.initializer)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)

    def norm(name):
        return lambda x: blocks.generator_norm(recipe, x, y, name)

    def block(x, name):
        main = (
            layers_.conv(filters, 3, f"{name}_conv_1"),
            norm(f"{name}_norm_1"),
            _prelu(f"{name}_activation"),
            layers_.conv(filters, 3, f"{name}_conv_2"),
            norm(f"{name}_norm_2"),
        )
        return residual(x, main, name=name)

    def trunk(x):
        for number in range(1, G_BLOCKS + 1):
            x = block(x, f"block_{number}")
        return layers_.attention()(x) if recipe.attention_resolution == BASE else x

    x = blocks.concat_labels(recipe, z, y)
    x = keras.layers.Reshape((1, 1, x.shape[-1]), name="latents_1x1")(x)
    x = layers_.first(filters, blocks.sides(recipe, BASE), "stage_0")(x)  # (N, 16, 16, g_filters)
    x = _prelu("stage_0_activation")(norm("stage_0_norm")(x))
    after = (trunk, layers_.conv(filters, 3, "trunk_conv"), norm("trunk_norm"))
    x = residual(x, after, name="trunk")
    for stage in range(1, blocks.stages(recipe.resolution, BASE) + 1):
        x = layers_.up(filters, recipe.upsample, f"stage_{stage}")(x)
        x = _prelu(f"stage_{stage}_activation")(norm(f"stage_{stage}_norm")(x))
    x = layers_.conv(blocks.last_channels(recipe), 9, "to_image", use_bias=True)(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1).

    Stages of a 4×4 convolution of stride 2 and two residual blocks without norm, down to 4×4, with
    1, 2, 4, … times d_filters channels; self-attention at its resolution; a 4×4 convolution.
    """
    layers_ = _Layers(recipe.d_weight_norm, recipe.initializer)
    attention = recipe.d_attention_resolution or recipe.attention_resolution
    x, y = blocks.image_input(recipe), blocks.label_input(recipe)
    images = x

    def block(x, name):
        filters = x.shape[-1]
        main = (
            layers_.conv(filters, 3, f"{name}_conv_1"),
            lambda x: blocks.leaky(x, f"{name}_activation"),
            layers_.conv(filters, 3, f"{name}_conv_2"),
        )
        return residual(x, main, name=name)

    x = blocks.concat_label_plane(recipe, x, y)
    for stage in range(blocks.stages(recipe.resolution)):
        name = f"stage_{stage}"
        x = layers_.conv(recipe.d_filters << stage, 4, name, strides=2, use_bias=True)(x)
        x = blocks.discriminator_norm(recipe, x, f"{name}_norm")
        x = blocks.leaky(x, f"{name}_activation")
        x = block(block(x, f"{name}_block_1"), f"{name}_block_2")
        if blocks.shorter_side(x) == attention:
            x = layers_.attention()(x)
    compared = blocks.compare_in_batch(recipe, x)
    whole = blocks.sides(recipe, 4)
    logits = layers_.conv(1, whole, "to_logit", padding="valid", dtype="float32")(compared)
    logits = keras.layers.Flatten(dtype="float32", name="flat_logit")(logits)
    pooled = SumOverSpace(dtype="float32", name="features")(x)
    logits = blocks.with_labels(recipe, logits, pooled, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


class _Layers:
    """The layers of one network: the same weight norm and initialiser."""

    def __init__(self, weight_norm: str, initializer: str):
        self.options = {
            "weight_norm": weight_norm,
            "kernel_initializer": initializers.get(initializer),
        }

    def conv(self, filters, size, name, padding="same", strides=1, use_bias=False, dtype=None):
        return weights.conv2d(
            filters, size, strides=strides, padding=padding, use_bias=use_bias, dtype=dtype,
            name=name, **self.options,
        )  # fmt: skip

    def first(self, filters, size, name):
        return weights.conv2d_transpose(filters, size, use_bias=False, name=name, **self.options)

    def up(self, filters, method, name):
        return Upsample2D(filters, method, use_bias=True, name=name, **self.options)

    def attention(self):
        return SelfAttention(use_bias=True, name="attention", **self.options)


def _prelu(name):
    return keras.layers.PReLU(shared_axes=[1, 2], name=name)


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    if recipe.resolution < 2 * BASE:
        raise ValueError(f"SResNetGAN needs at least {2 * BASE} pixels, not {recipe.resolution}.")
    d_sizes = blocks.sizes_between(4, recipe.resolution // 2)
    blocks.check_attention(recipe, g_sizes=[BASE], d_sizes=d_sizes)
