"""FastGAN for a laptop: faces from 48 000 pictures shown.

Source: the recipe fastgan at 64 px with a quarter of its channels and one convolution a size. G has
2 025 264 parameters, D 677 056.
Command: python train.py fastgan_cpu         (or --data FOLDER)
Run time: 74 minutes on one AVX2 core beside another training.
Expect heads with hair after 1 000 steps, eyes and mouths after 3 000. Hair and backgrounds have all
colours, the heads hardly differ in form: FD-lite0@224 160 (N = 2 000, one seed; real against real
3).
Departures: as fastgan; batches of 16; no augmentation, since the faces are many (`--augment
diffaug` where pictures are few); latents of 128; rates that fall to 0 as a cosine; the average's
half-life in pictures; `g_palette` and `g_smoothing` as in sagan_cpu, without which it collapsed.
"""

import dataclasses

from models.recipes import fastgan

RECIPE = dataclasses.replace(
    fastgan.RECIPE,
    name="fastgan_cpu",
    resolution=64,
    g_filters=16,
    g_convolutions="one",
    g_palette=16,
    g_smoothing=16.0,
    d_filters=16,
    latent_dim=128,
    augment="none",
    augment_ops="",
    batch_size=16,
    steps=3_000,
    decay="cosine",
    ema_decay=0.995,  # the default: the half-life counts
    ema_half_life=2_000,
)
