"""LSGAN: DCGAN's networks with a least-squares loss, by which D learns 1 and 0.

Source: Mao et al., ICCV 2017, arXiv:1611.04076, equation 9; the other coding of the paper, of -1, 1
and 0, minimises Pearson's χ².
Command: python train.py lsgan --data cifar10        (or --data faces)
Run time: as `dcgan`.
Expect about what `dcgan` gives; PyTorch-StudioGAN's LSGAN has Inception Score 6.6 on CIFAR-10.
Departures: only the loss is the paper's; networks, rate and batch are those of `dcgan`, for
comparison. The authors' settings are for LSUN at 112 px: latents of 1 024, Adam 1e-3 (0.5), batch
64.
"""

import dataclasses

from models.recipes import dcgan

RECIPE = dataclasses.replace(dcgan.RECIPE, name="lsgan", loss="least_squares")
