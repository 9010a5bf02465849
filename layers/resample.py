"""Doubling and halving the resolution: transposed convolution, nearest, pixel shuffle, pooling."""

import keras
import numpy as np
from keras import ops

from layers import strided, weights


@keras.saving.register_keras_serializable(package="gan")
class PixelShuffle(keras.layers.Layer):
    """(N, H, W, b²·C) → (N, b·H, b·W, C): each group of b² channels becomes a b×b block of pixels.

    The channel order is that of `tf.nn.depth_to_space` (Shi et al. 2016, arXiv:1609.05158).
    """

    def __init__(self, block=2, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        return pixel_shuffle(inputs, self.block)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        if channels % self.block**2:
            raise ValueError(
                f"PixelShuffle(block={self.block}) needs channels divisible by {self.block**2}, "
                f"not {channels}."
            )
        height, width = (side and side * self.block for side in (height, width))
        return (batch, height, width, channels // self.block**2)

    def get_config(self):
        return {**super().get_config(), "block": self.block}


def pixel_shuffle(x, block: int):
    """See `PixelShuffle`: (N, H, W, b²·C) → (N, b·H, b·W, C); H and W may be unknown."""
    _, height, width, channels = ops.shape(x)
    x = ops.reshape(x, (-1, height, width, block, block, channels // block**2))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * block, width * block, channels // block**2))


@keras.saving.register_keras_serializable(package="gan")
class Repeat2D(keras.layers.Layer):
    """(N, H, W, C) → (N, 2H, 2W, C): every pixel four times, as a block of 2×2.

    Keras's `UpSampling2D` does the same, but LiteRT's converter then does not know the height and
    refuses the next convolution.
    """

    def call(self, inputs):
        _, height, width, channels = ops.shape(inputs)
        x = ops.reshape(inputs, (-1, height, 1, width, channels))
        x = ops.concatenate([x, x], axis=2)
        x = ops.reshape(x, (-1, 2 * height, width, 1, channels))
        x = ops.concatenate([x, x], axis=3)
        return ops.reshape(x, (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (side and 2 * side for side in (height, width))
        return (batch, height, width, channels)


def _means(x):
    """x (N, H, W, C) → (N, H - 1, W - 1, C): of every pixel and its lower and right neighbours.

    Pooling takes a ninth of the time of sums of slices, whose gradients are padded.
    """
    return ops.average_pool(x, 2, strides=1, padding="valid")


@keras.saving.register_keras_serializable(package="gan")
class BoxBlur2D(keras.layers.Layer):
    """(N, H, W, C) → the same shape: the mean of a pixel, its left, upper and upper left neighbour.

    The edge is repeated. After a pixel shuffle it removes what is left of a checkerboard (Sugawara
    et al. 2018, arXiv:1806.02658).
    """

    def call(self, inputs):
        x = ops.concatenate([inputs[:, :1], inputs], axis=1)
        x = ops.concatenate([x[:, :, :1], x], axis=2)
        return _means(x)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="gan")
class BinomialBlur2D(keras.layers.Layer):
    """(N, H, W, C) → the same shape: every channel filtered by [1, 2, 1]ᵀ [1, 2, 1] / 16.

    Outside the map there are zeros. StyleGAN (arXiv:1812.04948, section 2) has it after doubling
    and before halving, against aliasing (Zhang 2019, arXiv:1904.11486).
    """

    def call(self, inputs):
        # [1, 2, 1] is [1, 1] twice.
        return _means(_means(ops.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]])))

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="gan")
class CornerAlignedUpsample2D(keras.layers.Layer):
    """(N, H, W, C) → (N, 2H, 2W, C): bilinear, with the corner pixels kept at the corners.

    Pixel i of the 2n new ones lies at i·(n - 1) / (2n - 1) among the old ones, as PyTorch's
    `align_corners` has it.
    """

    def call(self, inputs):
        height, width = inputs.shape[1:3]
        rows, columns = (
            ops.convert_to_tensor(_corner_aligned(side), inputs.dtype) for side in (height, width)
        )
        return ops.einsum("yh,xw,nhwc->nyxc", rows, columns, inputs)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)


def _corner_aligned(side: int) -> np.ndarray:
    """The weights (2·side, side) of the old pixels in the new ones."""
    places = np.linspace(0, side - 1, 2 * side)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(side)))


def nearest_as_transposed(kernel):
    """The transposed kernel that equals "repeat each pixel 2×2, then convolve 3×3", exactly.

    The repetition is a transposed convolution with a 2×2 box. Composed with the flipped 3×3 kernel
    it gives one 4×4 kernel of stride 2, with 4 multiplications per output and channel, not 9.
    kernel (3, 3, in, out) → (4, 4, out, in).
    """
    flipped = ops.transpose(ops.flip(kernel, axis=(0, 1)), (0, 1, 3, 2))
    for axis in (0, 1):
        padding = [[0, 0]] * 4
        before, after = list(padding), list(padding)
        before[axis], after[axis] = [1, 0], [0, 1]
        flipped = ops.pad(flipped, before) + ops.pad(flipped, after)
    return flipped


