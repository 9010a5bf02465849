"""A CycleGAN for a laptop: faces change the colour of their hair in about five minutes.

Source: the recipe cyclegan at 64 px with 24 channels and 4 blocks (775 299 parameters per
generator). The discriminator halves twice and judges patches of 34 px; patches of 70 px would cover
the whole picture.
Command: python train.py cyclegan_cpu --data faces --domains "red hair, blue hair"
Run time: five to six minutes on two CPU cores (0.11 s a step).
Expect hair of the other colour after 300 steps. At the end, for faces not trained on, the L1
distance to the same face drawn with the other hair is 3.9 of 255 from red to blue and 3.2 back;
unchanged pictures have 25.0 and 24.3: samples/gallery/cyclegan.md.
Departures: the generators change the given picture, the paper's draw a new one (11.8 and 10.2 of
255: pale backgrounds changed too); no identity term, which kept such generators from changing
anything and took two of six passes; a batch of 2; three times the learning rate, since the paper's
would need more steps; averaged generators.
"""

from models.systems.cyclegan.recipe import CycleGANRecipe

RECIPE = CycleGANRecipe(
    name="cyclegan_cpu",
    resolution=64,
    g_filters=24,
    blocks=4,
    residual=True,
    d_filters=24,
    d_layers=2,
    batch_size=2,
    learning_rate=6e-4,
    identity_weight=0.0,
    steps=3_000,
    decay_start=1_500,
    mirror=True,
)
