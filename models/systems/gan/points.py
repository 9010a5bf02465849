"""GANs on points instead of pictures."""

from __future__ import annotations

import dataclasses

from models.recipe import Recipe
from models.systems.gan.recipe import GANRecipe


def on_points(recipe: Recipe, dim: int, width: int = 64) -> GANRecipe:
    """The objective and optimisation of `recipe` for points (N, dim) instead of pictures.

    Its networks become dense with hidden layers of `width` units, without labels and without batch
    norm; the discriminator keeps its weight norm and its minibatch layer.

    Raises:
        ValueError: a recipe of another system than a GAN's.
    """
    if not isinstance(recipe, GANRecipe):
        raise ValueError(
            f"Recipe {recipe.name} trains a {recipe.system}, which has no form for points; "
            "choose a GAN, such as gan, wgan_gp or sngan."
        )
    return dataclasses.replace(
        recipe,
        architecture="dense",
        point_dim=dim,
        g_filters=2 * width,
        d_filters=width,
        g_activation="relu",
        g_norm="none",
        d_norm="none",
        g_weight_norm="none",
        attention_resolution=0,
        initializer="glorot_uniform",
        latent="normal",
        latent_dim=16,
        label_kind="none",
        num_labels=0,
        dequantize=False,
        mirror=False,
        augment="none",
        augment_p_end=0.0,
        decay_end=0,
        ema_decay=0.0,
        ema_half_life=0,
        ema_ramp=0.0,
    )
