"""A CycleGAN for a laptop: faces change the colour of their hair in about twelve minutes.

Source: the recipe cyclegan at 64 px with 24 channels and 4 blocks (775 299 parameters per
generator). The discriminator halves twice and judges patches of 34 px; patches of 70 px would cover
the whole picture.
Command: python train.py cyclegan_cpu --data faces --domains "red hair, blue hair"
Run time: about twelve minutes on two CPU cores (0.24 s a step; twice that if they also do other
work).
Expect hair of the other colour after 500 steps. At the end, for faces not trained on, the L1
distance to the same face drawn with the other hair is 11.8 of 255 from red to blue and 10.2 back;
unchanged pictures have 25.0 and 24.3: samples/gallery/cyclegan.md.
Departures: a batch of 2; three times the learning rate, since the paper's would need more steps;
averaged generators.
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
