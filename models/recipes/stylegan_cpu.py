"""StyleGAN for a laptop: faces grow from 8 to 64 px, made of styles.

Source: the recipe stylegan with at most 64 channels, latents and styles of 128, shorter phases.
Command: python train.py stylegan_cpu
Run time: 12 to 20 minutes on two CPU cores (reckoned from steps); 37 on one beside another
training.
Expect heads and hair at the end, eyes and mouths as blots: FD-lite0@224 190 (N = 2 000). Coarse
styles decide the shape of the hair, fine ones its colour.
Departures: as stylegan; 10 000 pictures a phase, batches of 64 down to 16.
"""

import dataclasses

from models.recipes import stylegan

RECIPE = dataclasses.replace(
    stylegan.RECIPE,
    name="stylegan_cpu",
    resolution=64,
    filters=512,
    most_filters=64,
    latent_dim=128,
    style_dim=128,
    batch_size=16,
    most_batch=64,
    batch_sides=1024,
    stable_pictures=10_000,
    fade_pictures=10_000,
    ema_decay=0.999,
    steps=5_400,
)