UPSAMPLE = ("transposed", "nearest", "subpixel")


@keras.saving.register_keras_serializable(package="gan")
class Upsample2D(keras.layers.Layer):
    """(N, H, W, C) → (N, 2H, 2W, filters) by a learned convolution.

    Args:
        filters: output channels.
        method: "transposed": transposed convolution of stride 2; "nearest": every pixel repeated
            2×2, then a convolution; "subpixel": convolution to 4·filters channels, then pixel
            shuffle.
        kernel_size: by default 4 for "transposed" and 3 for the others; "nearest" takes only 3.
        weight_norm: normalisation of the convolution's kernel, see `layers.weights`.
    """

    def __init__(
        self,
        filters,
        method="transposed",
        kernel_size=None,
        use_bias=False,
        weight_norm="spectral",
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if method not in UPSAMPLE:
            raise ValueError(f"Unknown upsample {method!r}. Known: {', '.join(UPSAMPLE)}.")
        if method == "nearest" and kernel_size not in (None, 3):
            raise ValueError(f"Nearest up-sampling convolves 3×3; got kernel_size={kernel_size}.")
        self.filters = filters
        self.method = method
        self.kernel_size = kernel_size or (4 if method == "transposed" else 3)
        self.use_bias = use_bias
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        create = weights.conv2d_transpose if self.method == "transposed" else weights.conv2d
        self.conv = create(
            self.filters * (4 if self.method == "subpixel" else 1),
            self.kernel_size,
            strides=2 if self.method == "transposed" else 1,
            padding="same",
            use_bias=self.use_bias,
            weight_norm=self.weight_norm,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="conv",
        )
        self.conv.build(input_shape)

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → (N, 2H, 2W, filters)."""
        if self.method == "nearest":
            return self._nearest(inputs, training)
        outputs = weights.apply(self.conv, inputs, training)
        return pixel_shuffle(outputs, 2) if self.method == "subpixel" else outputs

    def _nearest(self, inputs, training):
        kernel = weights.effective_kernel(self.conv, training)
        outputs = strided.conv_transpose(inputs, nearest_as_transposed(kernel))
        return outputs + ops.cast(self.conv.bias, outputs.dtype) if self.use_bias else outputs

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height * 2, width * 2, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "method": self.method,
            "kernel_size": self.kernel_size,
            "use_bias": self.use_bias,
            "weight_norm": self.weight_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def pooled_as_strided(kernel):
    """The strided kernel that equals "convolve 3×3, then average 2×2 blocks", exactly.

    kernel (3, 3, in, out) → (4, 4, in, out), for a stride of 2 after one pixel of zeros all round:
    16 multiplications per output and channel instead of 36.
    """
    for axis in (0, 1):
        padding = [[0, 0]] * 4
        before, after = list(padding), list(padding)
        before[axis], after[axis] = [1, 0], [0, 1]
        kernel = ops.pad(kernel, before) + ops.pad(kernel, after)
    return kernel * 0.25


@keras.saving.register_keras_serializable(package="gan")
class Downsample2D(keras.layers.Layer):
    """A 3×3 convolution, then the mean of each 2×2 block, as one strided convolution.

    (N, H, W, C) → (N, H/2, W/2, filters), H and W even, as in BigGAN's discriminator.

    Args:
        filters: channels of the output.
        weight_norm: normalisation of the 3×3 kernel, see `layers.weights`.
    """

    def __init__(
        self,
        filters,
        use_bias=True,
        weight_norm="spectral",
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.use_bias = use_bias
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        _, height, width, _ = input_shape
        if height % 2 or width % 2:
            raise ValueError(f"Halving needs an even height and width, not {input_shape}.")
        self.conv = weights.conv2d(
            self.filters,
            3,
            padding="same",
            use_bias=self.use_bias,
            weight_norm=self.weight_norm,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="conv",
        )
        self.conv.build(input_shape)

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → (N, H/2, W/2, filters)."""
        kernel = pooled_as_strided(weights.effective_kernel(self.conv, training))
        # "same" pads a 4×4 kernel of stride 2 by one pixel on every side of an even picture.
        outputs = strided.conv(inputs, kernel)
        return outputs + ops.cast(self.conv.bias, outputs.dtype) if self.use_bias else outputs

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height // 2, width // 2, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "use_bias": self.use_bias,
            "weight_norm": self.weight_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
