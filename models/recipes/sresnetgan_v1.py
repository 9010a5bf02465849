"""The anime notes' SResNetGAN_V1: V0 with transposed convolutions; recorded as failed.

Source: the anime GAN notes, model record SResNetGAN_V1.
Command: python train.py SResNetGAN_V1
Run time: not measured here; made for a GPU.
Departures: those of SAGAN_V6. The notes' code has only V0. We assume 4×4 kernels, as in the notes'
SAGAN, and biases, as in the replaced convolutions.
Expect it to fail, as in the notes.
"""

import dataclasses

from models.recipes import sresnetgan_v0

RECIPE = dataclasses.replace(sresnetgan_v0.RECIPE, name="SResNetGAN_V1", upsample="transposed")
