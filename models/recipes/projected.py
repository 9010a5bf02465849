"""Projected GAN at 256 px: quick, with a discriminator that sees through a trained network.

Source: Sauer, Chitta, Müller and Geiger, NeurIPS 2021, arXiv:2111.01007, and the authors' code
(`--cfg=fastgan`): FastGAN's generator of 128 channels with two convolutions a size, Lite0's maps
mixed to 64, 128, 256 and 512 channels, hinge loss, DiffAugment's three operations, batches of 64,
Adam (0, 0.99) at 2e-4, 10 million pictures, the average's half-life 20 000. G has 105 684 163
parameters, D 10 331 328; their light generator (`--g-convolutions one`) 79 354 307.
Command: python train.py projected --data FOLDER         (or --data faces)
Run time: hours on a GPU; about 120 s a step on two CPU cores (calculated).
Expect on Pokémon at 256 px: FID 26.4 (the paper). Some sets collapse, and faces may be distorted.
Judged by Lite1, never by Lite0, whose features it is trained to have.
Departures: kernels begin as N(0, 0.02), theirs as PyTorch's uniform ones, which are larger in
narrow layers; G ends in a tanh, theirs in nothing; no noise is added to the maps; labels by
projection of all depths' means, added to every logit, theirs by an embedding at each depth.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="projected",
    architecture="projected",
    resolution=256,
    g_filters=128,
    g_convolutions="two",
    d_filters=64,
    d_input=256,
    initializer="normal",
    latent="normal",
    latent_dim=256,
    augment="diffaug",
    batch_size=64,
    steps=156_250,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.0,
    beta_2=0.99,
    ema_half_life=20_000,
    ema_ramp=0.05,
    mirror=True,
)
