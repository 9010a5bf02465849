"""CycleGAN's generator and discriminator (Zhu et al. 2017, arXiv:1703.10593, section 7.2)."""

from __future__ import annotations

import keras

from layers import InstanceNorm, ReflectionPadding2D, initializers, residual
from models.networks.blocks import as_images, as_logits, image_input, leaky
from models.systems.cyclegan.recipe import CycleGANRecipe

_WIDEST = 8  # a discriminator's channels grow to at most this many times those of its first maps


def generator(recipe: CycleGANRecipe, name: str) -> keras.Model:
    """images (N, R, R, 3) → images (N, R, R, 3), both in [-1, 1].

    A 7×7 convolution, two halvings, residual blocks, two doublings, a 7×7 convolution and tanh:
    c7s1-64, d128, d256, R256 × blocks, u128, u64, c7s1-3 in the paper's words.

    With `recipe.residual` the last maps t in (-1, 1) are a change of the images x, not the result:
    x + t (1 - x) where t is positive, x + t (1 + x) where it is negative. So t moves each colour
    towards its largest or smallest value, by any amount, and t = 0 leaves the picture as it is.
    """
    filters = recipe.g_filters
    images = image_input(recipe)
    x = _norm_relu(_mirrored(images, filters, 7, "first"), "first")
    for stage in (1, 2):
        label = f"down_{stage}"
        x = _norm_relu(_in_zeros(x, filters << stage, 3, 2, label), label)
    for number in range(1, recipe.blocks + 1):
        x = _block(x, f"block_{number}")
    for stage in (1, 0):
        label = f"up_{stage}"
        x = _norm_relu(_doubled(x, filters << stage, label), label)
    made = as_images(_mirrored(x, 3, 7, "to_image"))
    if recipe.residual:
        made = images + made - keras.ops.abs(made) * images
    return keras.Model(images, made, name=name)


def discriminator(recipe: CycleGANRecipe, name: str) -> keras.Model:
    """images (N, R, R, 3) → logits (N, P, P, 1), P = R / 2^layers - 2: one for each patch.

    The PatchGAN of Isola et al. 2017 (arXiv:1611.07004): with 3 layers that halve, it is
    C64-C128-C256-C512 and a last convolution. All kernels are 4×4; the last two do not halve.
    """
    images = image_input(recipe)
    x = leaky(_in_zeros(images, recipe.d_filters, 4, 2, "halve_1"))
    for number in range(2, recipe.d_layers + 2):
        last = number > recipe.d_layers
        label, strides = ("widen", 1) if last else (f"halve_{number}", 2)
        filters = recipe.d_filters * min(1 << (number - 1), _WIDEST)
        x = _in_zeros(x, filters, 4, strides, label)
        x = leaky(InstanceNorm(name=f"{label}_norm")(x))
    logits = _in_zeros(x, 1, 4, 1, "to_logit", dtype="float32")
    return keras.Model(images, as_logits(logits), name=name)


def _options(name: str) -> dict:
    """Kernels from N(0, 0.02), and biases even before a norm, as in the authors' code."""
    return {"kernel_initializer": initializers.get("normal"), "name": name}


def _norm_relu(x, name: str):
    return keras.layers.ReLU(name=f"{name}_relu")(InstanceNorm(name=f"{name}_norm")(x))


def _mirrored(x, filters: int, size: int, name: str):
    """A convolution with reflection padding: (N, H, W, C) → (N, H, W, F)."""
    x = ReflectionPadding2D(size // 2, name=f"{name}_pad")(x)
    return keras.layers.Conv2D(filters, size, **_options(name))(x)


def _in_zeros(x, filters: int, size: int, strides: int, name: str, **more):
    """A convolution after one row of zeros on every side, as with PyTorch's `padding=1`.

    For a 3×3 kernel of stride 2, Keras's "same" pads only one row, after the picture.
    """
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return keras.layers.Conv2D(filters, size, strides, **_options(name), **more)(x)


def _doubled(x, filters: int, name: str):
    """A transposed 3×3 convolution: (N, H, W, C) → (N, 2H, 2W, F).

    It has 2H + 1 rows. The first one is dropped, as with PyTorch's `padding=1, output_padding=1`;
    Keras's "same" would drop the last one.
    """
    x = keras.layers.Conv2DTranspose(filters, 3, 2, **_options(name))(x)
    return keras.layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x)


def _block(x, name: str):
    """x + norm(conv(relu(norm(conv(x))))), (N, H, W, C) both; no ReLU after the sum."""
    channels = x.shape[-1]
    first, second = f"{name}_1", f"{name}_2"
    main = (
        lambda x: _norm_relu(_mirrored(x, channels, 3, first), first),
        lambda x: _mirrored(x, channels, 3, second),
        InstanceNorm(name=f"{second}_norm"),
    )
    return residual(x, main, name=name)
