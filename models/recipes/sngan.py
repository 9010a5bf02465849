"""SN-GAN: spectral normalisation of the discriminator, residual networks, hinge loss.

Source: Miyato et al., ICLR 2018, arXiv:1802.05957, table 4 (CIFAR-10) and appendix B.3, and the
authors' sn_cifar10_unconditional.yml: 5 discriminator steps, Adam (0, 0.9) at 2e-4 falling linearly
to 0 over 50 000 steps, a batch of 64 for D and of 128 for G, noise within a grey level, initial
kernels of the blocks times √2. G has 4 276 739 parameters, D 1 053 825.
Command: python train.py sngan --data cifar10        (or --data faces)
Run time: about 13 s a step, with its 5 D steps, on two CPU cores (calculated); made for a GPU.
Expect on CIFAR-10: FID 21.7, Inception Score 8.2 (the paper; mimicry has 16.8 and 7.97 with another
protocol, after 100 000 steps).
Departures: D's last layer has a bias, one parameter more than the authors'; batch norm adds 1e-5 to
the variance, not 2e-5.
"""

import math

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
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
