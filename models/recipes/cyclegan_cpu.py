"""A CycleGAN for a laptop: faces change the colour of their hair in about ten minutes.

Source: the recipe cyclegan at 64 px with 24 channels and 4 blocks (CYCLE_COUNT parameters a
generator), and a discriminator that halves twice, since patches of 70 px would see the whole
picture: those of 34 px judge parts of it.
Command: python train.py cyclegan_cpu --data faces --domains "red hair, blue hair"
Run time: about ten minutes on two CPU cores.
Expect
Departures: a batch of 2; averaged generators.
"""

from models.systems.cyclegan.recipe import CycleGANRecipe

RECIPE = CycleGANRecipe(
    name="cyclegan_cpu",
    resolution=64,
    g_filters=24,
    blocks=4,
    d_filters=24,
    d_layers=2,
    batch_size=2,
    learning_rate=6e-4,
    steps=3_000,
    decay_start=1_500,
    mirror=True,
)
