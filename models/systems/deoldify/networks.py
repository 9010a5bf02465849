"""DeOldify's generator, a U-Net on a trained encoder, and its discriminator.

After `DynamicUnetWide` and `custom_gan_critic` of github.com/jantic/DeOldify (MIT).
"""

from __future__ import annotations

import keras

from layers import (
    BatchNorm,
    BoxBlur2D,
    ChannelDropout,
    Coloured,
    Luma,
    PixelShuffle,
    SelfAttention,
    initializers,
    weights,
)
from models import pretrained
from models.networks.blocks import as_logits, leaky
from models.systems.deoldify.recipe import DeOldifyRecipe

_ATTENDING = 1  # the decoder's block whose maps attend to themselves: at 1/8 of the size


def generator(recipe: DeOldifyRecipe, side: int | None = None, trained: bool = True):
    """Pictures (N, S, S, 3) in [-1, 1], of which the luma is read → the same luma in colour.

    The result is (N, S, S, 3) in [-1, 1]; in training colours may leave this range.

    Args:
        side: S, a multiple of 32; by default the phase's.
        trained: whether the encoder gets the weights that it was trained to.
    """
    side = side or recipe.side
    pictures = keras.Input((side, side, 3), dtype="float32", name="images")
    grey = Luma(dtype="float32", name="luma")(pictures)
    levels = keras.layers.Concatenate(dtype="float32", name="grey")([grey] * 3)
    levels = keras.layers.Rescaling(127.5, 127.5, dtype="float32", name="levels")(levels)
    *skips, x = pretrained.encode(recipe.encoder, levels)
    x = _relu(BatchNorm(name="deepest_norm")(x), "deepest")
    channels = x.shape[-1]
    x = _conv(x, 2 * channels, "middle_1")
    x = _conv(x, channels, "middle_2")
    for number, skip in enumerate(reversed(skips)):
        last = number == len(skips) - 1
        x = _up_block(x, skip, recipe.g_filters // (2 if last else 1), f"block_{number}")
        if number == _ATTENDING:
            x = _attention(x)
    x = _relu(_plain(x, 4 * x.shape[-1], 1, "last_up", icnr=True), "last_up")
    x = PixelShuffle(2, name="last_up_shuffle")(x)
    x = keras.layers.Concatenate(name="with_grey")([x, grey])
    inner = _relu(_plain(x, x.shape[-1], 3, "cross_1"), "cross_1")
    inner = _relu(_plain(inner, x.shape[-1], 3, "cross_2"), "cross_2")
    x = keras.layers.Add(name="cross_sum")([x, inner])
    x = _plain(x, 2, 1, "to_chroma", dtype="float32")
    chroma = keras.layers.Activation("tanh", dtype="float32", name="chroma")(x)
    coloured = Coloured(dtype="float32", name="coloured")([grey, chroma])
    model = keras.Model(pictures, coloured, name="generator")
    if trained:
        pretrained.load_encoder(recipe.encoder, model)
    for layer in pretrained.encoder_layers(recipe.encoder, model) if recipe.frozen else ():
        layer.trainable = False
    return model


def discriminator(recipe: DeOldifyRecipe) -> keras.Model:
    """[pictures (N, S, S, 3), dropout (N, C) in [0, 1)] → logits (N, h, w, 1), one a patch."""
    side = recipe.side
    pictures = keras.Input((side, side, 3), dtype="float32", name="images")
    uniform = keras.Input((sum(recipe.d_channels),), dtype="float32", name="dropout")
    filters, begin = recipe.d_filters, 0
    x = leaky(_down(pictures, filters, "first"), "first_activation")
    for number in range(-1, recipe.d_blocks):
        if number >= 0:
            x = leaky(_plain(x, filters, 3, f"block_{number}_1"), f"block_{number}_1_activation")
        rate = recipe.d_dropout * (0.5 if number < 0 else 1.0)
        part = uniform[:, begin : begin + filters]
        begin += filters
        x = ChannelDropout(rate, name=f"dropout_{number + 1}")([x, part])
        if number < 0:
            continue
        filters *= 2
        x = leaky(_down(x, filters, f"block_{number}_2"), f"block_{number}_2_activation")
        if number == 0:
            x = _attention(x)
    x = leaky(_plain(x, filters, 3, "last"), "last_activation")
    logits = _plain(x, 1, 4, "logit", padding="valid", use_bias=False, dtype="float32")
    return keras.Model([pictures, uniform], as_logits(logits), name="discriminator")


def _up_block(x, skip, filters: int, name: str):
    """x (N, h, w, ·) and the encoder's maps of twice the size → (N, 2h, 2w, filters)."""
    x = _plain(x, 4 * filters, 1, f"{name}_up", icnr=True, use_bias=False)
    x = _relu(BatchNorm(name=f"{name}_up_norm")(x), f"{name}_up")
    x = BoxBlur2D(name=f"{name}_blur")(PixelShuffle(2, name=f"{name}_shuffle")(x))
    skip = BatchNorm(name=f"{name}_skip_norm")(skip)
    x = _relu(keras.layers.Concatenate(name=f"{name}_joined")([x, skip]), f"{name}_joined")
    return _conv(x, filters, name)


def _conv(x, filters: int, name: str):
    """3×3, ReLU, batch norm: in this order."""
    x = _relu(_plain(x, filters, 3, name, use_bias=False), name)
    return BatchNorm(name=f"{name}_norm")(x)


def _attention(x):
    return SelfAttention(kernel_initializer=initializers.get("he_normal"), name="attention")(x)


def _down(x, filters: int, name: str):
    """4×4 with a stride of 2: half as high and wide."""
    return _plain(x, filters, 4, name, strides=2)


def _plain(x, filters: int, size: int, name: str, icnr: bool = False, **more):
    kernel = initializers.get("icnr" if icnr else "he_normal")
    options = {"padding": "same", "weight_norm": "spectral", "kernel_initializer": kernel, **more}
    return weights.conv2d(filters, size, name=name, **options)(x)


def _relu(x, name: str):
    return keras.layers.ReLU(name=f"{name}_relu")(x)
