"""BigGAN as the paper trains it at 128 px.

Source: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", ICLR 2019, arXiv:1809.11096, table 4 and appendix C. The paper's batch is 2048 on 128
TPU cores for 140 000 steps; here 256, as its followers do on a few GPUs, which `--batch-size`
changes and `--micro-batches` fits into memory.
Command: python train_biggan.py --recipe biggan --data FOLDER --labels folders
Run time: one to two days on the paper's TPUs; not measured here.
Expect on ImageNet: FID 7.4, Inception Score 166.5 (the paper). With 1 000 classes the networks have
70 433 988 and 87 982 370 parameters.
"""

from models.recipe import Recipe

RECIPE = Recipe(
    name="biggan",
    architecture="biggan",
    g_filters=96,
    d_filters=96,
    g_activation="relu",
    d_norm="none",
    attention_resolution=64,
    initializer="orthogonal",
    latent_dim=120,
    latent="normal",
    g_orthogonal=1e-4,
    batch_size=256,
    d_steps=2,
    steps=140_000,
    g_learning_rate=5e-5,
    d_learning_rate=2e-4,
    beta_2=0.999,
    ema_decay=0.9999,
)
