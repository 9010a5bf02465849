"""SN-GAN on its standard CNN, without residual blocks.

Source: Miyato et al., ICLR 2018, arXiv:1802.05957, table 3 and setting C of table 1: Adam 2e-4
(0.5, 0.999), one discriminator step, batch 64.
Command: python train.py sngan_cnn --data cifar10    (or --data faces)
Run time: about 1.4 s a step on two CPU cores; made for a GPU.
Expect on CIFAR-10: FID 29.3, Inception Score 7.42 (the paper's table 2).
Departures: none known; the authors' repository holds only the residual networks.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="sngan_cnn",
    architecture="sn_cnn",
    resolution=32,
    g_filters=512,
    d_filters=64,
    g_activation="relu",
    d_norm="none",
    g_weight_norm="none",
    latent="normal",
    loss="non_saturating",
    steps=100_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    ema_decay=0.0,
)
