"""SAGAN as published: residual networks, self-attention at 32×32, labels, spectral norm in both.

Source: Zhang et al., ICML 2019, arXiv:1805.08318: ImageNet at 128 px, batch 256, Adam (0, 0.9)
with 1e-4 for G and 4e-4 for D, one discriminator step, one million steps.
Command: python train.py sagan_paper --data FOLDER --labels folders
Run time: not measured here; a million steps at a batch of 256 are for several GPUs.
Expect on ImageNet: FID 18.28, Inception Score 52.52 (the paper, table 2, feature map 32).
"""

from models.recipe import Recipe

RECIPE = Recipe(
    name="sagan_paper",
    architecture="sn_resnet",
    g_activation="relu",
    d_norm="none",
    d_wide=True,
    attention_resolution=32,
    initializer="glorot_uniform",
    latent="normal",
    label_kind="classes",
    num_labels=1000,
    batch_size=256,
    steps=1_000_000,
    ema_decay=0.0,
)
