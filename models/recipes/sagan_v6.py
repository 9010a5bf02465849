"""The anime notes' SAGAN_V6: transposed convolutions, batch 64, moving average of the generator.

Source: the anime GAN notes, model record SAGAN_V6, the one whose pictures they show.
Command: python train_sagan.py --recipe SAGAN_V6
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Expect faces; the notes trained it for about 50 000 steps, and quality fell after 70 000.
"""

from models.recipe import Recipe

RECIPE = Recipe(name="SAGAN_V6")
