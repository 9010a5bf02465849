"""Shared by the architectures: inputs, labels, norms, the first and last layers."""

from collections.abc import Sequence

import keras

from layers import (
    BatchNorm,
    ConditionalBatchNorm,
    MinibatchDiscrimination,
    MinibatchStandardDeviation,
    Palette,
    Projection,
    initializers,
    smoothing,
    weights,
)
from models.recipe import Recipe

PALETTE_UNITS = 256  # of the hidden layer that makes a palette's colours
PALETTE_GAIN = 5.0
CLASSIFIER = "to_label_logits"  # the last layer of D's auxiliary classifier
LEAK = 0.2  # LeakyReLU's slope, as in DCGAN and the notes


def label_input(recipe: Recipe) -> keras.KerasTensor:
    """The input y: int32 (N,) class indices, or float32 (N, num_labels) attributes."""
    if recipe.label_kind == "attributes":
        return keras.Input((recipe.num_labels,), dtype="float32", name="labels")
    return keras.Input((), dtype="int32", name="labels")


def latent_input(recipe: Recipe) -> keras.KerasTensor:
    """The input z: float32 (N, latent_dim)."""
    return keras.Input((recipe.latent_dim,), dtype="float32", name="latents")


def image_input(recipe: Recipe) -> keras.KerasTensor:
    """The input x: float32 (N, H, W, C) in [-1, 1], or points (N, point_dim)."""
    return keras.Input(recipe.data_shape, dtype="float32", name="images")


def sides(recipe: Recipe, shorter: int) -> tuple[int, int]:
    """Height and width of the feature map whose shorter side is `shorter`."""
    height, width = recipe.data_shape[:2]
    return height * shorter // recipe.resolution, width * shorter // recipe.resolution


def shorter_side(x) -> int:
    """The shorter side of a feature map (N, H, W, C), by which its resolution is called."""
    return min(x.shape[1:3])


def leaky(x, name: str | None = None):
    """Leaky ReLU with the slope `LEAK`."""
    return keras.layers.LeakyReLU(negative_slope=LEAK, name=name)(x)


def generator_activation(recipe: Recipe, x, name: str | None = None):
    """The generator's nonlinearity."""
    if recipe.g_activation == "leaky_relu":
        return leaky(x, name)
    return keras.layers.ReLU(name=name)(x)


def compare_in_batch(recipe: Recipe, x):
    """x (N, …, C), with channels that compare the batch appended if the recipe says so."""
    if recipe.minibatch == "discrimination":
        return MinibatchDiscrimination(name="minibatch")(x)
    if recipe.minibatch == "standard_deviation":
        return MinibatchStandardDeviation(name="minibatch")(x)
    return x


def generator_norm(recipe: Recipe, x, y, name: str):
    """Batch norm, conditional on y if there are labels and the recipe says so, or nothing."""
    conditional = recipe.conditional and recipe.g_conditioning == "batch_norm"
    if recipe.g_norm == "none" or not conditional:
        return plain_norm(recipe.g_norm, x, name)
    classes = recipe.num_labels if recipe.label_kind == "classes" else None
    return ConditionalBatchNorm(num_classes=classes, name=name)([x, y])


def plain_norm(kind: str, x, name: str):
    """Batch norm without labels if `kind` is "batch", nothing if it is "none"."""
    return BatchNorm(name=name)(x) if kind == "batch" else x


def discriminator_norm(recipe: Recipe, x, name: str):
    """Batch norm without labels, or nothing, as the recipe says."""
    return plain_norm(recipe.d_norm, x, name)


def concat_labels(recipe: Recipe, z, y):
    """z joined with an embedding of y of the same length (Mirza and Osindero 2014)."""
    if not (recipe.conditional and recipe.g_conditioning == "concat"):
        return z
    embedded = label_embedding(recipe, recipe.latent_dim, "g_label_embedding")(y)
    return keras.layers.Concatenate(name="latents_and_labels")([z, embedded])


def concat_label_plane(recipe: Recipe, x, y):
    """x with one more channel, a plane computed from y (CGAN's discriminator for pictures)."""
    if not (recipe.conditional and recipe.d_conditioning == "concat"):
        return x
    height, width = recipe.data_shape[:2]
    plane = label_embedding(recipe, height * width, "d_label_embedding")(y)
    plane = keras.layers.Reshape((height, width, 1), name="label_plane")(plane)
    return keras.layers.Concatenate(name="images_and_labels")([x, plane])


def label_embedding(recipe: Recipe, dim: int, name: str) -> keras.Layer:
    """A table (num_labels, dim) for class indices or multi-hot vectors."""
    return weights.embedding(
        recipe.num_labels,
        dim,
        weight_norm="none",
        embeddings_initializer=initializers.get("normal"),
        name=name,
    )


def with_labels(recipe: Recipe, logits, features, y):
    """What D says of pictures from its logits (N, 1) and features (N, C), in float32.

    The logits gain <embed(y), features> if the recipe conditions D by projection. With an auxiliary
    classifier, one logit per label stands behind them: (N, 1 + num_labels).
    """
    initializer = initializers.get(recipe.initializer)
    if recipe.conditional and recipe.d_conditioning == "projection":
        term = Projection(
            recipe.num_labels,
            weight_norm=recipe.d_weight_norm,
            kernel_initializer=initializer,
            dtype="float32",
            name="projection",
        )([features, y])
        logits = keras.layers.Add(dtype="float32", name="logits_and_projection")([logits, term])
    if recipe.classifies:
        label_logits = keras.layers.Dense(
            recipe.num_labels, kernel_initializer=initializer, dtype="float32", name=CLASSIFIER
        )(features)
        joined = keras.layers.Concatenate(dtype="float32", name="logits_and_labels")
        logits = joined([logits, label_logits])
    return logits


