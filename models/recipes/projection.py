"""The projection discriminator: SN-GAN with class-conditional batch norm and a projected label.

Source: Miyato and Koyama, ICLR 2018, arXiv:1802.05637, on SN-GAN's residual networks, and the
authors' sn_cifar10_conditional.yml. G's last batch norm does not see the label. G 4 304 387 and D
1 055 105 parameters.
Command: python train.py projection --data cifar10   (or --data faces, by its attributes)
Run time: as `sngan`.
Expect on CIFAR-10: FID 17.5 (the paper); 10.8 and an Inception Score of 8.25 by mimicry's protocol,
after 100 000 steps.
Departures: those of `sngan`; labels of fakes are drawn as they occur among the training pictures,
which is evenly only where those are.
"""

import dataclasses

from models.recipes import sngan

RECIPE = dataclasses.replace(sngan.RECIPE, name="projection", label_kind="classes", num_labels=10)
