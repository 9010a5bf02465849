"""PGGAN for a laptop: faces grow from 4 to 64 px.

Source: the recipe pggan with at most 64 channels, a latent of 64, and shorter phases.
Command: python train.py pggan_cpu
Run time: 19 minutes on two CPU cores; 26 on one beside another
training.
Expect heads after a tenth of the time, eyes and mouths at the end: FD-lite0@224 168 to 208 over
three seeds (N = 2 000). At 64 px from the start the same minutes give 180 to 198: no difference.
Departures: as pggan; 6 000 pictures a phase before the last, batches of 64 down to 16.
"""

import dataclasses

from models.recipes import pggan

RECIPE = dataclasses.replace(
    pggan.RECIPE,
    name="pggan_cpu",
    resolution=64,
    filters=512,
    most_filters=64,
    latent_dim=64,
    batch_size=16,
    most_batch=64,
    batch_sides=1024,
    stable_pictures=6_000,
    fade_pictures=6_000,
    steps=7_400,
)
