"""A conditional BigGAN for CPUs."""

import dataclasses

from models.recipes import biggan

RECIPE = dataclasses.replace(
    biggan.RECIPE,
    name="biggan_cpu",
    resolution=64,
    g_filters=8,
    d_filters=8,
    attention_resolution=16,
    shared_embedding=64,
    latent_dim=80,
    batch_size=32,
    d_steps=1,
    steps=2_600,
    g_learning_rate=4e-4,
    d_learning_rate=4e-4,
    beta_2=0.9,
    ema_decay=0.995,
)
