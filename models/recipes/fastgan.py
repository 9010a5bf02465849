"""FastGAN at 256 px: few pictures, one GPU, hours.

Source: Liu, Zhu, Song and Elgammal, ICLR 2021, arXiv:2101.04775, and the authors' code: 64
channels, latents of 256 normal numbers, batches of 8, Adam (0.5, 0.999) at 2e-4, 50 000 steps,
average 0.999, hinge loss with margins between 0.8 and 1, DiffAugment's colours and translation. G
has 29 127 648 parameters, D 11 526 160.
Command: python train.py fastgan --data FOLDER         (or --data faces)
Run time: hours on a GPU; about 6 s a step on two CPU cores (calculated).
Expect on 100 portraits at 256 px: FID 41 (the paper).
Departures: the drawings' error is the mean absolute one, theirs LPIPS, whose weights no package
installs; their factor is the batch size, 8, since they add the pictures' errors up. Each picture of
a batch has another quarter drawn, theirs all the same. The second look is at the halved picture,
theirs at a second, smaller picture of the generator. A margin is a picture's, theirs a logit's. No
noise is added to the maps. G ends in a tanh, theirs at this size in nothing; gains of batch norm
begin at 1, theirs near it; G's step draws new fakes, theirs takes D's. The paper's discriminator
takes no labels; here it may.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="fastgan",
    architecture="fastgan",
    resolution=256,
    g_filters=64,
    d_filters=64,
    initializer="normal",
    latent="normal",
    latent_dim=256,
    hinge_margin=0.8,
    reconstruction_weight=8.0,
    augment="diffaug",
    augment_ops="colour,translation",
    batch_size=8,
    steps=50_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    ema_decay=0.999,
    mirror=True,
)
