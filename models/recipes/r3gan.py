"""R3GAN at 64 px: relativistic pairing with R1 and R2, modern residual networks, and no tricks.

Source: Huang, Gokaslan, Kuleshov and Tompkin, NeurIPS 2024, arXiv:2501.05441, and the authors'
preset FFHQ-64: 768 channels up to 32 px, two blocks a size, groups of 16, latents of 64 normal
numbers, batches of 256, Adam (0, 0.9 to 0.99) at 2e-4 falling as a cosine to 5e-5 over 20 million
pictures, γ from 2 to 0.2 by the same curve, ADA with p from 0 to 0.3. G has 22 429 824 parameters,
D 22 381 440.
Command: python train.py r3gan --data FOLDER         (or --data faces)
Run time: hours on a GPU; about 700 s a step on two CPU cores (calculated).
Expect on FFHQ at 64 px: FID 1.95 (the paper, after a longer training). γ does not carry over
between sets: begin with the nearest preset and try 2 and 4 times as much.
Departures: training ends with the curves, theirs goes on at their last values (--steps; with fewer
steps give --decay-end 0); G ends in a tanh, theirs in nothing; the average's half-life is 500 000
pictures from when that is a twentieth of those seen, theirs grows to that by the cosine; labels by
projection beside a logit without them, theirs without that logit; colours are augmented as often as
the rest, theirs half as often; both steps see the same reals, theirs fresh ones.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="r3gan",
    architecture="r3gan",
    resolution=64,
    g_filters=768,
    d_filters=768,
    stage_blocks=2,
    d_norm="none",
    g_weight_norm="none",
    d_weight_norm="none",
    initializer="he_normal",
    latent="normal",
    latent_dim=64,
    g_conditioning="concat",
    loss="rsgan",
    penalty="r1_r2",
    penalty_weight=2.0,
    penalty_weight_end=0.2,
    augment="ada",
    augment_ops="pixel,geometry,colour,cutout",
    augment_p=0.0,
    augment_p_end=0.3,
    augment_target=0.0,
    batch_size=256,
    steps=78_125,
    g_learning_rate=2e-4,
    d_learning_rate=2e-4,
    beta_1=0.0,
    beta_2=0.9,
    beta_2_end=0.99,
    decay="cosine",
    decay_to=0.25,
    decay_end=78_125,
    ema_half_life=500_000,
    ema_ramp=0.05,
    mirror=True,
)
