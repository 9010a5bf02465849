"""WGAN: a critic with clipped weights estimates the Earth-Mover distance.

Source: Arjovsky, Chintala and Bottou, ICML 2017, arXiv:1701.07875, algorithm 1: clip 0.01, torch's
RMSProp at 5e-5, no momentum, 5 critic steps, batch 64, on DCGAN's networks at 64 px, whose
generator starts at 4×4×512 in the authors' code: 3 576 704 and 2 765 568 parameters.
Command: python train.py wgan --data FOLDER          (or --data faces)
Run time: about 6 s a step, with its 5 critic steps, on two CPU cores (calculated); made for a GPU.
Expect: -d_loss, the estimate of the distance, falls slowly as the pictures improve; the paper gives
no score. For the effect of torch's RMSProp see samples/gallery/papers.md.
Departures: the code makes 100 critic steps for each of the first 25 generator steps and every
500th; here there are always 5, since a step's batch holds the reals of a fixed number of critic
steps. The gains of batch norm start at 1, not at N(1, 0.02). Weights are clipped after the critic's
step, as in algorithm 1; the code clips before it.
"""

import dataclasses

from models.recipes import dcgan_64

RECIPE = dataclasses.replace(
    dcgan_64.RECIPE,
    name="wgan",
    g_filters=512,
    d_filters=64,
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
