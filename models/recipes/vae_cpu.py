"""The VAE for a laptop: faces at 64 px, held-out ones kept about as well as 64 numbers can.

Source: `vae` (arXiv:1312.6114) at 64 px with half of its filters, codes of 64 numbers and four
stages. For a run of thousands of steps: a batch of 64, Adam (0.9, 0.999) at 1.5e-3 that falls
linearly to 0, a short moving average. β is 10: at 1, with a learned deviation, the bound is the
best, but codes spend 233 nats a picture where 18 000 pictures need far fewer, and no latent of
the prior is like one of them. With 10 they spend 108 and some samples are faces.
Command: python train.py vae_cpu
Run time: 14 minutes on two CPU cores that others used too; 0.15 s a step at best.
Expect on 2 000 held-out faces: 5.99 bits per dimension at most, MSE 0.0049 (64 principal
components: 0.0044), all 64 units active; hair, glasses and most mouths kept. Samples: rough faces,
FD-lite0@224 218 of 2 000. With β 1 and 3 000 steps: 5.81 bits, MSE 0.0039, but FD 279 and hardly a
sample a face. Pictures, commands and attribute vectors: samples/gallery/vae.md.
"""

import dataclasses

from models.recipes import vae

RECIPE = dataclasses.replace(
    vae.RECIPE,
    name="vae_cpu",
    resolution=64,
    filters=16,
    latent_dim=64,
    batch_size=64,
    kl_weight=10.0,
    steps=2_400,
    learning_rate=1.5e-3,
    beta_1=0.9,
    decay="linear",
    ema_decay=0.99,
)
