"""The notes' BIGGAN for a laptop: faces by attribute in about ten minutes on two CPU cores.

Source: the anime notes' BIGGAN_V1 at 64 px with an eighth of its generator's channels and half of
its discriminator's (a 27th of the parameters), changed as `sagan_cpu` changes SAGAN_V6:

- D has no batch norm; batches of 16; rates that fall to 0 as a cosine; `g_palette` and
  `g_smoothing`.
- D also learns to name the labels, and G to be named rightly (AC-GAN, arXiv:1610.09585).

What each of these gave: samples/gallery/biggan_cpu.md.
Command: python train_biggan.py
Run time: about ten minutes on two CPU cores.
Expect hair of the requested colour after 600 steps, glasses, ribbons and eyes after 1 200. At the
end all of 2 000 pictures had the requested hair colour (chance 8 %), hats, glasses and ribbons, and
93 % the eye colour (10 %). All heads have nearly the same shape and turn.
"""

from models.systems.biggan.recipe import BigGANRecipe

RECIPE = BigGANRecipe(
    name="biggan_cpu",
    architecture="biggan_notes",
    resolution=64,
    g_filters=128,
    d_filters=16,
    d_norm="none",
    attention_resolution=16,
    g_palette=16,
    g_smoothing=16.0,
    d_classifier_weight=0.5,
    g_classifier_weight=0.1,
    batch_size=16,
    g_learning_rate=8e-4,
    d_learning_rate=3e-4,
    decay="cosine",
    ema_decay=0.995,
    steps=3_600,
)
