"""The anime notes' SAGAN_V3: transposed convolutions, truncated normal, no moving average.

Source: the anime GAN notes, model record SAGAN_V3.
Command: python train_sagan.py --recipe SAGAN_V3
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Departures: those of SAGAN_V6.
Expect faces; the notes give pictures but no measure.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(name="SAGAN_V3", ema_decay=0.0)
