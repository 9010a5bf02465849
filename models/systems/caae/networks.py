"""The four networks of Zhang et al. 2017 (arXiv:1702.08423, figure 3), as in the authors' code.

At 128 px with the recipe's defaults and ten ages they equal the authors', layer for layer.
"""

from __future__ import annotations

import math

import keras

from layers import BatchNorm, JoinLabel, initializers
from models.networks import blocks
from models.systems.caae.recipe import CAAERecipe

_CODE_UNITS = (64, 32, 16)  # of D_z
_D_STAGES = 4
_KERNEL = 5


def encoder(recipe: CAAERecipe) -> keras.Model:
    """Pictures (N, R, R, 3) in [-1, 1] → codes (N, latent_dim) in (-1, 1), float32.

    5×5 convolutions of stride 2 with ReLU down to 4×4, without norm; a dense layer and tanh.
    """
    x = images = blocks.image_input(recipe)
    for stage in range(blocks.stages(recipe.resolution)):
        x = _conv(x, recipe.filters << stage, f"down_{stage}", recipe.initializer)
        x = keras.layers.ReLU(name=f"down_{stage}_activation")(x)
    x = keras.layers.Flatten(name="features")(x)
    x = _dense(x, recipe.latent_dim, "to_code", recipe.initializer, dtype="float32")
    codes = keras.layers.Activation("tanh", dtype="float32", name="codes")(x)
    return keras.Model(images, codes, name="encoder")


def generator(recipe: CAAERecipe) -> keras.Model:
    """[codes (N, latent_dim), age (N,), …] → pictures (N, R, R, 3) in [-1, 1].

    The labels, int32 class indices, are repeated until they are about as long as the code. A dense
    layer to 4×4; 5×5 transposed convolutions with ReLU and stride 2 up to R, two more of stride 1.
    """
    codes, labels = blocks.latent_input(recipe), label_inputs(recipe)
    x = codes
    for name, classes in recipe.conditions.items():
        copies = max(1, int(recipe.latent_dim * recipe.tile_ratio / classes))
        x = JoinLabel(classes, copies, name=f"join_{name}")([x, labels[name]])
    x = _dense(x, 16 * recipe.g_filters, "start", recipe.initializer)
    x = keras.layers.Reshape((4, 4, recipe.g_filters), name="start_4x4")(x)
    x = keras.layers.ReLU(name="start_activation")(x)
    stages = blocks.stages(recipe.resolution)
    for stage in range(1, stages + 2):
        width, strides = max(1, recipe.g_filters >> stage), 2 if stage <= stages else 1
        x = _transposed(x, width, f"up_{stage}", recipe.initializer, strides)
        x = keras.layers.ReLU(name=f"up_{stage}_activation")(x)
    x = _transposed(x, 3, "to_image", recipe.initializer)
    return keras.Model([codes, *labels.values()], blocks.as_images(x), name="generator")


def code_discriminator(recipe: CAAERecipe) -> keras.Model:
    """D_z: codes, or latents of the prior, (N, latent_dim) → logits (N, 1)."""
    x = codes = blocks.latent_input(recipe)
    for number, units in enumerate(_CODE_UNITS):
        x = _norm(_dense(x, units, f"hidden_{number}"), f"hidden_{number}")
    x = _dense(x, 1, "logit", dtype="float32")
    return keras.Model(codes, blocks.as_logits(x), name="code_discriminator")


def image_discriminator(recipe: CAAERecipe) -> keras.Model:
    """D_img: [pictures (N, R, R, 3), age (N,), …] → logits (N, 1).

    The labels join the maps after the first convolution: the age once, a second label half as often
    as there are ages.
    """
    images, labels = blocks.image_input(recipe), label_inputs(recipe)
    x = images
    for stage in range(_D_STAGES):
        name = f"conv_{stage}"
        x = _norm(_conv(x, recipe.d_filters << stage, name), name)
        for label, classes in recipe.conditions.items() if stage == 0 else ():
            copies = 1 if label == "age" else max(1, recipe.ages // 2)
            x = JoinLabel(classes, copies, name=f"join_{label}")([x, labels[label]])
    x = keras.layers.Flatten(name="features")(x)
    x = blocks.leaky(_dense(x, recipe.d_units, "hidden"), "hidden_activation")
    x = _dense(x, 1, "logit", dtype="float32")
    inputs = [images, *labels.values()]
    return keras.Model(inputs, blocks.as_logits(x), name="image_discriminator")


def ager(encoder: keras.Model, generator: keras.Model) -> keras.Model:
    """[pictures (N, R, R, 3), age (N,), …] → these pictures at that age, the same shape and range.

    It shares the layers, and so the weights, of both networks. The generator's layers are a chain
    to which the labels join.
    """
    labels = {
        f"join_{each.name}": keras.Input((), dtype="int32", name=each.name)
        for each in generator.inputs[1:]
    }
    x = encoder.outputs[0]
    for layer in generator.layers:
        if isinstance(layer, JoinLabel):
            x = layer([x, labels[layer.name]])
        elif not isinstance(layer, keras.layers.InputLayer):
            x = layer(x)
    return keras.Model([encoder.inputs[0], *labels.values()], x, name="ager")


def label_inputs(recipe: CAAERecipe) -> dict[str, keras.KerasTensor]:
    """The inputs of the labels by name, class indices int32 (N,)."""
    return {name: keras.Input((), dtype="int32", name=name) for name in recipe.conditions}


def _norm(x, name: str):
    """Batch norm with a shift but no gain, as `tf.contrib` has it without `scale`; ReLU."""
    x = BatchNorm(momentum=0.999, epsilon=1e-3, scale=False, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_activation")(x)


def _conv(x, filters: int, name: str, initializer: str = "normal"):
    # `tf.truncated_normal_initializer` in the authors' code.
    kernel = initializers.get("truncated_normal" if initializer == "normal" else initializer)
    return keras.layers.Conv2D(
        filters, _KERNEL, 2, padding="same", kernel_initializer=kernel, name=name
    )(x)


def _transposed(x, filters: int, name: str, initializer: str, strides: int = 1):
    # A kernel is (5, 5, outputs, inputs), and strides² output pixels share what comes in.
    gain = 1.0 if initializer == "normal" else strides * math.sqrt(filters / x.shape[-1])
    kernel = initializers.get(initializer, gain)
    return keras.layers.Conv2DTranspose(
        filters, _KERNEL, strides, padding="same", kernel_initializer=kernel, name=name
    )(x)


def _dense(x, units: int, name: str, initializer: str = "normal", **more):
    kernel = initializers.get(initializer)
    return keras.layers.Dense(units, kernel_initializer=kernel, name=name, **more)(x)
