"""PGGAN: faces of 1024 px, grown from 4 px.

Source: Karras et al., ICLR 2018, arXiv:1710.10196, table 2 and appendix A, with the settings of the
authors' later code for one GPU: 600 000 pictures a phase and 12 million in all, batches of 128 down
to 4, equalised learning rates of 1e-3, at 1024 px 1.5e-3 (Adam 0, 0.99), WGAN-GP with a drift of
0.001, an average of 0.999. With all its layers to and from pictures the generator has 23 079 115
parameters, the discriminator 23 087 249.
Command: python train.py pggan --data FOLDER --resolution 256 --steps 829650
Run time: with these settings, at 1024 px, two weeks on one GPU (the authors).
Expect from the authors: CelebA-HQ 1024 FID 7.30; CIFAR-10 inception score 8.80.
Departures: no labels; reals are shrunk from the full resolution in each step.
"""

from models.systems.pggan.recipe import PGGANRecipe

RECIPE = PGGANRecipe(name="pggan", steps=1_354_690)
