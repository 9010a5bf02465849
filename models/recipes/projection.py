"""The projection discriminator: SN-GAN with class-conditional batch norm and a projected label.

Source: Miyato and Koyama, ICLR 2018, arXiv:1802.05637, on SN-GAN's residual networks.
Command: python train.py projection --data cifar10   (or --data faces, by its attributes)
Run time: as `sngan`.
Expect on CIFAR-10: FID 10.8, Inception Score 8.25 (mimicry's table, 100 000 steps).
"""

import dataclasses

from models.recipes import sngan

RECIPE = dataclasses.replace(sngan.RECIPE, name="projection", label_kind="classes", num_labels=10)
