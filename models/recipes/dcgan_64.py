"""DCGAN as published: 64 px, the generator starting at 4×4×1024, the discriminator ending there.

Source: Radford, Metz and Chintala, ICLR 2016, arXiv:1511.06434, figure 1 and section 4: Adam 2e-4
with beta_1 0.5, batch 128, weights from N(0, 0.02), latents uniform in [-1, 1). D's widths are from
the authors' code.
Command: python train.py dcgan_64 --data FOLDER      (or --data faces)
Run time: about 10 s a step on two CPU cores (calculated); made for a GPU.
Expect on CelebA at 64 px: faces; the paper gives no FID.
Departures: those of `dcgan`, except the size; in the code the generator's first norm has its own
gain for each of 16 384 numbers, ε is 1e-8, and 25 epochs of faces are 68 000 steps.
"""

import dataclasses

from models.recipes import dcgan

RECIPE = dataclasses.replace(
    dcgan.RECIPE, name="dcgan_64", resolution=64, g_filters=1024, d_filters=128
)
