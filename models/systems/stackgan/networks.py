"""StackGAN's networks (Zhang et al. 2017, arXiv:1612.03242, section 3), as in the authors' code.

With the recipe's defaults they equal the code's "default" networks, layer for layer.
"""

from __future__ import annotations

import keras

from layers import (
    BatchNorm,
    Columns,
    ConditioningAugmentation,
    OverMap,
    Repeat2D,
    Upsample2D,
    initializers,
    residual,
    weights,
)
from models.networks import blocks
from models.systems.stackgan.recipe import SMALLEST, StackGANRecipe


def text_input(recipe: StackGANRecipe) -> keras.KerasTensor:
    """The vectors of sentences: float32 (N, text_dim)."""
    return keras.Input((recipe.text_dim,), dtype="float32", name="text")


# === Generators ===


def first_generator(recipe: StackGANRecipe) -> keras.Model:
    """[latents (N, latent_dim), text (N, text_dim)] → small pictures (N, s, s, 3), moments.

    Moments (N, 2 · condition_dim) are μ and log σ of the conditions. A dense layer to 4 px, then
    doublings with 3×3 convolutions; residual blocks at 4 and 8 px.
    """
    latents, text = blocks.latent_input(recipe), text_input(recipe)
    condition, moments = _condition(recipe, latents, text, 1)
    z = Columns(0, recipe.noise_dim, name="noise_1")(latents)
    x = keras.layers.Concatenate(name="start_1")([condition, z])
    widths = [max(1, 8 * recipe.g_filters >> n) for n in range(blocks.stages(recipe.small))]
    x = _PLAIN.dense(x, SMALLEST**2 * widths[0], "start_1_dense")
    # A norm of its own for each of these numbers, as in the code.
    x = BatchNorm(name="start_1_norm")(keras.layers.Reshape((1, 1, -1), name="start_1_flat")(x))
    x = keras.layers.Reshape((SMALLEST, SMALLEST, widths[0]), name="start_1_maps")(x)
    x = _relu(_PLAIN.bottleneck(x, widths[0] // 4, "block_1_4", _relu), "block_1_4")
    for number, width in enumerate(widths[1:], 1):
        name = f"up_1_{SMALLEST << number}"
        x = _norm(_doubled(x, width, name), name)
        if number == 1:
            x = _PLAIN.bottleneck(x, width // 4, "block_1_8", _relu)
        x = _relu(x, name)
    images = _as_images(_doubled(x, 3, "to_image_1", dtype="float32"), "images_1")
    return keras.Model([latents, text], [images, moments], name="stage_1")


def second_generator(recipe: StackGANRecipe) -> keras.Model:
    """[latents, text, small pictures (N, s, s, 3)] → pictures (N, R, R, 3), moments.

    The pictures are halved twice and joined with the condition; residual blocks; doublings. With
    `recipe.residual` they are added, each pixel a square, and colours may leave [-1, 1].
    """
    latents, text = blocks.latent_input(recipe), text_input(recipe)
    small = keras.Input((recipe.small, recipe.small, 3), dtype="float32", name="small")
    condition, moments = _condition(recipe, latents, text, 2)
    width = recipe.g_filters
    x = _relu(_PLAIN.conv(small, width, 3, "in_2"), "in_2")
    for number in (1, 2):
        name = f"down_2_{number}"
        x = _relu(_PLAIN.normed(x, width << number, 4, name, 2), name)
    x = OverMap(name="with_text_2")([x, condition])
    x = _relu(_PLAIN.normed(x, 4 * width, 3, "joint_2"), "joint_2")
    for number in range(1, recipe.blocks + 1):
        x = _block(x, f"block_2_{number}")
    for number in range(1, 2 + recipe.ratio.bit_length()):
        name = f"up_2_{number}"
        x = _relu(_norm(_doubled(x, max(1, 4 * width >> number), name), name), name)
    images = _as_images(_PLAIN.conv(x, 3, 3, "to_image_2", dtype="float32"), "images_2")
    if recipe.residual:
        images = keras.layers.Add(dtype="float32", name="sum_2")(
            [_repeated(small, recipe.ratio, "small"), images]
        )
    return keras.Model([latents, text, small], [images, moments], name="stage_2")


def generator(
    recipe: StackGANRecipe, first: keras.Model, second: keras.Model | None
) -> keras.Model:
    """[latents, text] → pictures of the full size, by both stages; they share their weights.

    Without a second stage, every pixel of the first is repeated.
    """
    latents, text = blocks.latent_input(recipe), text_input(recipe)
    (x,) = blocks.joined(first.inputs, first.outputs[:1], [latents, text])
    if second is None:
        x = _repeated(x, recipe.ratio, "repeated")
    else:
        (x,) = blocks.joined(second.inputs, second.outputs[:1], [latents, text, x])
    return keras.Model([latents, text], x, name="generator")


def _condition(recipe, latents, text, stage: int):
    """The condition (N, C) of a stage, and its moments, in float32."""
    dim, dtype = recipe.condition_dim, {"dtype": "float32"}
    moments = _leaky(
        _PLAIN.dense(text, 2 * dim, f"text_{stage}", **dtype), f"text_{stage}", **dtype
    )
    start = recipe.noise_dim + (stage - 1) * dim
    noise = Columns(start, start + dim, name=f"epsilon_{stage}", **dtype)(latents)
    augmented = ConditioningAugmentation(
        recipe.augmentation, name=f"condition_{stage}", **dtype
    )([moments, noise])  # fmt: skip
    return augmented, moments


# === Discriminators ===


def discriminator(recipe: StackGANRecipe, stage: int) -> keras.Model:
    """[pictures (N, side, side, 3), text (N, text_dim)] → logits (N, 1), of Stage 1 or 2.

    Convolutions of stride 2 down to 4 px, a residual block, the text at every position.
    """
    side = recipe.small if stage == 1 else recipe.resolution
    images = keras.Input((side, side, 3), dtype="float32", name="images")
    text = text_input(recipe)
    parts = _Parts(recipe.d_weight_norm)
    x = _narrowed(images, recipe, side, stage, parts)
    x = _leaky(parts.bottleneck(x, x.shape[-1] // 4, "block", _leaky), "block")
    embedded = _leaky(parts.dense(text, recipe.condition_dim, "embedded"), "embedded")
    x = OverMap(name="with_text")([x, embedded])
    x = _leaky(parts.normed(x, 8 * recipe.d_filters, 1, "joint"), "joint")
    x = parts.conv(x, 1, SMALLEST, "logit", SMALLEST, dtype="float32")
    logits = keras.layers.Flatten(dtype="float32", name="flat")(x)
    return keras.Model([images, text], blocks.as_logits(logits), name=f"discriminator_{stage}")


def halves(discriminator: keras.Model) -> dict[str, keras.Model]:
    """Its "eye", pictures (N, side, side, 3) → maps, and its "judge", [maps, text] → logits (N, 1).

    Their layers are the discriminator's own. Pictures that are judged by two texts are seen once.
    """
    images, text = discriminator.inputs
    maps = discriminator.get_layer("with_text").input[0]
    return {
        "eye": keras.Model(images, maps),
        "judge": keras.Model([maps, text], discriminator.outputs[0]),
    }


def _narrowed(x, recipe: StackGANRecipe, side: int, stage: int, parts: _Parts):
    """Pictures → maps (N, 4, 4, 8 · d_filters), without an activation after the last norm.

    Below 64 px the first maps have more channels, so that the last have as many. In Stage I, as in
    the code, there is no activation before the last convolution either.
    """
    number = blocks.stages(side)
    first = recipe.d_filters << max(0, 4 - number)
    widths = [first << n for n in range(number)]
    widths += [widths[-1] >> n for n in range(1, number - 3)]  # 1×1, down to 8 times the filters
    for place, width in enumerate(widths):
        kernel, strides = (4, 2) if place < number else (1, 1)
        name = f"down_{place}"
        first = parts.conv if not place else parts.normed
        x = first(x, width, kernel, name, strides)
        bare = 2 if stage == 1 else 1
        if place < len(widths) - bare:
            x = _leaky(x, name)
    return x


# === Parts ===


class _Parts:
    """Convolutions and dense layers whose kernels are normalised, or whose outputs are."""

    def __init__(self, weight_norm: str = "none"):
        self._weight_norm = weight_norm

    def conv(self, x, filters: int, kernel: int, name: str, strides: int = 1, **more):
        """A convolution, without bias unless `use_bias` is given."""
        return weights.conv2d(
            filters, kernel, strides=strides, padding="same", name=name,
            kernel_initializer=initializers.get("truncated_normal"),
            weight_norm=self._weight_norm, **{"use_bias": False, **more},
        )(x)  # fmt: skip

    def normed(self, x, filters: int, kernel: int, name: str, strides: int = 1):
        """A convolution and batch norm; with a normalised kernel a bias takes the norm's place."""
        if self._weight_norm != "none":
            return self.conv(x, filters, kernel, name, strides, use_bias=True)
        return _norm(self.conv(x, filters, kernel, name, strides), name)

    def dense(self, x, units: int, name: str, **more):
        """A dense layer with a bias."""
        return weights.dense(
            units, name=name, kernel_initializer=initializers.get("normal"),
            weight_norm=self._weight_norm, **more,
        )(x)  # fmt: skip

    def bottleneck(self, x, inner: int, name: str, activation):
        """x + conv3(conv3(conv1(x))), each with its norm, the first two with an activation."""
        channels, inner = x.shape[-1], max(1, inner)
        steps: list = []
        for number, (width, kernel) in enumerate(((inner, 1), (inner, 3), (channels, 3)), 1):
            each = f"{name}_{number}"
            steps.append(lambda x, w=width, k=kernel, n=each: self.normed(x, w, k, n))
            if number < 3:
                steps.append(lambda x, n=each: activation(x, n))
        return residual(x, steps, name=f"{name}_sum")


_PLAIN = _Parts()


def _block(x, name: str):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""
    channels = x.shape[-1]
    main = (
        lambda x: _PLAIN.normed(x, channels, 3, f"{name}_1"),
        lambda x: _relu(x, f"{name}_1"),
        lambda x: _PLAIN.normed(x, channels, 3, f"{name}_2"),
    )
    return _relu(residual(x, main, name=f"{name}_sum"), name)


def _norm(x, name: str):
    return BatchNorm(name=f"{name}_norm")(x)


def _repeated(x, ratio: int, name: str):
    """Every pixel as a square of `ratio` px."""
    for number in range(1, ratio.bit_length()):
        x = Repeat2D(dtype="float32", name=f"{name}_{number}")(x)
    return x


def _relu(x, name: str):
    return keras.layers.ReLU(name=f"{name}_activation")(x)


def _leaky(x, name: str, **more):
    return keras.layers.LeakyReLU(blocks.LEAK, name=f"{name}_activation", **more)(x)


def _as_images(x, name: str):
    return keras.layers.Activation("tanh", dtype="float32", name=name)(x)


def _doubled(x, filters: int, name: str, **more):
    """Every pixel as a block of 2×2, then a 3×3 convolution, as one operation."""
    return Upsample2D(
        filters, "nearest", weight_norm="none",
        kernel_initializer=initializers.get("truncated_normal"), name=name, **more,
    )(x)  # fmt: skip
