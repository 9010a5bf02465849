"""The anime notes' BIGGAN_V1, their best: residual networks, the generator from 1024 channels.

Source: the anime GAN notes, model record BIGGAN_V1.
Command: python train_biggan.py --recipe BIGGAN_V1
By attribute where the data has labels; `--labels none` for the notes' unconditional one.
Run time: not measured here; the notes needed 16 GB of GPU memory.
Expect faces by 12 600 steps, where the notes show theirs; they saw quality fall after 14 000.
"""

from models.recipe import Recipe

RECIPE = Recipe(
    name="BIGGAN_V1",
    architecture="biggan_notes",
    d_filters=32,
    attention_resolution=32,
    steps=14_000,
)
