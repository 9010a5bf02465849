"""DRAGAN: the first GAN's loss, with the discriminator's slope held at 1 around real pictures.

Source: Kodali et al. 2017, arXiv:1705.07215, algorithm 1: λ 10, Adam at 2e-4 (0.5), DCGAN's
networks; the perturbation is that of compare_gan, whose study "Are GANs Created Equal?"
(arXiv:1711.10337) compares it with other losses.
Command: python train.py dragan --data cifar10       (or --data faces)
Run time: about 2 s a step on two CPU cores (calculated); made for a GPU.
Expect about what `dcgan` gives; the paper's point is that fewer runs fail.
Departures: the authors' notebook has 1e-4 (0.5, 0.9) and a batch of 128, compare_gan also clips
perturbed pictures to the data's range; the penalty's slope is of the logit, as in compare_gan, not
of the probability; D has no batch norm, since a slope of one picture is not defined where pictures
of a batch mix; a batch of 64.
"""

import dataclasses

from models.recipes import dcgan

RECIPE = dataclasses.replace(
    dcgan.RECIPE, name="dragan", penalty="perturbed_gradient", d_norm="none", batch_size=64
)
