"""The anime notes' SResNetGAN_V0: SRGAN's residual trunk with pixel shuffle; recorded as failed.

Source: the anime GAN notes, model record SResNetGAN_V0.
Command: python train.py SResNetGAN_V0
Run time: not measured here; made for a GPU.
Departures: those of SAGAN_V6; the one about transposed kernels concerns only the first layer.
Expect it to fail, as in the notes.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="SResNetGAN_V0",
    architecture="sresnet",
    g_filters=64,
    d_filters=32,
    d_norm="none",
    upsample="subpixel",
    ema_decay=0.0,
)
