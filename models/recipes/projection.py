"""The projection discriminator: SN-GAN with class-conditional batch norm and a projected label.

Source: Miyato and Koyama, ICLR 2018, arXiv:1802.05637, on SN-GAN's residual networks, and the
authors' sn_cifar10_conditional.yml. G's last batch norm does not see the label. G has 4 304 387
parameters, D 1 055 105.
Command: python train.py projection --data cifar10   (or --data faces, by its attributes)
Run time: as `sngan`.
Expect on CIFAR-10: FID 17.5 (the paper); 10.8 and an Inception Score of 8.25 with mimicry's
protocol, after 100 000 steps.
Departures: those of `sngan`; labels of fakes are drawn with the frequencies of the training data,
not uniformly.
"""

import dataclasses

from models.recipes import sngan

RECIPE = dataclasses.replace(sngan.RECIPE, name="projection", label_kind="classes", num_labels=10)
