"""The anime notes' SAGAN_V2: transposed convolutions, before the truncated normal came in.

Source: the anime GAN notes, model record SAGAN_V2. They give neither its latent nor its batch; a
normal latent is what they compare the truncated one with, and 64 is their batch elsewhere.
Command: python train_sagan.py --recipe SAGAN_V2
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Expect faces; the notes give pictures, no measure.
"""

from models.recipe import Recipe

RECIPE = Recipe(name="SAGAN_V2", latent="uniform", ema_decay=0.0)
