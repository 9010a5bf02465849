"""BigGAN as the paper trains it at 256 px: `biggan` with longer latents, attention at another size.

Source: arXiv:1809.11096, table 5; 82 097 604 and 98 635 298 parameters with 1 000 classes.
Command: python train_biggan.py --recipe biggan_256 --data FOLDER --labels folders
Run time: not measured here; made for many GPUs.
Expect on ImageNet: the results for this size in the paper's table 2.
Departures: those of `biggan`. If a block of D halves without adding channels, its shortcut is only
the mean of 2×2 pixels, as in compare_gan, which gives these counts; BigGAN-PyTorch also has a 1×1
convolution.
"""

import dataclasses

from models.recipes import biggan

RECIPE = dataclasses.replace(
    biggan.RECIPE,
    name="biggan_256",
    resolution=256,
    latent_dim=140,
    attention_resolution=128,
    d_attention_resolution=64,
)
