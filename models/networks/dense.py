"""The GAN of 2014 (Goodfellow et al., arXiv:1406.2661): dense layers only, for pictures and points.

As in the paper's MNIST networks, the generator has ReLU and the discriminator maxout of 5 pieces.
The paper's dropout in the discriminator is left out, so that a training step stays a function of
its batch; the output is tanh in [-1, 1], not sigmoid in [0, 1].
"""

import math

import keras

from layers import Maxout, initializers, weights
from models.networks import blocks
from models.recipe import Recipe

PIECES = 5


def check(recipe: Recipe) -> None:
    """Accept every recipe: dense layers have no sizes that must fit."""


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1], or points (N, point_dim).

    Two hidden layers of g_filters units with the recipe's norm; for points the output is linear.
    """
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    x = blocks.concat_labels(recipe, z, y)
    for layer in (1, 2):
        x = _dense(recipe, recipe.g_filters, f"hidden_{layer}", recipe.g_weight_norm)(x)
        x = blocks.generator_norm(recipe, x, y, f"hidden_{layer}_norm")
        x = blocks.generator_activation(recipe, x, f"hidden_{layer}_activation")
    x = _dense(recipe, math.prod(recipe.data_shape), "to_data", recipe.g_weight_norm)(x)
    x = keras.layers.Reshape(recipe.data_shape, name="data")(x)
    x = blocks.as_points(x) if recipe.point_dim else blocks.finished(recipe, x)
    return keras.Model([z, y], x, name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C) or (N, point_dim), y] → logits (N, 1).

    Two hidden maxout layers of d_filters units. Labels are concatenated as an embedding of
    d_filters numbers (CGAN), or projected on the last hidden layer.
    """
    images, y = blocks.image_input(recipe), blocks.label_input(recipe)
    x = keras.layers.Flatten(name="flat")(images)
    if recipe.conditional and recipe.d_conditioning == "concat":
        embedded = blocks.label_embedding(recipe, recipe.d_filters, "d_label_embedding")(y)
        x = keras.layers.Concatenate(name="data_and_labels")([x, embedded])
    for layer in (1, 2):
        x = _dense(recipe, recipe.d_filters * PIECES, f"hidden_{layer}", recipe.d_weight_norm)(x)
        if layer > 1:
            x = blocks.discriminator_norm(recipe, x, f"hidden_{layer}_norm")
        x = Maxout(PIECES, name=f"hidden_{layer}_maxout")(x)
    logits = blocks.compare_in_batch(recipe, x)
    logits = _dense(recipe, 1, "to_logit", recipe.d_weight_norm, "float32")(logits)
    logits = blocks.with_labels(recipe, logits, x, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _dense(
    recipe: Recipe, units: int, name: str, weight_norm: str, dtype: str | None = None
) -> keras.Layer:
    return weights.dense(
        units,
        dtype=dtype,
        weight_norm=weight_norm,
        kernel_initializer=initializers.get(recipe.initializer),
        name=name,
    )
