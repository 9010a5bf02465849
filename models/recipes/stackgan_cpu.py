"""StackGAN for a laptop: faces of captions, 32 px first, then 64 px made from these.

Source: the recipe stackgan with a quarter of its channels.
Command: python train.py stackgan_cpu
Run time: 21 minutes on one CPU core, beside another training.
Expect with captions in held-out wordings: hair colour as asked in 94 % of the pictures, long hair
in 88 %, the rest by chance; FD-lite0@224 191 (N = 2 000): samples/gallery/stackgan.md. With
`--no-augmentation` hats in 92 % and glasses in 85 %, but the faces of a caption are more alike.
Departures: as stackgan. Spectral norm in the discriminators in the place of batch norm, with which
they won at once; three times its rates. Stage II adds to Stage I's pictures: drawing them anew, it
gave all captions the same face in 3 000 steps. The divergence is that of the code.
"""

import dataclasses

from models.recipes import stackgan

RECIPE = dataclasses.replace(
    stackgan.RECIPE,
    name="stackgan_cpu",
    resolution=64,
    ratio=2,
    g_filters=32,
    d_filters=32,
    d_weight_norm="spectral",
    residual=True,
    blocks=2,
    condition_dim=64,
    noise_dim=64,
    kl_form="mean",
    kl_weight=2.0,
    together=1,
    batch_size=32,
    learning_rate=6e-4,
    first_steps=4_500,
    steps=7_500,
    decay="linear",
    ema_decay=0.995,
)
