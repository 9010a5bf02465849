"""Layers that compute on a function of their kernel: W / sigma(W), or a constant times W.

A kernel keeps its raw form, which is trained. `normalize` says what the operation gets instead.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from layers import strided

_scope = threading.local()  # each replica of a distributed step runs in its own thread


@contextmanager
def shared_kernels() -> Iterator[None]:
    """A context in which u is fixed and every kernel is normalised once, for all its uses.

    A training step opens one such context per gradient, so that D's calls on real and on fake
    pictures share the same W / sigma(W), and calls `power_iterate` itself. The context must not
    span an update of the weights. A training call outside of it runs its own power iteration.
    """
    outer = getattr(_scope, "kernels", None)
    _scope.kernels = {}
    try:
        with strided.differentiated_once():
            yield
    finally:
        _scope.kernels = outer


def power_iterate(model: keras.Layer) -> None:
    """Run one power iteration in every normalised layer of `model`: once per training step."""
    for layer in normalized_layers(model):
        layer.power_iterate()


def normalized_layers(model: keras.Layer) -> list["Reparametrized"]:
    """The layers of `model`, including nested ones, whose kernel is normalised."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, Reparametrized)]


class Reparametrized:
    """Mixin for a Keras layer with one kernel: the operation runs on `normalized_kernel`.

    The kernel is seen as a matrix W: axis `row_axis` gives the rows, all other axes together the
    columns. Rows are outputs, the last axis, except in transposed convolutions.
    """

    row_axis = -1
    kernel_names = ("kernel", "embeddings")

    def add_weight(self, *args, name=None, **kwargs):
        if name in self.kernel_names:
            # Under mixed precision `normalize` needs the float32 kernel, not its rounded copy.
            kwargs["autocast"] = False
        return super().add_weight(*args, name=name, **kwargs)

    @property
    def raw_kernel(self):
        """The trained float32 kernel before `normalize`."""
        return self.kernel

    def power_iterate(self) -> None:
        """Update what `normalize` keeps from step to step: here nothing."""

    def normalize(self, kernel):
        """The float32 kernel that takes the place of `kernel`."""
        raise NotImplementedError

    def normalized_kernel(self, training: bool | None = None):
        """The normalised kernel in the compute dtype; outside a scope, training updates its state.

        Within `shared_kernels` it is computed once.
        """
        shared = getattr(_scope, "kernels", None)
        if shared is not None and id(self) in shared:
            return shared[id(self)]
        if training and shared is None:
            self.power_iterate()
        kernel = self.normalize(ops.convert_to_tensor(self.raw_kernel))
        kernel = ops.cast(kernel, self.compute_dtype)
        if shared is not None:
            shared[id(self)] = kernel
        return kernel

    def plain_values(self) -> dict[str, np.ndarray]:
        """Path → value of the weights of a plain layer that computes the same."""
        kernel = self.normalize(ops.convert_to_tensor(self.raw_kernel))
        return {self.raw_kernel.path: ops.convert_to_numpy(kernel)}

    def _add_bias(self, outputs):
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, outputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)


class ConvCall:
    """Mixin: `Conv2D.call` on the normalised kernel.

    If the kernel covers the whole map, as before a logit, it is computed as one matrix product,
    which is several times faster.
    """

    def _takes_all(self, inputs) -> bool:
        covers = tuple(inputs.shape[1:3]) == tuple(self.kernel_size)
        plain = self.padding == "valid" and self.data_format == "channels_last"
        return covers and plain and set(self.dilation_rate) == {1} and self.groups == 1

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → (N, H', W', filters)."""
        kernel = self.normalized_kernel(training)
        if self._takes_all(inputs):
            rows = ops.reshape(
                inputs, (-1, 1, 1, inputs.shape[1] * inputs.shape[2] * inputs.shape[3])
            )
            return self._add_bias(ops.matmul(rows, ops.reshape(kernel, (-1, self.filters))))
        if strided.applies(self):
            return self._add_bias(strided.conv(inputs, kernel))
        outputs = ops.conv(
            inputs,
            kernel,
            strides=list(self.strides),
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._add_bias(outputs)


class ConvTransposeCall:
    """Mixin: `Conv2DTranspose.call` on the normalised kernel.

    On a map of one pixel, such as a latent, it is computed as one matrix product.

    Args:
        row_axis: row axis of the kernel (height, width, outputs, inputs), see `Reparametrized`:
            -2, the outputs, as in PyTorch, or -1, the inputs, as in Keras and the anime notes'
            code. Neither is clearly better: after 1 000 steps sagan_cpu at 32 px had FD-lite0@224
            176, 166, 170 with outputs, 158, 176, 174 with inputs (seeds 0 to 2).
    """

    def __init__(self, *args, row_axis: int = -2, **kwargs):
        super().__init__(*args, **kwargs)
        if row_axis not in (-2, -1):
            raise ValueError(f"row_axis must be -2 (outputs) or -1 (inputs), not {row_axis!r}.")
        self.row_axis = row_axis

    def get_config(self):
        return {**super().get_config(), "row_axis": self.row_axis}

    def _takes_one_pixel(self, inputs) -> bool:
        plain = self.padding == "valid" and self.data_format == "channels_last"
        ones = set(self.strides) == set(self.dilation_rate) == {1} and not self.output_padding
        return tuple(inputs.shape[1:3]) == (1, 1) and plain and ones

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → (N, H', W', filters)."""
        kernel = self.normalized_kernel(training)
        if self._takes_one_pixel(inputs):
            rows = ops.reshape(inputs, (-1, inputs.shape[-1]))
            outputs = ops.matmul(rows, ops.transpose(ops.reshape(kernel, (-1, rows.shape[-1]))))
            return self._add_bias(ops.reshape(outputs, (-1, *self.kernel_size, self.filters)))
        if strided.applies(self):
            return self._add_bias(strided.conv_transpose(inputs, kernel))
        outputs = ops.conv_transpose(
            inputs,
            kernel,
            strides=list(self.strides),
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._add_bias(outputs)


class DenseCall:
    """Mixin: `Dense.call` on the normalised kernel."""

    def call(self, inputs, training=None):
        """inputs (..., C) → (..., units)."""
        return self._add_bias(ops.matmul(inputs, self.normalized_kernel(training)))


class EmbeddingCall:
    """Mixin: `LabelEmbedding.call` on the normalised table."""

    @property
    def raw_kernel(self):
        return self.embeddings

    def call(self, inputs, training=None):
        """Class indices (N,) or weights of the classes, e.g. multi-hot, (N, classes) → (N, dim)."""
        table = self.normalized_kernel(training)
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(inputs.dtype)):
            return ops.matmul(ops.cast(inputs, table.dtype), table)
        return ops.take(table, inputs, axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)
