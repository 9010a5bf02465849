"""BigGAN as the paper trains it at 512 px: `biggan` with longer latents.

Source: arXiv:1809.11096, table 6; 82 468 068 and 98 801 378 parameters with 1 000 classes.
Command: python train_biggan.py --recipe biggan_512 --data FOLDER --labels folders
Run time: not measured here; made for many GPUs.
Expect on ImageNet: what the paper's table 2 gives for this size.
Departures: those of `biggan`. Where D halves without widening, the shortcut is the mean of 2×2
pixels alone: BigGAN-PyTorch has a 1×1 convolution too, compare_gan, whose counts these are, none.
"""

import dataclasses

from models.recipes import biggan

RECIPE = dataclasses.replace(biggan.RECIPE, name="biggan_512", resolution=512, latent_dim=160)
