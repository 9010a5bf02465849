"""The anime notes' SAGAN: transposed convolutions, spectral norm, one self-attention layer.

At 128 px with g_filters 1024 and d_filters 64 it equals the notes' networks, layer for layer.
"""

import keras

from layers import SelfAttention, SumOverSpace, Upsample2D, initializers, weights
from models.networks import blocks
from models.recipe import Recipe


def generator(recipe: Recipe) -> keras.Model:
    """[z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1]; R a power of two from 16 up.

    4×4×g_filters, then stages that double the resolution and halve the channels, to R/2. Batch norm
    and a rectifier follow each stage, and self-attention the stage of attention_resolution. The
    last up-sampling gives the picture. Transposed convolutions have no biases, since batch norm's
    shift replaces them; the convolutions of the other up-sampling methods have, as in the notes.
    """
    initializer = initializers.get(recipe.initializer)
    z, y = blocks.latent_input(recipe), blocks.label_input(recipe)

    def up(x, filters, name):
        layer = Upsample2D(
            filters,
            recipe.upsample,
            use_bias=recipe.upsample != "transposed" or recipe.g_norm == "none",
            weight_norm=recipe.g_weight_norm,
            kernel_initializer=initializer,
            name=name,
        )
        return layer(x)

    def finish(x, name):
        x = blocks.generator_norm(recipe, x, y, f"{name}_norm")
        x = blocks.generator_activation(recipe, x, f"{name}_activation")
        if blocks.shorter_side(x) == recipe.attention_resolution:
            x = _attention(recipe.g_weight_norm, initializer)(x)
        return x

    filters = recipe.g_filters
    x = blocks.concat_labels(recipe, z, y)
    x = keras.layers.Reshape((1, 1, x.shape[-1]), name="latents_1x1")(x)
    x = weights.conv2d_transpose(
        filters,
        blocks.sides(recipe, 4),
        use_bias=recipe.g_norm == "none",
        weight_norm=recipe.g_weight_norm,
        kernel_initializer=initializer,
        name="stage_0",
    )(x)
    x = finish(x, "stage_0")  # (N, 4, 4, g_filters)
    for stage in range(1, blocks.stages(recipe.resolution)):
        filters //= 2
        x = finish(up(x, filters, f"stage_{stage}"), f"stage_{stage}")
    x = up(x, blocks.last_channels(recipe), "to_image")
    return keras.Model([z, y], blocks.painted(recipe, x, z, y), name="generator")


def discriminator(recipe: Recipe) -> keras.Model:
    """[x (N, H, W, C), y] → logits (N, 1).

    Convolutions of stride 2 halve the resolution down to 4×4 and double the channels from d_filters
    up, with LeakyReLU and, except in the first, the recipe's norm; self-attention at
    attention_resolution; a 4×4 convolution gives the logit.
    """
    initializer = initializers.get(recipe.initializer)
    x, y = blocks.image_input(recipe), blocks.label_input(recipe)
    images, filters = x, recipe.d_filters
    x = blocks.concat_label_plane(recipe, x, y)
    for stage in range(blocks.stages(recipe.resolution)):
        name = f"stage_{stage}"
        x = weights.conv2d(
            filters << stage,
            4,
            strides=2,
            padding="same",
            use_bias=recipe.d_norm == "none",
            weight_norm=recipe.d_weight_norm,
            kernel_initializer=initializer,
            name=name,
        )(x)
        if stage:
            x = blocks.discriminator_norm(recipe, x, f"{name}_norm")
        x = blocks.leaky(x, f"{name}_activation")
        if blocks.shorter_side(x) == recipe.attention_resolution:
            x = _attention(recipe.d_weight_norm, initializer)(x)
    features = blocks.compare_in_batch(recipe, x)
    logits = weights.conv2d(
        1,
        blocks.sides(recipe, 4),
        use_bias=False,
        weight_norm=recipe.d_weight_norm,
        kernel_initializer=initializer,
        dtype="float32",
        name="to_logit",
    )(features)
    logits = keras.layers.Flatten(dtype="float32", name="flat_logit")(logits)
    pooled = SumOverSpace(dtype="float32", name="features")(x)
    logits = blocks.with_labels(recipe, logits, pooled, y)
    return keras.Model([images, y], blocks.as_logits(logits), name="discriminator")


def _attention(weight_norm: str, initializer) -> SelfAttention:
    return SelfAttention(
        use_bias=True, weight_norm=weight_norm, kernel_initializer=initializer, name="attention"
    )


def check(recipe: Recipe) -> None:
    """Raise ValueError for a recipe that does not fit these networks."""
    stages = blocks.stages(recipe.resolution)
    if stages < 2:
        raise ValueError(f"The SAGAN needs at least 16 pixels, not {recipe.resolution}.")
    if recipe.g_filters % (1 << (stages - 1)):
        raise ValueError(
            f"g_filters {recipe.g_filters} cannot be halved {stages - 1} times, "
            f"as {recipe.resolution} px needs."
        )
    sizes = blocks.sizes_between(4, recipe.resolution // 2)
    blocks.check_attention(recipe, g_sizes=sizes, d_sizes=sizes)
