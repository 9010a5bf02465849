"""MSGAN: a generator that is also asked to draw different pictures for different latents.

Source: Mao et al., CVPR 2019, arXiv:1903.05628, equation 5: a conditional DCGAN with the labels
as inputs and the mode-seeking term, weight 1, on CIFAR-10.
Command: python train.py msgan --data cifar10        (or --data faces)
Run time: about 1.3 s a step on two CPU cores, 17 hours in all; made for a GPU.
Expect on CIFAR-10: lower FID per class and more distinct bins than the same network without the
term (the paper's table 1). Without labels: --label-kind none --num-labels 0. Measured on the ring
of 8: no more modes than without the term (six seeds, samples/gallery/compare-modes.md).
"""

import dataclasses

from models.recipes import dcgan

RECIPE = dataclasses.replace(
    dcgan.RECIPE,
    name="msgan",
    d_filters=128,
    latent="normal",
    label_kind="classes",
    num_labels=10,
    g_conditioning="concat",
    d_conditioning="concat",
    g_term="mode_seeking",
    g_term_weight=0.5,
    batch_size=32,
    fakes_per_real=2,
    g_batch_factor=2,
    steps=312_400,
    weight_decay=5e-5,
)
