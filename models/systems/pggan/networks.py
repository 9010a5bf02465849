"""PGGAN's generator and discriminator at any size (Karras et al. 2018, arXiv:1710.10196, table 2).

A network of one size has the layers of the smaller ones under the same names, so growing is copying
the weights by name.
"""

from __future__ import annotations

import keras

from layers import (
    ChannelBias,
    EqualizedConv2D,
    EqualizedDense,
    Fade,
    MinibatchStandardDeviation,
    PixelNorm,
    Repeat2D,
)
from models.growing.recipe import SMALLEST
from models.networks import blocks
from models.systems.pggan.recipe import PGGANRecipe

_ROOT = 2.0**0.5


def generator(recipe: PGGANRecipe) -> keras.Model:
    """[z (N, latent_dim), y (N,) int32, not read] → images (N, S, S, 3), S the phase's side.

    They are about in [-1, 1]: there is no tanh. While a size fades in, they are a mixture of what
    the new layers give and of the picture of half the size, repeated.
    """
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    filters = recipe.channels(SMALLEST)
    x = PixelNorm(name="latents_norm")(z)
    # The authors' gain: a quarter, as if the kernel were one of 4 × 4.
    x = EqualizedDense(16 * filters, gain=_ROOT / 4, use_bias=False, name="dense")(x)
    x = keras.layers.Reshape((SMALLEST, SMALLEST, filters), name="dense_4x4")(x)
    x = _finished(ChannelBias(name="dense_bias")(x), "dense")
    x = _finished(_conv(x, filters, "conv_4"), "conv_4")
    side, before = SMALLEST, x
    while side < recipe.side:
        side, before = 2 * side, x
        filters = recipe.channels(side)
        x = Repeat2D(name=f"double_{side}")(x)
        for number in (1, 2):
            name = f"conv_{side}_{number}"
            x = _finished(_conv(x, filters, name), name)
    images = _to_image(x, side)
    if recipe.fading:
        old = Repeat2D(dtype="float32", name="old_doubled")(_to_image(before, side // 2))
        images = Fade(dtype="float32", name="fade")([old, images])
    return keras.Model([z, y], images, name="generator")


def discriminator(recipe: PGGANRecipe) -> keras.Model:
    """Images (N, S, S, 3) → scores (N, 1), S the phase's side."""
    images = keras.Input((recipe.side, recipe.side, 3), dtype="float32", name="images")
    side = recipe.side
    x = _from_image(images, recipe, side)
    while side > SMALLEST:
        x = _leaky(_conv(x, recipe.channels(side), f"conv_{side}_1"), f"conv_{side}_1")
        side //= 2
        name = f"conv_{2 * side}_2"
        x = _halved(_leaky(_conv(x, recipe.channels(side), name), name), f"halve_{2 * side}")
        if recipe.fading and 2 * side == recipe.side:
            old = _from_image(_halved(images, "old_halved", dtype="float32"), recipe, side)
            x = Fade(name="fade")([old, x])
    if recipe.group:
        x = MinibatchStandardDeviation(recipe.group, name="deviation")(x)
    x = _leaky(_conv(x, recipe.channels(SMALLEST), "conv_4"), "conv_4")
    x = keras.layers.Flatten(name="features")(x)
    x = _leaky(EqualizedDense(recipe.channels(SMALLEST // 2), name="dense")(x), "dense")
    score = EqualizedDense(1, gain=1.0, dtype="float32", name="score")(x)
    return keras.Model(images, blocks.as_logits(score), name="discriminator")


def _conv(x, filters: int, name: str):
    return EqualizedConv2D(filters, 3, padding="same", name=name)(x)


def _finished(x, name: str):
    """What follows each of the generator's kernels: leaky ReLU, pixel norm."""
    return PixelNorm(name=f"{name}_norm")(_leaky(x, name))


def _leaky(x, name: str):
    return blocks.leaky(x, f"{name}_activation")


def _to_image(x, side: int):
    return EqualizedConv2D(3, 1, gain=1.0, dtype="float32", name=f"to_image_{side}")(x)


def _from_image(images, recipe: PGGANRecipe, side: int):
    name = f"from_image_{side}"
    return _leaky(EqualizedConv2D(recipe.channels(side), 1, name=name)(images), name)


def _halved(x, name: str, **more):
    """The mean of each square of 2 × 2."""
    return keras.layers.AveragePooling2D(2, name=name, **more)(x)
