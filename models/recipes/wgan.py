"""WGAN: a critic with clipped weights estimates the Earth-Mover distance.

Source: Arjovsky, Chintala and Bottou, ICML 2017, arXiv:1701.07875, algorithm 1: clip 0.01,
RMSProp 5e-5, no momentum, 5 critic steps, batch 64, on DCGAN's networks at 64 px.
Command: python train.py wgan --data FOLDER          (or --data faces)
Run time: about 10 s a step, with its 5 critic steps, on two CPU cores; made for a GPU.
Expect: -d_loss, the estimate of the distance, falls as the pictures improve, slowly; the paper
gives no score. The first 25 generator steps of the authors' code, with 100 critic steps each, are
left out.
"""

import dataclasses

from models.recipes import dcgan_64

RECIPE = dataclasses.replace(
    dcgan_64.RECIPE,
    name="wgan",
    latent="normal",
    loss="wasserstein",
    weight_clip=0.01,
    batch_size=64,
    d_steps=5,
    steps=100_000,
    optimizer="rmsprop",
    g_learning_rate=5e-5,
    d_learning_rate=5e-5,
    beta_1=0.0,
    beta_2=0.99,
)
