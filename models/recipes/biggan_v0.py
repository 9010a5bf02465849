"""The anime notes' BIGGAN_V0: residual networks whose generator begins with 512 channels.

Source: the anime GAN notes, model record BIGGAN_V0.
Command: python train_biggan.py --recipe BIGGAN_V0
By attribute where the data has labels; `--labels none` for the notes' unconditional one.
Run time: not measured here; the notes used a GPU.
Expect faces, less good than BIGGAN_V1's (the notes, without a measure).
"""

from models.recipe import Recipe

RECIPE = Recipe(
    name="BIGGAN_V0",
    architecture="biggan_notes",
    g_filters=512,
    d_filters=32,
    attention_resolution=32,
    steps=14_000,
)
