"""PGGAN for a laptop: faces grow from 4 to 64 px.

Source: the recipe pggan with at most 128 channels, a latent of 128, and shorter phases.
Command: python train.py pggan_cpu
Run time: not measured yet.
Expect: not measured yet.
Departures: as pggan; 20 000 pictures a phase, batches of 64 down to 16.
"""

import dataclasses

from models.recipes import pggan

RECIPE = dataclasses.replace(
    pggan.RECIPE,
    name="pggan_cpu",
    resolution=64,
    filters=1024,
    most_filters=128,
    latent_dim=128,
    batch_size=16,
    most_batch=64,
    batch_sides=1024,
    stable_pictures=20_000,
    fade_pictures=20_000,
    steps=8_300,
)
