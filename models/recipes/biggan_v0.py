"""The anime notes' BIGGAN_V0: residual networks whose generator begins with 512 channels.

Source: the anime GAN notes, model record BIGGAN_V0 (their code's g_filters of 1024).
Command: python train_biggan.py --recipe BIGGAN_V0
Run time: not measured here; the notes used a GPU.
Departures: those of BIGGAN_V1. It is not recorded whether it had a moving average; the notes' code
of that time has one by default.
Expect faces, less good than BIGGAN_V1's (the notes, without a measure).
"""

from models.systems.biggan.recipe import BigGANRecipe

RECIPE = BigGANRecipe(
    name="BIGGAN_V0",
    architecture="biggan_notes",
    g_filters=512,
    d_filters=32,
    attention_resolution=32,
    steps=14_000,
)
