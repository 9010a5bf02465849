"""A CAAE for a laptop: drawn faces of 64 px at five ages.

Source: the recipe caae with a half of its encoder's channels, a quarter of its generator's and
codes of 32 numbers.
Command: python train.py caae_cpu --data ages
Run time: PLACEHOLDER
Expect PLACEHOLDER
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
    initializer="he_normal",
    batch_size=32,
    steps=3_000,
    warm_up=500,
    learning_rate=8e-4,
    decay="linear",
    ema_decay=0.99,
)
