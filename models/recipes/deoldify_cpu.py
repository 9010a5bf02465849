"""placeholder"""

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
