"""RaSGAN: the discriminator says how much more real the real pictures are than the average fake.

Source: Jolicoeur-Martineau, ICLR 2019, arXiv:1807.00734: the standard CNN with spectral norm in D,
batch norm in G, Adam 2e-4 (0.5, 0.999), one discriminator step, batch 32, 100 000 steps.
Command: python train.py ragan --data cifar10        (or --data faces; --loss ralsgan, rahinge,
rsgan)
Run time: about 0.7 s a step on two CPU cores, 19 hours in all; made for a GPU.
Expect on CIFAR-10: FID about 32; the non-relativistic loss gives 41 (the paper's table).
Departures: the loss is not halved as in the authors' code, which makes no difference with Adam; D's
last layer has spectral norm too; kernels of all layers begin as truncated normal numbers, theirs of
convolutions as N(0, 0.02) and of dense layers as PyTorch's.
"""

import dataclasses

from models.recipes import sngan_cnn

RECIPE = dataclasses.replace(sngan_cnn.RECIPE, name="ragan", loss="rasgan", batch_size=32)
