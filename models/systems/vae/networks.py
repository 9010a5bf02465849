"""The encoder and the decoder of Hou et al. 2017, arXiv:1610.00291, as in the authors' code.

At 128 px with 32 filters and latent_dim 100 they equal the authors', layer for layer, except for
the tanh at the end: our pictures are in [-1, 1]. Each doubling of the resolution is a stage.
"""

import keras

from layers import BatchNorm, EdgePadding, Repeat2D, initializers
from models.networks import blocks
from models.recipe import Recipe

_MOST = 8  # the encoder's channels double up to this many times `filters`
_DECODER_EPSILON = 1e-3  # of the batch norms, as in the authors' code


def encoder(recipe: Recipe) -> keras.Model:
    """x (N, R, R, 3) in [-1, 1] → mean and log variance of its code, float32 (N, latent_dim) each.

    4×4 convolutions of stride 2 down to 4×4, each with batch norm, all except the last with
    LeakyReLU.
    """
    x = images = blocks.image_input(recipe)
    stages = blocks.stages(recipe.resolution)
    for stage in range(stages):
        x = keras.layers.Conv2D(
            recipe.filters * min(_MOST, 1 << stage), 4, strides=2, padding="same",
            kernel_initializer=initializers.get("normal"), name=f"down_{stage}",
        )(x)  # fmt: skip
        x = BatchNorm(name=f"down_{stage}_norm")(x)
        if stage < stages - 1:
            x = blocks.leaky(x, f"down_{stage}_activation")
    x = keras.layers.Flatten(name="features")(x)
    # float32 at every precision, since the divergence exponentiates and subtracts.
    heads = [_dense(recipe.latent_dim, name, dtype="float32")(x)
             for name in ("mean", "log_variance")]  # fmt: skip
    return keras.Model(images, heads, name="encoder")


def decoder(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y (N,) int32, which is ignored] → images (N, R, R, 3) in [-1, 1].

    Dense with ReLU to 4×4. Each stage repeats every pixel 2×2, pads by repeating the edge, and has
    a 3×3 convolution, batch norm and LeakyReLU; the last stage's convolution gives the picture.
    """
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)
    stages = blocks.stages(recipe.resolution)
    start = recipe.filters * min(2 * _MOST, 1 << (stages - 1))
    x = _dense(16 * start, "start")(z)
    x = keras.layers.ReLU(name="start_activation")(x)
    x = keras.layers.Reshape((4, 4, start), name="start_4x4")(x)
    for stage in reversed(range(stages)):
        name = f"up_{stage}"
        x = Repeat2D(name=f"{name}_double")(x)
        x = EdgePadding(name=f"{name}_border")(x)
        channels = recipe.filters * min(_MOST, 1 << (stage - 1)) if stage else 3
        x = keras.layers.Conv2D(
            channels, 3, kernel_initializer=initializers.get("normal"), name=name
        )(x)
        if stage:
            x = BatchNorm(epsilon=_DECODER_EPSILON, name=f"{name}_norm")(x)
            x = blocks.leaky(x, f"{name}_activation")
    return keras.Model([z, y], blocks.as_images(x), name="decoder")


def reconstructor(encoder: keras.Model, decoder: keras.Model) -> keras.Model:
    """x (N, R, R, 3) → the decoder's picture of the mean of its code, the same shape and range.

    It shares the layers, and so the weights, of both networks. The decoder's layers are a chain.
    """
    x = encoder.outputs[0]
    for layer in decoder.layers:
        if not isinstance(layer, keras.layers.InputLayer):
            x = layer(x)
    return keras.Model(encoder.inputs[0], x, name="reconstructor")


def _dense(units: int, name: str, **options) -> keras.Layer:
    return keras.layers.Dense(
        units, kernel_initializer=initializers.get("glorot_uniform"), name=name, **options
    )
