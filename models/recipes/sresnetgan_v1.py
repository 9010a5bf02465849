"""The anime notes' SResNetGAN_V1: as V0 with transposed convolutions; recorded as failed.

Source: the anime GAN notes, model record SResNetGAN_V1.
Command: python train.py SResNetGAN_V1
"""

import dataclasses

from models.recipes import sresnetgan_v0

RECIPE = dataclasses.replace(sresnetgan_v0.RECIPE, name="SResNetGAN_V1", upsample="transposed")
