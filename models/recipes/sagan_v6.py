"""The anime notes' SAGAN_V6: transposed convolutions, batch 64, moving average of the generator.

Source: the anime GAN notes, model record SAGAN_V6, the one whose pictures they show.
Command: python train_sagan.py --recipe SAGAN_V6
The notes trained it for about 50 000 steps with 3 GB of GPU memory; quality fell after 70 000.
"""

from models.recipe import Recipe

RECIPE = Recipe(name="SAGAN_V6")
