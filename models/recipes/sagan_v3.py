"""The anime notes' SAGAN_V3: transposed convolutions, truncated normal, no moving average.

Source: the anime GAN notes, model record SAGAN_V3.
Command: python train_sagan.py --recipe SAGAN_V3
"""

from models.recipe import Recipe

RECIPE = Recipe(name="SAGAN_V3", ema_decay=0.0)
