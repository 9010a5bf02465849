"""SRGAN for a laptop: faces enlarged from 32 to 128 px.

Source: the recipe srgan with 4 blocks of 32 channels (173 603 parameters), crops of 64 px, and a
discriminator of 24 to 192 channels (1 446 681).
Command: python train.py srgan_cpu
Run time: 13 minutes on two CPU cores where nothing else runs.
Expect on 500 held-out faces, on Y with a border of 4 px left out: 24.97 dB / 0.889 after the first
phase and 24.76 / 0.897 at the end, where bicubic gives 19.85 / 0.645; FD-lite1 falls from 63.6 to
55.7, and lines are sharper at the end: samples/gallery/srgan.md.
Departures: the generator adds to the repeated pixels and blurs after each pixel shuffle, without
which flat areas get a grid; spectral norm in the discriminator in the place of batch norm, with
which it makes texture; Lite0's block 11 in the place of VGG19, ten times larger rates, and a term
of pixels beside the content, without which colours drift.
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
    adversarial_weight=1e-3,
    residual=True,
    blur=True,
    d_weight_norm="spectral",
    pixel_steps=6_000,
    late_steps=500,
    steps=9_000,
    pixel_rate=1e-3,
    learning_rate=2e-4,
    ema_decay=0.995,
    mirror=True,
)
