"""BigGAN as the paper trains it at 128 px.

Source: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", ICLR 2019, arXiv:1809.11096, table 4 and appendix C.
Command: python train_biggan.py --recipe biggan --data FOLDER --labels folders
Run time: one to two days on the paper's TPUs; not measured here.
Expect on ImageNet: FID 9.6, Inception Score 166.3 with truncation (abstract of the first version).
With 1 000 classes the networks have 70 433 988 and 87 982 370 parameters.
Departures: the batch is 256, as usual on a few GPUs, instead of the paper's 2 048 on 128 TPU cores;
a step shows an eighth of its pictures (--batch-size 2048 --micro-batches 8 is its). Batch norm adds
1e-5 to the variance, not 1e-4. The moving average runs from the first step, ramped up, not from
step 20 000 on. It covers batch norm's statistics, as in BigGAN-PyTorch. With 8 filters at 32 px
this improves FD-lite0@224 of 500 pictures by 5, 14, 1 after 500 steps and by 7, -7, 21 after 1 000
(three seeds). The paper samples with standing statistics, as `explore.py truncation` does.
"""

from models.systems.biggan.recipe import BigGANRecipe

RECIPE = BigGANRecipe(
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
    ema_statistics="averaged",
)
