"""4×4 convolutions of stride 2, in the forms that are fastest with TensorFlow on a CPU.

A map (H, W, C) in blocks of 2×2 pixels is a map (H/2, W/2, 4C), and on it the convolution has
stride 1 and a 2×2 kernel. The sums are the same numbers in another order. Three things gain by it
on one core, measured with oneDNN at batch 32 in bfloat16:

- the transposed convolution to a picture's few channels: 0.4 of the time, also in float32;
- the gradient of the first convolution by the picture, which is the same sum: 0.45;
- the kernel's gradient where the smaller map has at most 8×8 positions: 0.4 at 4×4, 0.8 at 8×8.
  In float32, and on larger maps, the plain form is faster.

`conv` and `conv_transpose` are those of `keras.ops` with another backend, a GPU, or other kernels,
and outside `differentiated_once`: TensorFlow cannot save a custom gradient with some constants, nor
differentiate it twice in a branch of `tf.cond`.
"""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

FEW = 4  # channels of a picture, at most
SMALL = 8  # positions a side of the smaller map, for the kernel's gradient


_scope = threading.local()  # each replica of a distributed step runs in its own thread


@contextmanager
def differentiated_once() -> Iterator[None]:
    """A context for the training step's networks, whose gradients nobody differentiates again."""
    with _differentiated(once=True):
        yield


@contextmanager
def differentiated_twice() -> Iterator[None]:
    """A context within it for gradients that are part of the loss, such as penalties."""
    with _differentiated(once=False):
        yield


@contextmanager
def _differentiated(once: bool) -> Iterator[None]:
    outer = getattr(_scope, "once", False)
    _scope.once = once
    try:
        yield
    finally:
        _scope.once = outer


def applies(layer: keras.Layer) -> bool:
    """Whether a Conv2D or Conv2DTranspose is a plain one of stride 2, as `conv` computes it."""
    return (
        set(layer.strides) == {2}
        and set(layer.dilation_rate) == {1}
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and getattr(layer, "groups", 1) == 1
        and not getattr(layer, "output_padding", None)
    )


def conv(inputs, kernel):
    """`ops.conv` of stride 2, padding "same".

    inputs (N, H, W, C), kernel (height, width, C, F) → (N, H/2, W/2, F).
    """
    if not _suits(kernel, inputs.shape[1:3]):
        return ops.conv(inputs, kernel, strides=2, padding="same")
    return _differentiable(_conv, _conv_transpose, kernel_gradient)(inputs, kernel)


def conv_transpose(inputs, kernel):
    """`ops.conv_transpose` of stride 2, padding "same".

    inputs (N, H, W, C), kernel (height, width, F, C) → (N, 2H, 2W, F).
    """
    if not _suits(kernel, [side and 2 * side for side in inputs.shape[1:3]]):
        return ops.conv_transpose(inputs, kernel, strides=2, padding="same")

    def by_kernel(x, upstream):
        return kernel_gradient(upstream, x)

    return _differentiable(_conv_transpose, _conv, by_kernel)(inputs, kernel)


def _differentiable(forward, by_input, by_kernel):
    """`forward`(x, kernel), with by_input(upstream, kernel) and by_kernel(x, upstream)."""

    @tf.custom_gradient
    def function(x, kernel):
        return forward(x, kernel), lambda given: (by_input(given, kernel), by_kernel(x, given))

    return function


@functools.cache
def _only_cpus() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    return not tf.config.list_physical_devices("GPU")


def _suits(kernel, large) -> bool:
    """Whether this module's forms are for this place, this kernel and the larger map's sides."""
    if not getattr(_scope, "once", False):
        return False
    even = all(side and side % 2 == 0 for side in large)
    return even and tuple(kernel.shape[:2]) == (4, 4) and _only_cpus()


def _conv(x, kernel):
    return tf.nn.conv2d(x, kernel, 2, "SAME")


def _conv_transpose(x, kernel):
    """x (N, h, w, F), kernel (4, 4, C, F) → (N, 2h, 2w, C)."""
    height, width = x.shape[1:3]
    channels = kernel.shape[2]
    if channels > FEW:
        shape = (tf.shape(x)[0], 2 * height, 2 * width, channels)
        return tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME")
    # Row 2i + t - 1 of the result gets row i of x times row t of the kernel. So block b of rows
    # 2b - 1 and 2b gets row b times rows 0 and 1 of the kernel, and row b - 1 times rows 2 and 3.
    blocks = tf.reshape(kernel, (2, 2, 2, 2, channels, kernel.shape[3]))
    blocks = tf.reverse(tf.transpose(blocks, (0, 2, 5, 1, 3, 4)), [0, 1])
    blocks = tf.reshape(blocks, (2, 2, kernel.shape[3], 4 * channels))
    found = tf.nn.conv2d(x, blocks, 1, [[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.nn.depth_to_space(found, 2)[:, 1:-1, 1:-1]


def kernel_gradient(large, small):
    """The gradient of sum(small · conv(large, kernel)) by the kernel.

    large (N, 2h, 2w, C), small (N, h, w, F) → (4, 4, C, F).
    """
    height, width, features = small.shape[1:]
    channels = large.shape[-1]
    if large.dtype != tf.bfloat16 or max(height, width) > SMALL:
        return tf.raw_ops.Conv2DBackpropFilter(
            input=large,
            filter_sizes=(4, 4, channels, features),
            out_backprop=small,
            strides=(1, 2, 2, 1),
            padding="SAME",
        )
    padded = tf.pad(large, [[0, 0], [1, 1], [1, 1], [0, 0]])
    blocks = tf.nn.space_to_depth(padded, 2)  # (N, h + 1, w + 1, row, column, C)
    windows = [blocks[:, i : i + height, j : j + width] for i in (0, 1) for j in (0, 1)]
    rows = tf.reshape(tf.concat(windows, axis=-1), (-1, 16 * channels))
    found = tf.matmul(rows, tf.reshape(small, (-1, features)), transpose_a=True)
    found = tf.reshape(found, (2, 2, 2, 2, channels, features))
    return tf.reshape(tf.transpose(found, (0, 2, 1, 3, 4, 5)), (4, 4, channels, features))
