"""FastGAN's networks (Liu et al. 2021, arXiv:2101.04775): good from few pictures, and light.

Layers are those of the authors' code at 256 px, and the generator's above too. (There their
discriminator begins with plain strided convolutions.) The generator's small maps choose the
channels of its large ones (skip-layer excitation, section 3.1). The discriminator looks at the
picture and at its half, answers for every patch, and has to draw real pictures again from its maps
(section 3.2), so that it cannot know its few pictures by heart. All channels are by the size of
their maps, so the networks serve at any size from 32 px up; the authors begin at 256.
"""

import keras

from layers import (
    Closeness,
    GatedLinearUnit,
    QuarterInTurn,
    Repeat2D,
    initializers,
    weights,
)
from models.networks import blocks
from models.recipe import Recipe

LEAST, MOST = 32, 1024  # px
EXCITED = 16  # maps of this many times the size are excited by the generator's small ones
MOST_EXCITED = 512  # px; the authors' larger maps are not
D_EXCITED = 8  # maps of this part of the size, by the discriminator's large ones
LAST = 8  # the shorter side of the discriminator's smallest maps
# Channels, in units of g_filters or d_filters, by the shorter side of the maps.
G_WIDTHS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 1 / 2, 512: 1 / 4, 1024: 1 / 8}
D_WIDTHS = {8: 8, 16: 4, 32: 2, 64: 1, 128: 1 / 2, 256: 1 / 4, 512: 1 / 8, 1024: 1 / 16}
JUDGED = 16  # the same, of the maps whose patches are judged
DECODER_WIDTHS = {16: 2, 32: 1, 64: 1, 128: 1 / 2, 256: 1 / 4, 512: 1 / 8}  # of d_filters

