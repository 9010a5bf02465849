"""PGGAN's generator and discriminator at any size (Karras et al. 2018, arXiv:1710.10196, table 2).

A network of one size has the layers of the smaller ones under the same names, so growing is copying
the weights by name.
"""

from __future__ import annotations

import keras

from layers import ChannelBias, EqualizedDense, PixelNorm
from models.growing import networks as parts
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
    x = _finished(parts.conv(x, filters, "conv_4"), "conv_4")
    side, before = SMALLEST, x
    while side < recipe.side:
        side, before = 2 * side, x
        first, second = f"conv_{side}_1", f"conv_{side}_2"
        x = _finished(parts.doubled(x, recipe.channels(side), first), first)
        x = _finished(parts.conv(x, recipe.channels(side), second), second)
    return keras.Model([z, y], parts.images_of(x, before, recipe), name="generator")


def discriminator(recipe: PGGANRecipe) -> keras.Model:
    """Images (N, S, S, 3) → scores (N, 1), S the phase's side."""
    return parts.discriminator(recipe, blur=lambda x, _: x)


def _finished(x, name: str):
    """What follows each of the generator's kernels: leaky ReLU, pixel norm."""
    return PixelNorm(name=f"{name}_norm")(parts.leaky(x, name))
