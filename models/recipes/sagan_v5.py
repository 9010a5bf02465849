"""The anime notes' SAGAN_V5: SAGAN_V6 whose learning rates fall by 1 % per 100 steps after 50 000.

Source: the anime GAN notes, model record SAGAN_V5 ("failed, not sure").
Command: python train_sagan.py --recipe SAGAN_V5 --steps 100000
Run time: about 14 s a step on two CPU cores; the notes used a GPU with 3 GB.
Departures: those of SAGAN_V6.
Expect no gain over SAGAN_V6: the notes say "failed, not sure".
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="SAGAN_V5",
    decay="exponential",
    decay_start=50_000,
    decay_rate=0.99,
    decay_every=100,
    steps=100_000,
)
