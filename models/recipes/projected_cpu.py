"""Projected GAN for a laptop: faces from 24 000 pictures shown.

Source: the recipe projected at 64 px with an eighth of its generator's channels, one convolution a
size and batches of 16; a quarter of its discriminator's channels. G has 1 484 608 parameters, D
653 616, beside the frozen Lite0.
Command: python train.py projected_cpu         (or --data FOLDER)
Run time: 42 minutes on one CPU core beside another training.
Expect heads with hair after 300 steps, faces and eyes after 1 000. Eyes and hats stay rough:
FD-lite1@240 50 (N = 2 000, one seed; real against real 2.8).
Departures: as projected; no augmentation, since the faces are many (`--augment diffaug` where
pictures are few); rates of 4e-4 in G and 2e-4 in D that fall to 0 as a cosine; latents of 64;
`g_palette` and `g_smoothing` as in sagan_cpu. Tried once each without the palette: colours ran to
their ends and heads became smears after 500 steps; without batch norm in D only textures came, with
half of D's rate only blots.
"""

import dataclasses

from models.recipes import projected

RECIPE = dataclasses.replace(
    projected.RECIPE,
    name="projected_cpu",
    resolution=64,
    g_filters=16,
    g_convolutions="one",
    g_palette=16,
    g_smoothing=16.0,
    d_filters=16,
    latent_dim=64,
    augment="none",
    batch_size=16,
    steps=1_500,
    g_learning_rate=4e-4,
    decay="cosine",
    ema_half_life=2_000,
)