CONVOLUTIONS = {"one": (1, 1), "two": (2, 2), "alternating": (2, 1)}


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 32 up.

    At each size: nearest neighbours doubled, then g_convolutions convolutions, each with batch norm
    and gated linear units. The maps of 64 to 512 px are multiplied by what a gate makes of those of
    a sixteenth of their size.
    """
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = grown(recipe, z, y)
    x = _conv(recipe, "g", blocks.last_channels(recipe), 3, name="g_image")(x)
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def grown(recipe: Recipe, z, y):
    """Latents and labels → the generator's last maps (N, H, W, channels)."""
    height, width = blocks.sides(recipe, 4)
    channels = _width(G_WIDTHS, recipe.g_filters, 4)
    x = weights.dense(
        height * width * 2 * channels, use_bias=False, weight_norm=recipe.g_weight_norm,
        kernel_initializer=initializers.get(recipe.initializer), name="g_first",
    )(blocks.concat_labels(recipe, z, y))  # fmt: skip
    x = keras.layers.Reshape((height, width, 2 * channels), name="g_map")(x)
    x = GatedLinearUnit(name="g_first_gated")(blocks.generator_norm(recipe, x, y, "g_first_norm"))
    maps = {4: x}
    for stage, size in enumerate(blocks.sizes_between(8, recipe.resolution)):
        x = Repeat2D(name=f"g_stage_{stage}_up")(x)
        channels = _width(G_WIDTHS, recipe.g_filters, size)
        for number in range(1, CONVOLUTIONS[recipe.g_convolutions][stage % 2] + 1):
            name = f"g_stage_{stage}_{number}"
            x = _conv(recipe, "g", 2 * channels, 3, name=name)(x)
            x = blocks.generator_norm(recipe, x, y, f"{name}_norm")
            x = GatedLinearUnit(name=f"{name}_gated")(x)
        if size // EXCITED in maps and size <= MOST_EXCITED:
            x = _excited(recipe, "g", maps[size // EXCITED], x, f"g_stage_{stage}_excitation")
        maps[size] = x
    return x


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, J) of patches of the picture and of its half.

    With reconstruction_weight also how well it drew the pictures again, (N, 1): minus the mean
    absolute error of the halved picture drawn from the last maps, of the same drawn from the maps
    of its second look, and of a quarter drawn from a quarter of the maps before the last. The
    decoders are part of it, for training alone.
    """
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_label_plane(recipe, images, y)
    last, before = _looked_at(recipe, x)
    half = keras.layers.AveragePooling2D(2, name="d_half")(x)
    second = _second_look(recipe, half)
    logits = keras.layers.Concatenate(dtype="float32", name="d_patches")([
        _judged(recipe, last), _patches(recipe, second, "second_to_logit")
    ])  # fmt: skip
    features = keras.layers.GlobalAveragePooling2D(dtype="float32", name="features")(last)
    outputs = [blocks.as_logits(blocks.with_labels(recipe, logits, features, y))]
    if recipe.reconstruction_weight:
        outputs.append(_drawn_again(recipe, images, last, before, second))
    return keras.Model([images, y], outputs, name="discriminator")


def _looked_at(recipe: Recipe, x):
    """Pictures → the last maps, of 8 pixels, and those before them."""
    maps, size = {}, recipe.resolution
    x = _conv(recipe, "d", _width(D_WIDTHS, recipe.d_filters, size), 3, name="d_first")(x)
    maps[size] = blocks.leaky(x, "d_first_activation")
    stage = 0
    while size > LAST:
        size //= 2
        x = _halved_twice(recipe, maps[2 * size], size, f"d_stage_{stage}")
        if size * D_EXCITED in maps:
            x = _excited(recipe, "d", maps[size * D_EXCITED], x, f"d_stage_{stage}_excitation")
        maps[size] = x
        stage += 1
    return maps[LAST], maps[2 * LAST]


def _second_look(recipe: Recipe, x):
    """The halved picture → maps of 8 pixels, by a plainer network of half the channels."""
    size, stage = recipe.resolution // 2, 0
    while size > LAST:
        size //= 2
        name = f"second_stage_{stage}"
        filters = _width(D_WIDTHS, recipe.d_filters, 2 * size)
        x = _conv(recipe, "d", filters, 4, strides=2, name=name)(x)
        if stage:
            x = blocks.discriminator_norm(recipe, x, f"{name}_norm")
        x = blocks.leaky(x, f"{name}_activation")
        stage += 1
    return x


def _halved_twice(recipe: Recipe, x, size: int, name: str):
    """The mean of two ways to halve x: two convolutions, and pooling before a 1×1 one."""
    filters = _width(D_WIDTHS, recipe.d_filters, size)
    way = _normed(recipe, x, filters, 4, f"{name}_1", strides=2)
    way = _normed(recipe, way, filters, 3, f"{name}_2")
    short = keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    short = _normed(recipe, short, filters, 1, f"{name}_short")
    return keras.layers.Average(name=f"{name}_mean")([way, short])


def _normed(recipe: Recipe, x, filters: int, kernel: int, name: str, strides: int = 1):
    x = _conv(recipe, "d", filters, kernel, strides=strides, name=name)(x)
    return blocks.leaky(blocks.discriminator_norm(recipe, x, f"{name}_norm"), f"{name}_activation")


def _judged(recipe: Recipe, last):
    """The last maps → a logit for every patch, (N, J)."""
    last = blocks.compare_in_batch(recipe, last)
    x = _normed(recipe, last, JUDGED * recipe.d_filters, 1, "d_last")
    return _patches(recipe, x, "to_logit")


def _patches(recipe: Recipe, x, name: str):
    """Maps → a logit for each place of a 4×4 window, in float32."""
    options = {"padding": "valid", "dtype": "float32"}
    x = _conv(recipe, "d", 1, 4, name=name, **options)(x)
    return keras.layers.Flatten(dtype="float32", name=f"{name}s")(x)


def _excited(recipe: Recipe, player: str, chooser, x, name: str):
    """x, with each channel times a number in (0, 1) that follows from another map.

    F(x_low) · x_high, with F pooling to 4×4, a 4×4 convolution, Swish, a 1×1 one and a sigmoid
    (equation 2).
    """
    channels, shape = x.shape[-1], blocks.sides(recipe, 4)
    gate = chooser
    if (pooled := blocks.shorter_side(chooser) // 4) > 1:
        gate = keras.layers.AveragePooling2D(pooled, name=f"{name}_pool")(gate)
    gate = _conv(recipe, player, channels, shape, padding="valid", name=f"{name}_1")(gate)
    gate = keras.layers.Activation("silu", name=f"{name}_swish")(gate)
    gate = _conv(recipe, player, channels, 1, name=f"{name}_2")(gate)
    gate = keras.layers.Activation("sigmoid", name=f"{name}_gate")(gate)
    return keras.layers.Multiply(name=name)([x, gate])


def _drawn_again(recipe: Recipe, images, last, before, second):
    """How close the drawings of three decoders come to the pictures, (N, 1), in float32."""
    half = keras.layers.AveragePooling2D(2, dtype="float32", name="half_picture")(images)
    quarter, part = (QuarterInTurn(name=f"quarter_{n}") for n in ("picture", "maps"))
    pairs = {
        "whole": (half, last),
        "again": (half, second),
        "part": (quarter(images), part(before)),
    }
    each = [
        Closeness(dtype="float32", name=f"{name}_closeness")(
            [picture, _decoded(recipe, maps, f"{name}_decoder")]
        )
        for name, (picture, maps) in pairs.items()
    ]
    return keras.layers.Add(dtype="float32", name="closeness")(each)


def _decoded(recipe: Recipe, x, name: str):
    """Maps of 8 pixels → pictures of half the size (N, H/2, W/2, C) in [-1, 1]."""
    half = recipe.resolution // 2
    for stage, size in enumerate(blocks.sizes_between(2 * LAST, half)):
        channels = _width(DECODER_WIDTHS, recipe.d_filters, size)
        x = Repeat2D(name=f"{name}_{stage}_up")(x)
        x = _conv(recipe, "d", 2 * channels, 3, name=f"{name}_{stage}")(x)
        x = blocks.discriminator_norm(recipe, x, f"{name}_{stage}_norm")
        x = GatedLinearUnit(name=f"{name}_{stage}_gated")(x)
    x = _conv(recipe, "d", recipe.data_shape[-1], 3, name=f"{name}_picture")(x)
    return keras.layers.Activation("tanh", dtype="float32", name=f"{name}_tanh")(x)


def _conv(recipe: Recipe, player: str, filters: int, kernel, **options) -> keras.Layer:
    """A convolution without bias, normalised as the recipe says of "g" or "d"."""
    return weights.conv2d(
        filters, kernel, use_bias=False, **{"padding": "same", **options},
        weight_norm=getattr(recipe, f"{player}_weight_norm"),
        kernel_initializer=initializers.get(recipe.initializer),
    )  # fmt: skip


def _width(widths: dict, filters: int, size: int) -> int:
    """Channels of maps whose shorter side is `size`; at least 1."""
    return max(1, int(filters * widths[size]))


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    if not LEAST <= recipe.resolution <= MOST:
        raise ValueError(
            f"{recipe.architecture} is for {LEAST} to {MOST} pixels, not {recipe.resolution}."
        )
