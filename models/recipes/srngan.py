"""SRN-GAN: SN-GAN whose discriminator's kernels also have a bounded stable rank.

Source: Sanyal, Torr and Dokania, ICLR 2020, arXiv:1906.04659: SRN-70-GAN, c = 0.7, otherwise as
SN-GAN.
Command: python train.py srngan --data cifar10       (or --data faces)
Run time: as `sngan`.
Expect on CIFAR-10: FID a few points below the same network with only spectral norm (the paper).
Departures: those of `sngan`; the paper's own code was not found, so settings that the paper does
not mention are SN-GAN's.
"""

import dataclasses

from models.recipes import sngan

RECIPE = dataclasses.replace(sngan.RECIPE, name="srngan", d_weight_norm="stable_rank")
