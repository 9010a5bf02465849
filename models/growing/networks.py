"""Parts of growing networks: kernels with an equalised learning rate, halving, doubling, the ends.

Doubling and halving are one operation with the convolution, as in PGGAN's code by default: exact,
and less than half of the arithmetic. The activation follows.
"""

from __future__ import annotations

import keras

from layers import (
    Downsample2D,
    EqualizedConv2D,
    EqualizedDense,
    Fade,
    MinibatchStandardDeviation,
    Repeat2D,
    Upsample2D,
    initializers,
)
from models.growing.recipe import SMALLEST, GrowingRecipe
from models.networks import blocks

_EQUALIZED = {"weight_norm": "equalized", "kernel_initializer": initializers.Normal(1.0)}


def conv(x, filters: int, name: str, **more):
    """A 3×3 convolution."""
    return EqualizedConv2D(filters, 3, padding="same", name=name, **more)(x)


def doubled(x, filters: int, name: str, use_bias: bool = True):
    """Every pixel as a block of 2×2, then a 3×3 convolution."""
    return Upsample2D(filters, "nearest", use_bias=use_bias, name=name, **_EQUALIZED)(x)


def halved(x, filters: int, name: str):
    """A 3×3 convolution, then the mean of each block of 2×2."""
    return Downsample2D(filters, name=name, **_EQUALIZED)(x)


def leaky(x, name: str):
    """The activation that belongs to `name`."""
    return blocks.leaky(x, f"{name}_activation")


def images_of(x, before, recipe: GrowingRecipe):
    """Maps of the phase's side → images, float32, without tanh.

    While a size fades in, they are mixed with those of `before`, maps of half the side, repeated.
    """
    images = _to_image(x, recipe.side)
    if not recipe.fading:
        return images
    old = Repeat2D(dtype="float32", name="old_doubled")(_to_image(before, recipe.side // 2))
    return Fade(dtype="float32", name="fade")([old, images])


def _to_image(x, side: int):
    return EqualizedConv2D(3, 1, gain=1.0, dtype="float32", name=f"to_image_{side}")(x)


def discriminator(recipe: GrowingRecipe, blur, name: str = "score") -> keras.Model:
    """Images (N, S, S, 3) → scores (N, 1), S the phase's side.

    Args:
        blur: (maps, name of the convolution that follows) → maps, before each halving.
        name: of the last layer.
    """
    images = keras.Input((recipe.side, recipe.side, 3), dtype="float32", name="images")
    side = recipe.side
    x = _from_image(images, recipe, side)
    while side > SMALLEST:
        first, second = f"conv_{side}_1", f"conv_{side}_2"
        x = leaky(conv(x, recipe.channels(side), first), first)
        side //= 2
        x = leaky(halved(blur(x, second), recipe.channels(side), second), second)
        if recipe.fading and 2 * side == recipe.side:
            half = keras.layers.AveragePooling2D(2, dtype="float32", name="old_halved")(images)
            x = Fade(name="fade")([_from_image(half, recipe, side), x])
    if recipe.group:
        x = MinibatchStandardDeviation(recipe.group, name="deviation")(x)
    x = leaky(conv(x, recipe.channels(SMALLEST), "conv_4"), "conv_4")
    x = keras.layers.Flatten(name="features")(x)
    x = leaky(EqualizedDense(recipe.channels(SMALLEST // 2), name="dense")(x), "dense")
    score = EqualizedDense(1, gain=1.0, dtype="float32", name=name)(x)
    return keras.Model(images, blocks.as_logits(score), name="discriminator")


def _from_image(images, recipe: GrowingRecipe, side: int):
    name = f"from_image_{side}"
    return leaky(EqualizedConv2D(recipe.channels(side), 1, name=name)(images), name)
