"""StyleGAN's networks at any size (Karras et al. 2019, arXiv:1812.04948, figure 1).

A network of one size has the layers of the smaller ones under the same names, so growing is copying
the weights by name.
"""

from __future__ import annotations

import keras

from layers import (
    BinomialBlur2D,
    ChannelBias,
    EqualizedConv2D,
    EqualizedDense,
    Fade,
    FixedNoise,
    InstanceNorm,
    LearnedConstant,
    MinibatchStandardDeviation,
    Modulation,
    PixelNorm,
    Repeat2D,
    ScaledNoise,
    StyleOf,
    TruncatedStyles,
)
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
    x = layers.finished(_conv(x, filters, "conv_4", use_bias=False), "conv_4")
    side, before = SMALLEST, x
    while side < recipe.side:
        side, before = 2 * side, x
        first, second = f"conv_{side}_1", f"conv_{side}_2"
        x = Repeat2D(name=f"double_{side}")(x)
        x = _conv(x, recipe.channels(side), first, use_bias=False)
        x = layers.finished(BinomialBlur2D(name=f"{first}_blur")(x), first)
        x = layers.finished(_conv(x, recipe.channels(side), second, use_bias=False), second)
    images = _to_image(x, side)
    if recipe.fading:
        old = Repeat2D(dtype="float32", name="old_doubled")(_to_image(before, side // 2))
        images = Fade(dtype="float32", name="fade")([old, images])
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
        x = _leaky(ChannelBias(name=f"{name}_bias")(x), name)
        x = InstanceNorm(epsilon=1e-8, name=f"{name}_norm")(x)
        style = StyleOf(self._number, name=f"{name}_w")(self._styles)
        style = EqualizedDense(2 * channels, gain=1.0, name=f"{name}_style")(style)
        self._number, self._start = self._number + 1, self._start + height * width
        return Modulation(name=f"{name}_modulation")([x, style])


def discriminator(recipe: StyleGANRecipe) -> keras.Model:
    """Images (N, S, S, 3) → logits (N, 1), S the phase's side: PGGAN's with blurs."""
    images = keras.Input((recipe.side, recipe.side, 3), dtype="float32", name="images")
    side = recipe.side
    x = _from_image(images, recipe, side)
    while side > SMALLEST:
        x = _leaky(_conv(x, recipe.channels(side), f"conv_{side}_1"), f"conv_{side}_1")
        name, side = f"conv_{side}_2", side // 2
        x = BinomialBlur2D(name=f"{name}_blur")(x)
        x = _halved(_conv(x, recipe.channels(side), name), f"halve_{2 * side}")
        x = _leaky(x, name)
        if recipe.fading and 2 * side == recipe.side:
            old = _from_image(_halved(images, "old_halved", dtype="float32"), recipe, side)
            x = Fade(name="fade")([old, x])
    if recipe.group:
        x = MinibatchStandardDeviation(recipe.group, name="deviation")(x)
    x = _leaky(_conv(x, recipe.channels(SMALLEST), "conv_4"), "conv_4")
    x = keras.layers.Flatten(name="features")(x)
    x = _leaky(EqualizedDense(recipe.channels(SMALLEST // 2), name="dense")(x), "dense")
    logit = EqualizedDense(1, gain=1.0, dtype="float32", name="logit")(x)
    return keras.Model(images, blocks.as_logits(logit), name="discriminator")


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


def _conv(x, filters: int, name: str, **more):
    return EqualizedConv2D(filters, 3, padding="same", name=name, **more)(x)


def _leaky(x, name: str):
    return blocks.leaky(x, f"{name}_activation")


def _to_image(x, side: int):
    return EqualizedConv2D(3, 1, gain=1.0, dtype="float32", name=f"to_image_{side}")(x)


def _from_image(images, recipe: StyleGANRecipe, side: int):
    name = f"from_image_{side}"
    return _leaky(EqualizedConv2D(recipe.channels(side), 1, name=name)(images), name)


def _halved(x, name: str, **more):
    """The mean of each square of 2 × 2."""
    return keras.layers.AveragePooling2D(2, name=name, **more)(x)
