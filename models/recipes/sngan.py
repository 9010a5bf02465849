"""SN-GAN: spectral normalisation of the discriminator, residual networks, hinge loss.

Source: Miyato et al., ICLR 2018, arXiv:1802.05957, table 4 (CIFAR-10) and appendix B.3: 5
discriminator steps, Adam 2e-4 (0, 0.9), batch 64. G 4 276 739 and D 1 053 825 parameters.
Command: python train.py sngan --data cifar10        (or --data faces)
Run time: about 10 s a step, with its 5 D steps, on two CPU cores; made for a GPU.
Expect on CIFAR-10: FID 16.8, Inception Score 7.97 (mimicry's table, 100 000 steps).
"""

import math

from models.recipe import Recipe

RECIPE = Recipe(
    name="sngan",
    architecture="sn_resnet",
    resolution=32,
    g_filters=256,
    d_filters=128,
    g_activation="relu",
    d_norm="none",
    g_weight_norm="none",
    attention_resolution=0,
    initializer="glorot_uniform",
    residual_gain=math.sqrt(2),
    latent="normal",
    d_steps=5,
    g_batch_factor=2,
    steps=50_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    decay="linear",
    ema_decay=0.0,
    dequantize=True,
)
