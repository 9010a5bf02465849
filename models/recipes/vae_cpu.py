"""The VAE for a laptop.

Source: `vae` (arXiv:1312.6114) at 64 px
Command: python train.py vae_cpu
Run time:
Expect
"""

import dataclasses

from models.recipes import vae

RECIPE = dataclasses.replace(
    vae.RECIPE,
    name="vae_cpu",
    resolution=64,
    filters=16,
    latent_dim=64,
    batch_size=64,
    kl_weight=10.0,
    steps=2_400,
    learning_rate=1.5e-3,
    beta_1=0.9,
    decay="linear",
    ema_decay=0.99,
)
