"""The anime notes' SAGAN_V4: nearest-neighbour up-sampling and a batch of 128, no moving average.

Source: the anime GAN notes, model record SAGAN_V4; they found transposed convolutions better.
Command: python train_sagan.py --recipe SAGAN_V4
Run time: about twice that of SAGAN_V3, since the batch is twice as large.
Departures: those of SAGAN_V6; the one about transposed kernels concerns only the first layer.
Expect faces, worse and less varied than SAGAN_V3's (the notes, without a measure; for 32 px see the
comparison in samples/gallery/compare-faces.md).
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(name="SAGAN_V4", upsample="nearest", batch_size=128, ema_decay=0.0)
