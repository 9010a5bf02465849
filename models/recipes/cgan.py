"""Conditional GAN: the dense GAN with the label as one more input of both networks.

Source: Mirza and Osindero 2014, arXiv:1411.1784, on MNIST (latents of 100 uniform numbers, batch
100).
Command: python train.py cgan --data mnist           (or --data faces --resolution 32)
Run time: about 0.5 s a step on two CPU cores, 3 hours in all.
Expect the requested digit. The paper's own measure is a Parzen estimate of the log-likelihood,
132 ± 1.8 on MNIST.
Departures: those of `gan`, with the same widths. In the paper, G has separate hidden layers for
latent and label (200 and 1 000 units) before they are joined, and D separate maxout layers for
picture and label (240 and 50 units); here both networks get a learned embedding of the label
together with their input.
"""

import dataclasses

from models.recipes import gan

RECIPE = dataclasses.replace(
    gan.RECIPE,
    name="cgan",
    label_kind="classes",
    num_labels=10,
    g_conditioning="concat",
    d_conditioning="concat",
)
