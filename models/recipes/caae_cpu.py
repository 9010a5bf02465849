"""wip
Source: x
Command: python train.py caae_cpu --data ages
Run time: x
Expect x.
"""

import dataclasses

from models.recipes import caae

RECIPE = dataclasses.replace(
    caae.RECIPE,
    name="caae_cpu",
    resolution=64,
    filters=32,
    g_filters=256,
    d_units=256,
    latent_dim=32,
    batch_size=64,
    steps=3_000,
    warm_up=500,
    ema_decay=0.99,
    initializer="he_normal",
)
