"""The anime notes' SAGAN_V2: transposed convolutions, latents not yet truncated normal.

Source: the anime GAN notes, model record SAGAN_V2, and their code of that time, with latents
uniform on [-1, 1] and a default batch of 64.
Command: python train_sagan.py --recipe SAGAN_V2
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Departures: those of SAGAN_V6.
Expect faces; the notes give pictures but no measure.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(name="SAGAN_V2", latent="uniform", ema_decay=0.0)
