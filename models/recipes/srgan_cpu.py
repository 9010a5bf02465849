"""SRGAN for a laptop: faces enlarged from 32 to 128 px.

Source: the recipe srgan with 4 blocks of 32 channels, crops of 64 px.
Command: python train.py srgan_cpu
Run time: to be measured.
Expect: to be measured.
Departures: to be written.
"""

import dataclasses

from models.recipes import srgan

RECIPE = dataclasses.replace(
    srgan.RECIPE,
    name="srgan_cpu",
    resolution=128,
    crop=64,
    g_filters=32,
    blocks=4,
    d_filters=24,
    d_units=256,
    content="lite0_block11",
    content_weight=0.1,
    pixel_weight=1.0,
    adversarial_weight=3e-3,
    residual=True,
    pixel_steps=6_000,
    late_steps=500,
    steps=9_000,
    pixel_rate=1e-3,
    learning_rate=2e-4,
    ema_decay=0.995,
    mirror=True,
)
