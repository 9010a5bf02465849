"""StyleGAN's networks at any size (Karras et al. 2019, arXiv:1812.04948, figure 1).

A network of one size has the layers of the smaller ones under the same names, so growing is copying
the weights by name.
"""

from __future__ import annotations

import keras

from layers import (
    BinomialBlur2D,
    ChannelBias,
    EqualizedDense,
    FixedNoise,
    InstanceNorm,
    LearnedConstant,
    Modulation,
    PixelNorm,
    ScaledNoise,
    StyleOf,
    TruncatedStyles,
)
from models.growing import networks as parts
from models.growing.recipe import SMALLEST
from models.networks import blocks
from models.systems.stylegan.recipe import StyleGANRecipe


def mapping(recipe: StyleGANRecipe) -> keras.Model:
    """z (N, latent_dim) → styles (N, layers, style_dim), float32; see `TruncatedStyles`."""
    z = blocks.latent_input(recipe)
    x = PixelNorm(dtype="float32", name="latents_norm")(z)
    for number in range(recipe.mapping_layers):
        name = f"mapping_{number}"
        x = EqualizedDense(
            recipe.style_dim, rate=recipe.mapping_rate, dtype="float32", name=name
        )(x)  # fmt: skip
        x = keras.layers.LeakyReLU(blocks.LEAK, dtype="float32", name=f"{name}_activation")(x)
    styles = TruncatedStyles(
        recipe.layers,
        recipe.truncated_layers,
        recipe.average_decay,
        dtype="float32",
        name="styles",
    )(x)
    return keras.Model(z, styles, name="mapping")


def synthesis(recipe: StyleGANRecipe) -> keras.Model:
    """[styles (N, layers, style_dim), noise (N, noise_size)] → images (N, S, S, 3).

    S is the phase's side. Images are about in [-1, 1]: there is no tanh. While a size fades in,
    they are a mixture of what the new layers give and of the picture of half the size, repeated.
    """
    styles = keras.Input((recipe.layers, recipe.style_dim), dtype="float32", name="styles")
    noise = keras.Input((recipe.noise_size,), dtype="float32", name="noise")
    layers = _StyledLayers(recipe, styles, noise)
    filters = recipe.channels(SMALLEST)
    x = LearnedConstant(SMALLEST, filters, name="constant")(styles)
    x = layers.finished(x, "constant")
    x = layers.finished(parts.conv(x, filters, "conv_4", use_bias=False), "conv_4")
    side, before = SMALLEST, x
    while side < recipe.side:
        side, before = 2 * side, x
        filters, first, second = recipe.channels(side), f"conv_{side}_1", f"conv_{side}_2"
        x = _blurred(parts.doubled(x, filters, first, use_bias=False), first)
        x = layers.finished(x, first)
        x = layers.finished(parts.conv(x, filters, second, use_bias=False), second)
    images = parts.images_of(x, before, recipe)
    return keras.Model([styles, noise], images, name="synthesis")


class _StyledLayers:
    """What follows each of the generator's kernels, with the next style and the next noise."""

    def __init__(self, recipe: StyleGANRecipe, styles, noise):
        self._styles, self._noise = styles, noise
        self._number = self._start = 0

    def finished(self, x, name: str):
        """Noise, bias, leaky ReLU, and AdaIN (equation 1)."""
        height, width, channels = x.shape[1:]
        x = ScaledNoise(self._start, name=f"{name}_noise")([x, self._noise])
        x = parts.leaky(ChannelBias(name=f"{name}_bias")(x), name)
        x = InstanceNorm(epsilon=1e-8, name=f"{name}_norm")(x)
        style = StyleOf(self._number, name=f"{name}_w")(self._styles)
        style = EqualizedDense(2 * channels, gain=1.0, name=f"{name}_style")(style)
        self._number, self._start = self._number + 1, self._start + height * width
        return Modulation(name=f"{name}_modulation")([x, style])


def discriminator(recipe: StyleGANRecipe) -> keras.Model:
    """Images (N, S, S, 3) → logits (N, 1), S the phase's side: PGGAN's with blurs."""
    return parts.discriminator(recipe, _blurred, name="logit")


def generator(mapping: keras.Model, synthesis: keras.Model) -> keras.Model:
    """[z (N, latent_dim), y (N,) int32, not read] → images, with noise that never changes.

    It shares the layers, and so the weights, of both networks.
    """
    z = keras.Input(mapping.inputs[0].shape[1:], dtype="float32", name="latents")
    y = keras.Input((), dtype="int32", name="labels")
    (styles,) = blocks.joined(mapping.inputs, mapping.outputs, [z])
    noise = FixedNoise(synthesis.inputs[1].shape[-1], dtype="float32", name="noise")(styles)
    (images,) = blocks.joined(synthesis.inputs, synthesis.outputs, [styles, noise])
    return keras.Model([z, y], images, name="generator")


def _blurred(x, name: str):
    """Blurred after a doubling or before a halving by the convolution `name`."""
    return BinomialBlur2D(name=f"{name}_blur")(x)
