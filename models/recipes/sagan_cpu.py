"""The SAGAN for a laptop: clean faces in about ten minutes on two CPU cores.

Source: the anime notes' SAGAN_V6 at 64 px with a quarter of its generator's filters (a tenth of the
parameters), changed for a run of thousands of steps, not tens of thousands:

- D has no batch norm, as in the SAGAN paper, so that real and fake pictures share one call of D,
  and D cannot win by batch statistics.
- Batches of 16, rates of 12e-4 and 6e-4 that fall to 0 as a cosine.
- `g_palette`: the last convolution chooses among 16 colours that a small network makes of the
  latent, so that hair has one colour and eyes match.
- `g_smoothing`: finished pictures are smoothed between their edges. The distance sees noise that
  people hardly see: real pictures with noise of 2 grey levels have 58. For photographs try
  `--g-smoothing 0 --g-palette 0`.
- With labels (`--labels data`), D also learns to name them, and G to be named rightly (AC-GAN,
  arXiv:1610.09585): projection alone makes G obey hair, but not eyes, which are a few pixels.

What each of these gave, and what gave nothing: samples/gallery/sagan_cpu.md.
Command: python train_sagan.py
Run time: about ten minutes on two CPU cores.
Expect skin, hair and eyes in place after 1 000 steps, hats, glasses and hair colours after 3 000.
"""

from models.systems.gan.recipe import GANRecipe

RECIPE = GANRecipe(
    name="sagan_cpu",
    resolution=64,
    g_filters=256,
    d_filters=32,
    d_norm="none",
    g_palette=16,
    g_smoothing=16.0,
    d_classifier_weight=0.25,
    g_classifier_weight=0.05,
    batch_size=16,
    g_learning_rate=12e-4,
    d_learning_rate=6e-4,
    decay="cosine",
    steps=9_000,
)
