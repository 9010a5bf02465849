"""The first GAN: dense networks, the minimax game with the generator's non-saturating loss.

Source: Goodfellow et al. 2014, arXiv:1406.2661; its MNIST networks (1200 rectifiers twice; 240
maxout units of 5 pieces twice) without the dropout. The paper trains by momentum; Adam is today's
habit.
Command: python train.py gan --data mnist            (or --data faces --resolution 32)
Expect: legible digits after about 20 000 steps, minutes on a CPU. The paper's own measure is a
Parzen estimate of the log-likelihood, 225 ± 2 on MNIST, which nobody uses any more.
"""

from models.recipe import Recipe

RECIPE = Recipe(
    name="gan",
    architecture="dense",
    resolution=32,
    g_filters=1200,
    d_filters=240,
    g_activation="relu",
    g_norm="none",
    d_norm="none",
    g_weight_norm="none",
    d_weight_norm="none",
    attention_resolution=0,
    initializer="glorot_uniform",
    latent="uniform",
    latent_dim=100,
    loss="non_saturating",
    batch_size=100,
    steps=20_000,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.5,
    beta_2=0.999,
    ema_decay=0.0,
)
