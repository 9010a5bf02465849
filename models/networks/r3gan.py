"""R3GAN's networks (Huang et al. 2024, arXiv:2501.05441, section 4 and appendix D).

Residual blocks without any normalisation, on grouped convolutions. The initial weights make up for
it: each block begins as the identity, since its last convolution begins as zeros, and the others
are scaled by the number of blocks (Zhang, Dauphin and Ma 2019, arXiv:1901.09321).
"""

import math

import keras

from layers import (
    BinomialBlur2D,
    GatherFromSpace,
    GroupedConv2D,
    Repeat2D,
    SpreadOverSpace,
    initializers,
    residual,
)
from models.networks import blocks
from models.recipe import Recipe

EXPANSION = 2  # channels inside a block for each one outside
GROUP = 16  # channels of a group
CONVOLUTIONS = 3  # of a block


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 4 up.

    A linear map of z times a learned 4×4 map a channel; at each size `stage_blocks` blocks; between
    them a 1×1 convolution where the number of channels changes, and bilinear doubling. g_filters
    channels up to maps of `wide_up_to`, half as many with each doubling above it.
    """
    filters = recipe.g_filters
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = keras.layers.Dense(
        filters, use_bias=False, kernel_initializer=_plain(recipe), name="g_first"
    )(blocks.concat_labels(recipe, z, y))
    x = SpreadOverSpace(*blocks.sides(recipe, 4), name="g_basis")(x)
    for stage, size in enumerate(blocks.sizes_between(4, recipe.resolution)):
        name = f"g_stage_{stage}"
        if size > 4:
            x = _narrowed(recipe, x, _width(recipe, filters, size), f"{name}_width")
            x = BinomialBlur2D(name=f"{name}_blur")(Repeat2D(name=f"{name}_up")(x))
        x = _stage(recipe, x, name)
    x = _conv(recipe, blocks.last_channels(recipe), "g_image")(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1): the generator's mirror image.

    It ends in a weighted sum over space and a linear map, in float32.
    """
    filters = recipe.d_filters
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_label_plane(recipe, images, y)
    x = _conv(recipe, _width(recipe, filters, recipe.resolution), "d_first")(x)
    sizes = blocks.sizes_between(4, recipe.resolution)[::-1]
    for stage, size in enumerate(sizes):
        name = f"d_stage_{stage}"
        x = _stage(recipe, x, name)
        if size > 4:
            x = BinomialBlur2D(name=f"{name}_blur")(x)
            x = keras.layers.AveragePooling2D(2, name=f"{name}_down")(x)
            x = _narrowed(recipe, x, _width(recipe, filters, size // 2), f"{name}_width")
    x = blocks.compare_in_batch(recipe, x)
    features = GatherFromSpace(dtype="float32", name="features")(x)
    logits = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=_plain(recipe), dtype="float32", name="to_logit"
    )(features)
    logits = blocks.with_labels(recipe, logits, features, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _stage(recipe: Recipe, x, name: str):
    for number in range(1, recipe.stage_blocks + 1):
        x = _block(recipe, x, f"{name}_block_{number}")
    return x


def _block(recipe: Recipe, x, name: str):
    """x + 1×1(leaky(grouped 3×3(leaky(1×1(x)))))."""
    filters = x.shape[-1]
    inside = EXPANSION * filters
    count = recipe.stage_blocks * len(blocks.sizes_between(4, recipe.resolution))
    # He's gain for this leaky ReLU, and the fixed-update scale for blocks of so many convolutions.
    gain = math.sqrt(2 / (1 + blocks.LEAK**2)) * count ** (-1 / (2 * CONVOLUTIONS - 2))
    main = (
        _conv(recipe, inside, f"{name}_in", gain, use_bias=True),
        lambda x: blocks.leaky(x, f"{name}_activation_1"),
        GroupedConv2D(
            inside, 3, inside // GROUP, use_bias=True,
            kernel_initializer=_scaled(recipe, gain), name=f"{name}_grouped",
        ),
        lambda x: blocks.leaky(x, f"{name}_activation_2"),
        _conv(recipe, filters, f"{name}_out", gain=0.0),
    )  # fmt: skip
    return residual(x, main, name=name)


def _narrowed(recipe: Recipe, x, filters: int, name: str):
    """x with so many channels; nothing is done where it has them."""
    return x if x.shape[-1] == filters else _conv(recipe, filters, name)(x)


def _conv(recipe: Recipe, filters: int, name: str, gain: float = 1.0, use_bias: bool = False):
    return keras.layers.Conv2D(
        filters, 1, use_bias=use_bias, kernel_initializer=_scaled(recipe, gain), name=name
    )


def _scaled(recipe: Recipe, gain: float) -> keras.initializers.Initializer:
    """Of variance gain² / inputs, if the recipe's initialiser is He's."""
    return initializers.get(recipe.initializer, gain / math.sqrt(2))


def _plain(recipe: Recipe) -> keras.initializers.Initializer:
    return _scaled(recipe, 1.0)


def _width(recipe: Recipe, filters: int, size: int) -> int:
    """Channels of maps whose shorter side is `size`."""
    wide = recipe.wide_up_to
    return filters * wide // max(size, wide)


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    for name in ("g_filters", "d_filters"):
        filters = getattr(recipe, name)
        narrow = _width(recipe, filters, recipe.resolution)
        unit = GROUP // EXPANSION * max(1, recipe.resolution // recipe.wide_up_to)
        if filters % unit or not narrow:
            raise ValueError(
                f"{name} {filters}: r3gan at {recipe.resolution} px needs a multiple of {unit}, so "
                f"that every block has whole groups of {GROUP} channels."
            )
    for name in ("g_weight_norm", "d_weight_norm", "d_norm"):
        if (value := getattr(recipe, name)) != "none":
            raise ValueError(f"R3GAN's networks have no normalisation; {name} is {value}.")
    if recipe.conditional and recipe.g_conditioning != "concat":
        raise ValueError(
            "R3GAN's generator has no batch norm: it takes its labels by g_conditioning concat, "
            f"not {recipe.g_conditioning}."
        )
