"""The anime notes' BIGGAN_V1, their best: residual networks, a generator from 1024 channels.

Source: the anime GAN notes, model record BIGGAN_V1 (their code's g_filters of 2048).
Command: python train_biggan.py --recipe BIGGAN_V1
Run time: not measured here; the notes needed 16 GB of GPU memory.
Departures: those of SAGAN_V6; if the data has labels, it is conditioned on them, so that one can
choose attributes: `--labels none` gives the notes' unconditional network.
Expect faces by 12 600 steps, the step of the notes' pictures; in the notes quality fell after
14 000.
"""

from models.systems.biggan.recipe import BigGANRecipe

RECIPE = BigGANRecipe(
    name="BIGGAN_V1",
    architecture="biggan_notes",
    d_filters=32,
    attention_resolution=32,
    steps=14_000,
)
