"""MSGAN: the generator's loss also asks for different pictures for different latents.

Source: Mao et al., CVPR 2019, arXiv:1903.05628, equation 5, and the authors' DCGAN-Mode-Seeking: a
conditional DCGAN, D 128 wide, on CIFAR-10; batch 32, two normal latents for each label, D trained
on the fakes of both, 200 epochs. The authors add up the losses of the two halves and the term with
weight 1, and add 1e-4 times the weights to the gradient. Here the loss is the mean over both
halves, half of that sum, so the term's weight is 0.5 and the decay 5e-5; Adam ignores the common
factor.
Command: python train.py msgan --data cifar10        (or --data faces)
Run time: about 1.1 s a step on two CPU cores (calculated), 4 days in all; made for a GPU.
Expect on CIFAR-10: lower FID per class and more distinct bins than the same network without the
term (the paper's table 1). Measured on the ring of 8: no more modes than without the term (six
seeds, samples/gallery/compare-modes.md).
Departures: the authors give labels as 10 planes or numbers, 1 or 0; here a learned embedding is
joined with the latent, and one learned plane with the picture, so that attributes work too. G steps
on new latents, not on those that D has just seen. D's batch norm sees both halves of the fakes at
once. There are no biases before batch norms, which would remove them again.
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