def as_images(x):
    """tanh in float32 at every precision: images in [-1, 1]."""
    return keras.layers.Activation("tanh", dtype="float32", name="images_out")(x)


def finished(recipe: Recipe, x):
    """A GAN's pictures in [-1, 1] of the last convolution's; smoothed as g_smoothing says."""
    return _smoothed(recipe, as_images(x))


def last_channels(recipe: Recipe) -> int:
    """Channels of a last convolution for `painted`: a picture's, or one per colour of a palette."""
    return recipe.g_palette or recipe.data_shape[-1]


def painted(recipe: Recipe, x, z, y):
    """`finished`, for networks that may have a palette: then x (N, H, W, g_palette) are its logits.

    A network of two layers makes the colours of the latents z and the labels.
    """
    if not recipe.g_palette:
        return finished(recipe, x)
    colours, channels = _palette_colours(recipe, z, y), recipe.data_shape[-1]
    return _smoothed(recipe, Palette(channels, dtype="float32", name="images_out")([x, colours]))


def _smoothed(recipe: Recipe, images):
    if not recipe.g_smoothing:
        return images
    width = recipe.g_smoothing / 127.5  # grey levels → [-1, 1]
    steps = smoothing.distances(shorter_side(images))
    return smoothing.EdgeAvoidingSmoothing(width, steps, dtype="float32", name="smoothing")(images)


def _palette_colours(recipe: Recipe, z, y):
    """(N, g_palette · C) in [-1, 1]."""
    if recipe.conditional:
        embedded = label_embedding(recipe, recipe.latent_dim, "palette_label_embedding")(y)
        z = keras.layers.Concatenate(name="palette_inputs")([z, embedded])
    # Kernels begin small, as all others; the gain lets the colours begin all over [-1, 1].
    x = keras.layers.Rescaling(PALETTE_GAIN, name="palette_gain_1")(z)
    x = _palette_dense(PALETTE_UNITS, "palette_hidden", activation="relu")(x)
    x = _palette_dense(recipe.g_palette * recipe.data_shape[-1], "palette_colours")(x)
    x = keras.layers.Rescaling(PALETTE_GAIN, dtype="float32", name="palette_gain_2")(x)
    return keras.layers.Activation("tanh", dtype="float32", name="palette_tanh")(x)


def _palette_dense(units: int, name: str, **options) -> keras.layers.Layer:
    # The gains are for these kernels: with larger ones every colour would begin at ±1 and stay.
    initializer = initializers.get("truncated_normal")
    return keras.layers.Dense(units, kernel_initializer=initializer, name=name, **options)


def as_points(x):
    """Unbounded points in float32 at every precision."""
    return keras.layers.Activation("linear", dtype="float32", name="points_out")(x)


def as_logits(x):
    """Logits in float32 at every precision, since losses subtract and exponentiate.

    The last layers must compute in float32 too: a bfloat16 logit has only 8 binary digits.
    """
    return keras.layers.Activation("linear", dtype="float32", name="logits")(x)


def check_attention(recipe: Recipe, g_sizes: Sequence[int], d_sizes: Sequence[int]) -> None:
    """Refuse self-attention at a resolution that the network does not have.

    Args:
        g_sizes: the shorter sides of the generator's maps that may have attention.
        d_sizes: the same for the discriminator, whose attention is at attention_resolution too
            unless d_attention_resolution is set.

    Raises:
        ValueError: neither 0 (no attention) nor one of the sizes.
    """
    own = recipe.d_attention_resolution
    both = g_sizes if own else [size for size in g_sizes if size in d_sizes]
    for option, wanted, sizes in (
        ("attention_resolution", recipe.attention_resolution, both),
        ("d_attention_resolution", own, d_sizes),
    ):
        if wanted and wanted not in sizes:
            known = ", ".join(map(str, sizes))
            raise ValueError(
                f"{option} {wanted}: no feature map of {recipe.architecture} at "
                f"{recipe.resolution} px has this size. Sizes: {known}; 0: no attention."
            )


def check_smallest(recipe: Recipe, shorter: int) -> None:
    """Raise ValueError if the feature map whose shorter side is `shorter` has no whole longer one.

    From 4 pixels up it always has.
    """
    height, width, _ = recipe.data_shape
    if max(height, width) * shorter % recipe.resolution:
        raise ValueError(
            f"{recipe.architecture} halves {width}x{height} to maps of {shorter} pixels, where the "
            f"longer side is not whole; choose a longer side of a multiple of "
            f"{recipe.resolution // shorter}, or a higher resolution."
        )


def joined(inputs: Sequence, outputs: Sequence, others: Sequence):
    """The layers between symbolic `inputs` and `outputs`, called on `others`: symbolic outputs.

    So one network becomes a part of another's graph, with the same layers and weights.
    """
    return keras.Function(list(inputs), list(outputs)).call(list(others))


def sizes_between(low: int, high: int) -> list[int]:
    """low, 2·low, … up to and including `high`."""
    return [low << n for n in range((high // low).bit_length())]


def stages(resolution: int, base: int = 4) -> int:
    """How many doublings lead from `base` to `resolution`."""
    return (resolution // base).bit_length() - 1
