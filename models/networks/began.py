"""BEGAN's networks (Berthelot, Schumm and Metz 2017, arXiv:1703.10717, section 3.4 and figure 1).

Where the paper does not state a layer, it is that of carpedm20/BEGAN-tensorflow.

The discriminator is an autoencoder: what it answers is minus the error with which it draws a
picture again. The generator has the form of its decoder. Convolutions 3×3 with ELU, two at each
size; strides of 2 down, nearest neighbours up; dense layers without a nonlinearity to and from the
code. No batch norm.
"""

import keras

from layers import Closeness, initializers, weights
from models.networks import blocks
from models.recipe import Recipe

LEAST = 8  # the shorter side of the smallest maps


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 8 up."""
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = _decoded(recipe, z, recipe.g_filters, recipe.g_weight_norm, "g")
    return keras.Model([z, y], blocks.finished(recipe, x), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → minus the mean absolute error of the picture drawn again, (N, 1).

    The code has latent_dim numbers. The channels grow by d_filters at each smaller size.
    """
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    code = _encoded(recipe, images)
    again = _decoded(recipe, code, recipe.d_filters, recipe.d_weight_norm, "d")
    logits = Closeness(dtype="float32", name="to_logit")([images, again])
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _encoded(recipe: Recipe, x):
    """Pictures → codes (N, latent_dim)."""
    options = {
        "padding": "same",
        "activation": "elu",
        "weight_norm": recipe.d_weight_norm,
        "kernel_initializer": initializers.get(recipe.initializer),
    }
    stages = blocks.stages(recipe.resolution, LEAST)
    x = weights.conv2d(recipe.d_filters, 3, name="encoder", **options)(x)
    for stage in range(stages + 1):
        filters = recipe.d_filters * (stage + 1)
        for number in (1, 2):
            x = weights.conv2d(filters, 3, name=f"encoder_{stage}_{number}", **options)(x)
        if stage < stages:
            x = weights.conv2d(filters, 3, strides=2, name=f"encoder_{stage}_down", **options)(x)
    x = keras.layers.Flatten(name="encoder_flat")(x)
    return weights.dense(
        recipe.latent_dim,
        weight_norm=recipe.d_weight_norm,
        kernel_initializer=initializers.get(recipe.initializer),
        name="code",
    )(x)


def _decoded(recipe: Recipe, code, filters: int, weight_norm: str, letter: str):
    """Codes (N, latent_dim) → pictures that are not yet bounded (N, H, W, C)."""
    options = {
        "weight_norm": weight_norm,
        "kernel_initializer": initializers.get(recipe.initializer),
    }
    height, width = blocks.sides(recipe, LEAST)
    x = weights.dense(height * width * filters, name=f"{letter}_first", **options)(code)
    x = keras.layers.Reshape((height, width, filters), name=f"{letter}_map")(x)
    stages = blocks.stages(recipe.resolution, LEAST)
    for stage in range(stages + 1):
        for number in (1, 2):
            x = weights.conv2d(
                filters, 3, padding="same", activation="elu", name=f"{letter}_{stage}_{number}",
                **options,
            )(x)  # fmt: skip
        if stage < stages:
            x = keras.layers.UpSampling2D(name=f"{letter}_{stage}_up")(x)
    channels = recipe.data_shape[-1]
    return weights.conv2d(channels, 3, padding="same", name=f"{letter}_image", **options)(x)


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    if recipe.resolution < LEAST:
        raise ValueError(f"BEGAN needs at least {LEAST} pixels, not {recipe.resolution}.")
    blocks.check_smallest(recipe, LEAST)
    for name, value in (("d_norm", recipe.d_norm), ("minibatch", recipe.minibatch)):
        if value != "none":
            raise ValueError(f"BEGAN's discriminator is an autoencoder without {name} {value}.")
    if recipe.conditional:
        raise ValueError("BEGAN's networks take no labels; leave out --labels.")
