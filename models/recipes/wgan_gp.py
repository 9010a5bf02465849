"""WGAN-GP: the critic's slope is held at 1 by a two-sided gradient penalty, on residual networks.

Source: Gulrajani et al., NIPS 2017, arXiv:1704.00028: λ 10, 5 critic steps, Adam (0, 0.9), batch
64, 128 channels, no batch norm in the critic. The networks are SN-GAN's residual ones without the
norm.
Command: python train.py wgan_gp --data cifar10      (or --data faces)
Run time: about 10 s a step, with its 5 critic steps, on two CPU cores; made for a GPU.
Expect on CIFAR-10: FID about 22, Inception Score 7.3 (mimicry's table, 100 000 steps).
"""

import math

from models.recipe import Recipe

RECIPE = Recipe(
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
