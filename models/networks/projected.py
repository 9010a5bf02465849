"""Projected GAN's networks (Sauer et al. 2021, arXiv:2111.01007), as in the authors' code.

The discriminator never sees pictures. It sees the maps of a network that was trained on ImageNet
and stays frozen, at four depths, mixed by random 1×1 convolutions that stay as they are drawn: over
the channels of a depth, then from the deepest to the others (section 3.2). One small network judges
each depth. The generator is FastGAN's.

By the features of the same network such a generator measures better than it is: judge it by
others'.
"""

import keras

from layers import CornerAlignedUpsample2D, PixelNorm, initializers, weights
from models import frozen
from models.networks import blocks, fastgan
from models.recipe import Recipe

# Channels in units of d_filters: of the mixed depths, from 1/4 of what is seen to 1/32, and of the
# discriminators' maps from the last back, each of twice the sides.
MIXED = (1, 2, 4, 8)
WIDTHS = (8, 4, 2, 1)


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]: FastGAN's, of latents of length 1.

    R is a power of two from 32 up. The length is the root of the mean square.
    """
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = fastgan.grown(recipe, PixelNorm(name="latents_of_length_1")(z), y)
    x = weights.conv2d(
        blocks.last_channels(recipe), 3, padding="same", weight_norm=recipe.g_weight_norm,
        kernel_initializer=initializers.get(recipe.initializer), name="g_image",
    )(x)  # fmt: skip
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, J) of patches at four depths; C is 3, or 1 for grey."""
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = images
    if recipe.data_shape[-1] == 1:
        x = keras.layers.Concatenate(name="grey_thrice")([x, x, x])
    maps = frozen.FrozenLite0(recipe.d_input, name="frozen")(x)
    logits, features = [], []
    for depth, x in enumerate(mixed(recipe, maps)):
        judged, last = _head(recipe, x, depth)
        logits.append(judged)
        features.append(
            keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"depth_{depth}_mean")(last)
        )
    together = keras.layers.Concatenate(dtype="float32", name="patches")(logits)
    seen = keras.layers.Concatenate(dtype="float32", name="features")(features)
    together = blocks.with_labels(recipe, together, seen, y)
    return keras.Model([images, y], blocks.as_logits(together), name="discriminator")


def mixed(recipe: Recipe, maps: list) -> list:
    """Maps of four depths → as many, mixed at random, of twice the sides; the largest first."""
    wide = [
        _random(x, units * recipe.d_filters, f"channels_{depth}")
        for depth, (x, units) in enumerate(zip(maps, MIXED, strict=True))
    ]
    x, found = None, []
    for depth, own in reversed(list(enumerate(wide))):
        x = own if x is None else keras.layers.Add(name=f"scales_{depth}_sum")([x, own])
        x = CornerAlignedUpsample2D(name=f"scales_{depth}_up")(x)
        x = _random(x, own.shape[-1] // (2 if depth else 1), f"scales_{depth}")
        found.append(x)
    return found[::-1]


def _random(x, filters: int, name: str):
    """x through a 1×1 convolution that is never trained."""
    return keras.layers.Conv2D(
        filters, 1, kernel_initializer=initializers.FanInUniform(),
        bias_initializer=initializers.FanInUniform(x.shape[-1]), trainable=False, name=name,
    )(x)  # fmt: skip


def _head(recipe: Recipe, x, depth: int):
    """Mixed maps → a logit for each 4×4 window of the last maps, (N, J), and those maps.

    The maps are halved until they have the sides of the deepest.
    """
    options = {
        "weight_norm": recipe.d_weight_norm,
        "kernel_initializer": initializers.get(recipe.initializer),
    }
    for left in reversed(range(len(WIDTHS) - depth)):
        name = f"depth_{depth}_{left}"
        filters = recipe.d_filters * WIDTHS[left]
        x = weights.conv2d(filters, 4, strides=2, padding="same", name=name, **options)(x)
        x = blocks.discriminator_norm(recipe, x, f"{name}_norm")
        x = blocks.leaky(x, f"{name}_activation")
    name = "to_logit" if depth == len(MIXED) - 1 else f"depth_{depth}_to_logit"
    judged = weights.conv2d(1, 4, use_bias=False, dtype="float32", name=name, **options)(x)
    return keras.layers.Flatten(dtype="float32", name=f"{name}s")(judged), x


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    fastgan.check(recipe)
    height, width, channels = recipe.data_shape
    if channels == 4:
        raise ValueError(
            "The discriminator of projected sees through a network that knows no transparency: "
            "channels must be 3, or 1 for grey, not 4."
        )
    sides = frozen.seen(height, width, recipe.d_input)
    if any(side % 32 for side in sides):
        raise ValueError(
            f"d_input {recipe.d_input}: pictures of {width}x{height} become {sides[1]}x{sides[0]}, "
            "and 32 must divide both sides; 128 and 256 fit every shape."
        )
    if recipe.d_conditioning == "concat" and recipe.conditional:
        raise ValueError(
            "The discriminator of projected is frozen where it sees pictures, so labels cannot "
            "stand beside them: choose d_conditioning projection or none, not concat."
        )
    if recipe.minibatch != "none":
        raise ValueError(
            f"The discriminator of projected does not compare batches; minibatch is "
            f"{recipe.minibatch}, not none."
        )
