"""DeOldify for a laptop: grey faces of 64 px in colour, then pictures of any size.

Source: the recipe deoldify at 64 px, on Lite0 in the place of ResNet101, with blocks of 64 channels
(7 008 457 parameters) and a discriminator of 32 channels and two blocks.
Command: python train.py deoldify_cpu
Run time: 14 minutes on two CPU cores.
Expect on 500 held-out faces a chroma RMSE of 0.073 and colourfulness 37 after the features, 0.076
and 47 at the end; grey has 0.091 and 0, the mean colour of each grey 0.077 and 33, the truth 58:
samples/gallery/deoldify.md.
Departures: one size; the encoder is trained after the decoder; larger rates; the features weigh
four times as much against the discriminator, or hair becomes a rainbow.
"""

from models.systems.deoldify.recipe import DeOldifyRecipe

RECIPE = DeOldifyRecipe(
    name="deoldify_cpu",
    resolution=64,
    encoder="lite0",
    train_encoder=True,
    g_filters=64,
    d_filters=32,
    d_blocks=2,
    batch_size=16,
    decoder_steps=400,
    small_steps=0,
    medium_steps=0,
    large_steps=2600,
    large_rate=6e-4,
    d_medium_steps=0,
    d_large_steps=400,
    d_learning_rate=2.5e-4,
    learning_rate=5e-5,
    steps=3_700,
    feature_weight=6.0,
    mirror=True,
)
