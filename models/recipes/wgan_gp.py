"""WGAN-GP: the critic's slope is held at 1 by a two-sided gradient penalty, on residual networks.

Source: Gulrajani et al., NIPS 2017, arXiv:1704.00028, and the authors' gan_cifar_resnet.py: λ 10, 5
critic steps, Adam (0, 0.9) at 2e-4 falling linearly to 0 over 100 000 steps, a critic's batch of 64
and a generator's of 128, 128 channels, noise within a grey level, batch norm in G only, features
averaged over space. G has 1 204 483 parameters, D 1 053 825.
Command: python train.py wgan_gp --data cifar10      (or --data faces)
Run time: about 11 s a step, with its 5 critic steps, on two CPU cores (calculated); made for a GPU.
Expect on CIFAR-10: FID about 22, Inception Score 7.3 (mimicry's table, 100 000 steps with twice the
generator's channels and a batch of 64 for both). For the effect of these settings here see
samples/gallery/papers.md.
Departures: no labels, as in the paper's unsupervised row; the published code trains an ACGAN, with
conditional batch norm in G and a classifier in D. The critic's first steps come before G's first,
as in the code, but both use the same step of the decay.
"""

import math

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="wgan_gp",
    architecture="sn_resnet",
    resolution=32,
    g_filters=128,
    d_filters=128,
    g_activation="relu",
    d_norm="none",
    g_weight_norm="none",
    d_weight_norm="none",
    d_pooling="mean",
    attention_resolution=0,
    initializer="glorot_uniform",
    residual_gain=math.sqrt(2),
    latent="normal",
    loss="wasserstein",
    penalty="gradient",
    d_steps=5,
    g_batch_factor=2,
    steps=100_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    decay="linear",
    ema_decay=0.0,
    dequantize=True,
)
