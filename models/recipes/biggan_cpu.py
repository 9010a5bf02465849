"""The paper's BigGAN for a laptop: faces by attribute in about a quarter of an hour on two cores.

Source: `biggan` (arXiv:1809.11096) at 64 px with a twelfth of its channels, 0.6 million parameters
per network. Changes for a run of thousands of steps instead of hundreds of thousands: one D step, a
batch of 32, learning rates of 4e-4 for both networks, a shorter moving average, attention at 16 px.
Command: python train_biggan.py
Run time: about a quarter of an hour on two CPU cores.
Expect hair of the requested colour after 500 steps, clear faces after 750, glasses, ribbons and
twintails after 1 500. At the end 98.7 % of 2 000 pictures had the requested hair colour (chance
8 %); glasses were right in 99 %, twintails in 88 %; eye colour, a few pixels wide, stayed near
chance.
"""

import dataclasses

from models.recipes import biggan

RECIPE = dataclasses.replace(
    biggan.RECIPE,
    name="biggan_cpu",
    resolution=64,
    g_filters=8,
    d_filters=8,
    attention_resolution=16,
    shared_embedding=64,
    latent_dim=80,
    batch_size=32,
    d_steps=1,
    steps=2_400,
    g_learning_rate=4e-4,
    d_learning_rate=4e-4,
    beta_2=0.9,
    ema_decay=0.995,
)
