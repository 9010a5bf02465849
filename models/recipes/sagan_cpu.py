"""The SAGAN for a laptop: faces in about ten minutes on two CPU cores.

Source: the anime notes' SAGAN_V6 at 64 px with a quarter of its generator's filters (a tenth of the
parameters), and three changes that help in a run of thousands of steps, not tens of thousands. D
has no batch norm, as in the SAGAN paper, so that real and fake pictures share one call of D, and D
cannot win by batch statistics. The batch is 32, since more steps are better than larger batches.
Both networks have the same learning rate, for G four times the notes'.
Command: python train_sagan.py
Run time: about ten minutes on two CPU cores.
Expect skin, hair and eyes in place after 500 steps, hats, glasses and hair colours after 1 500.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="sagan_cpu",
    resolution=64,
    g_filters=256,
    d_filters=32,
    d_norm="none",
    batch_size=32,
    g_learning_rate=4e-4,
    d_learning_rate=4e-4,
    steps=4_000,
)
