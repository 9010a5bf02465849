"""SRGAN's generator and discriminator (Ledig et al. 2017, arXiv:1609.04802, figure 4)."""

from __future__ import annotations

import keras

from layers import (
    BatchNorm,
    BoxBlur2D,
    PixelShuffle,
    Repeat2D,
    initializers,
    residual,
    weights,
)
from models.networks.blocks import as_logits, leaky
from models.systems.srgan.recipe import SRGANRecipe

_PLAN = ((1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2))  # (width, stride) of D


def generator(recipe: SRGANRecipe, side: int | None = None) -> keras.Model:
    """Pictures (N, h, w, 3) of any size → (N, scale·h, scale·w, 3), both around [-1, 1].

    With a `side`, of that size alone. With `recipe.residual` its pixels are repeated, and what the
    last convolution gives is added; it starts near 0.

    The last convolution is bare, so colours may leave [-1, 1] by a little; who shows them clips.
    """
    filters = recipe.g_filters
    pictures = keras.Input((side, side, 3), dtype="float32", name="images")
    # Small pictures go from 0 to 1 there, large ones from -1 to 1.
    x = keras.layers.Rescaling(0.5, 0.5, name="from_0_to_1")(pictures)
    x = _prelu(_conv(x, filters, 9, "first"), "first")
    trunk = x
    for number in range(1, recipe.blocks + 1):
        x = _block(x, f"block_{number}")
    x = BatchNorm(name="trunk_norm")(_conv(x, filters, 3, "trunk"))
    x = keras.layers.Add(name="trunk_sum")([trunk, x])
    for number in range(1, recipe.scale.bit_length()):
        label = f"up_{number}"
        x = _conv(x, 4 * filters, 3, label, initializers.get("icnr"))
        x = _prelu(PixelShuffle(2, name=f"{label}_shuffle")(x), label)
        x = BoxBlur2D(name=f"{label}_blur")(x) if recipe.blur else x
    small = initializers.get("he_normal", gain=0.01) if recipe.residual else None
    x = _conv(x, 3, 9, "to_image", small, dtype="float32")
    if recipe.residual:
        large = pictures
        for number in range(1, recipe.scale.bit_length()):
            large = Repeat2D(dtype="float32", name=f"repeat_{number}")(large)
        x = keras.layers.Add(dtype="float32", name="sum")([large, x])
    return keras.Model(pictures, x, name="generator")


def discriminator(recipe: SRGANRecipe) -> keras.Model:
    """Crops (N, C, C, 3) → logits (N, 1).

    Its kernels are normalised as the recipe says, or else, from the second on, their outputs.
    """
    norm = recipe.d_weight_norm
    crops = keras.Input((recipe.crop, recipe.crop, 3), dtype="float32", name="images")
    x = crops
    for number, (width, strides) in enumerate(_PLAN):
        label = f"conv_{number}"
        x = _conv(x, width * recipe.d_filters, 3, label, strides=strides, weight_norm=norm)
        if number and norm == "none":
            x = BatchNorm(name=f"{label}_norm")(x)
        x = leaky(x, f"{label}_activation")
    x = keras.layers.Flatten(name="features")(x)
    x = leaky(_dense(x, recipe.d_units, "hidden", norm), "hidden_activation")
    logit = _dense(x, 1, "logit", norm, dtype="float32")
    return keras.Model(crops, as_logits(logit), name="discriminator")


def _block(x, name: str):
    """x + norm(conv(prelu(norm(conv(x))))), (N, h, w, C) both."""
    channels = x.shape[-1]
    first, second = f"{name}_1", f"{name}_2"
    main = (
        lambda x: _conv(x, channels, 3, first),
        BatchNorm(name=f"{first}_norm"),
        lambda x: _prelu(x, first),
        lambda x: _conv(x, channels, 3, second),
        BatchNorm(name=f"{second}_norm"),
    )
    return residual(x, main, name=name)


def _conv(x, filters: int, size: int, name: str, initializer=None, weight_norm="none", **more):
    kernel = initializer or initializers.get("he_normal")
    return weights.conv2d(
        filters,
        size,
        padding="same",
        weight_norm=weight_norm,
        kernel_initializer=kernel,
        name=name,
        **more,
    )(x)


def _prelu(x, name: str):
    """max(x, 0) + a·min(x, 0), one learned a a channel, 1/4 at first (He et al. 2015)."""
    return keras.layers.PReLU(
        alpha_initializer=keras.initializers.Constant(0.25),
        shared_axes=[1, 2],
        name=f"{name}_activation",
    )(x)


def _dense(x, units: int, name: str, weight_norm: str, **more):
    kernel = initializers.get("glorot_uniform")
    return weights.dense(
        units, weight_norm=weight_norm, kernel_initializer=kernel, name=name, **more
    )(x)
