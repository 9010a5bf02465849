"""A new file in models/recipes: a GAN with the loss and the penalty that were added.

Source: none. Command: python train.py tiny_gan. Run time: seconds. Expect: nothing.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="tiny_gan",
    resolution=32,
    g_filters=16,
    d_filters=8,
    latent_dim=8,
    d_norm="none",
    batch_size=4,
    loss="squared_hinge",
    penalty="slopes",
    steps=2,
)
