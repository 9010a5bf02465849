"""The first GAN: dense networks, the minimax game with the generator's non-saturating loss.

Source: Goodfellow et al. 2014, arXiv:1406.2661; its MNIST networks (1200 rectifiers twice; 240
maxout units of 5 pieces twice), latents of 100 uniform numbers, batch 100.
Command: python train.py gan --data mnist            (or --data faces --resolution 32)
Run time: about 0.6 s a step on two CPU cores, 3 hours in all; 20 s for 4 000 steps on points.
Expect on MNIST: the paper's measure is a Parzen estimate of the log-likelihood, 225 ± 2, which is
no longer in use. Measured on the ring of 8 after 4 000 steps: 7 ± 0.7 modes of 8, with --minibatch
discrimination 8 ± 0 (six seeds, samples/gallery/compare-modes.md).
Departures: Adam, as usual today, instead of momentum of 0.5 to 0.7 with a rate that falls from 0.1;
no dropout in D, so that a step stays a function of its batch; tanh instead of the sigmoid, since
all data here is in [-1, 1], so latents too, where the code's go to √3; digits as 32×32 RGB, 3 072
numbers in the place of 784 (--channels 1: 1 024); Glorot's initial weights instead of uniform ones
within 0.05 and 0.005.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="gan",
    architecture="dense",
    resolution=32,
    g_filters=1200,
    d_filters=240,
    g_activation="relu",
    g_norm="none",
    d_norm="none",
    g_weight_norm="none",
    d_weight_norm="none",
    initializer="glorot_uniform",
    latent="uniform",
    latent_dim=100,
    loss="non_saturating",
    batch_size=100,
    steps=20_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    ema_decay=0.0,
)
