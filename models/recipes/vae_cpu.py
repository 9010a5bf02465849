"""The VAE for a laptop: faces at 64 px, reconstructed about as well as 64 numbers allow.

Source: `vae` (arXiv:1312.6114) at 64 px with half of its filters, codes of 64 numbers and four
stages. For a run of thousands of steps: a batch of 64, Adam (0.9, 0.999) at 1.5e-3 that falls
linearly to 0, a short moving average. β is 10. At 1, with a learned standard deviation, the bound
is the best, but a code takes 233 nats a picture, far more than 18 000 pictures need, and latents of
the prior are unlike these codes. At 10 a code takes 108 nats and some samples are faces.
Command: python train.py vae_cpu
Run time: 2 minutes on two CPU cores, 0.055 s a step; up to 14 minutes beside other work.
Expect on 2 000 held-out faces: 5.99 bits per dimension at most, MSE 0.0049 (64 principal
components: 0.0044), all 64 units active; hair, glasses and most mouths are kept. Samples: rough
faces, FD-lite0@224 218 of 2 000. With β 1 and 3 000 steps: 5.81 bits, MSE 0.0039, but FD 279, and
hardly any sample is a face. Pictures, commands and attribute vectors: samples/gallery/vae.md.
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
