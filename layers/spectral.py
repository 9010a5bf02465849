"""Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957): W / sigma(W).

sigma, the largest singular value, is estimated by power iteration on a vector u that is kept from
step to step. With u held constant, sigma = ||W^T u|| has the gradient u v^T, which is equation 11
of the paper. So gradients pass through the division, unlike in
`keras.layers.SpectralNormalization`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from layers import initializers, replicas

EPSILON = 1e-12
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
        yield
    finally:
        _scope.kernels = outer


def power_iterate(model: keras.Layer) -> None:
    """Run one power iteration in every normalised layer of `model`: once per training step."""
    for layer in normalized_layers(model):
        layer.power_iterate()


def normalized_layers(model: keras.Layer) -> list["WeightNormalized"]:
    """The layers of `model`, including nested ones, whose kernel is normalised."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, WeightNormalized)]


class SingularVector(keras.layers.Layer):
    """Holds u (size,), the estimate of the first left singular vector, in float32.

    It is a layer of its own because Keras saves the variables of Conv and Dense layers by count.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.size = size
        self.build()

    def build(self, input_shape=None):
        self.u = self.add_weight(
            shape=(self.size,),
            name="u",
            trainable=False,
            initializer=initializers.UnitVector(),
            autocast=False,
        )
        self.built = True


class WeightNormalized:
    """Mixin for a Keras layer with one kernel: the operation runs on `normalized_kernel`.

    The kernel is seen as the paper's matrix W: axis `row_axis` gives the rows, all other axes
    together the columns. Rows are outputs, the last axis, except in transposed convolutions.
    """

    row_axis = -1
    kernel_names = ("kernel", "embeddings")

    def add_weight(self, *args, name=None, **kwargs):
        if name in self.kernel_names:
            # Under mixed precision sigma needs the float32 kernel, not its rounded copy.
            kwargs["autocast"] = False
        return super().add_weight(*args, name=name, **kwargs)

    def build(self, input_shape=None):
        super().build(input_shape)
        size = self.raw_kernel.shape[self.row_axis]
        self.singular_vector = SingularVector(size, name="singular_vector")

    @property
    def raw_kernel(self):
        """The trained float32 kernel before normalisation."""
        return self.kernel

    def _times_u(self, kernel, u):
        """W^T u: one number per column."""
        if self.row_axis == -1:
            return ops.matmul(ops.reshape(kernel, (-1, kernel.shape[-1])), u)
        outputs, inputs = kernel.shape[-2:]
        matrices = ops.reshape(kernel, (-1, outputs, inputs))
        return ops.matmul(ops.reshape(u, (1, 1, outputs)), matrices)[:, 0]

    def _times_v(self, kernel, v):
        """W v: one number per row."""
        if self.row_axis == -1:
            return ops.matmul(v, ops.reshape(kernel, (-1, kernel.shape[-1])))
        outputs, inputs = kernel.shape[-2:]
        matrices = ops.reshape(kernel, (-1, outputs, inputs))
        return ops.sum(ops.matmul(matrices, ops.expand_dims(v, -1)), axis=(0, 2))

    def power_iterate(self) -> None:
        """v <- W^T u / ||W^T u||, u <- W v / ||W v||, without gradient."""
        kernel = ops.stop_gradient(ops.convert_to_tensor(self.raw_kernel))
        v = unit(self._times_u(kernel, ops.convert_to_tensor(self.singular_vector.u)))
        replicas.assign(self.singular_vector.u, unit(self._times_v(kernel, v)))

    def sigma(self, kernel=None):
        """The estimate of the largest singular value, a float32 scalar; u is held constant."""
        kernel = ops.convert_to_tensor(self.raw_kernel) if kernel is None else kernel
        u = ops.stop_gradient(ops.convert_to_tensor(self.singular_vector.u))
        return ops.sqrt(ops.sum(ops.square(self._times_u(kernel, u))) + EPSILON**2)

    def normalize(self, kernel):
        """The float32 kernel that takes the place of `kernel`: W / sigma(W)."""
        return kernel / self.sigma(kernel)

    def normalized_kernel(self, training: bool | None = None):
        """The normalised kernel in the compute dtype; updates u if training outside a scope."""
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

    def _add_bias(self, outputs):
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, outputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)


def unit(vector):
    """The vector over its length; any shape."""
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + EPSILON)


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
        row_axis: row axis of the kernel (height, width, outputs, inputs), see `WeightNormalized`:
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


@keras.saving.register_keras_serializable(package="gan")
class SpectralConv2D(ConvCall, WeightNormalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralConv2DTranspose(ConvTransposeCall, WeightNormalized, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralDense(DenseCall, WeightNormalized, keras.layers.Dense):
    """`keras.layers.Dense` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralEmbedding(EmbeddingCall, WeightNormalized, keras.layers.Embedding):
    """`keras.layers.Embedding` with the table divided by its largest singular value.

    It takes class indices, int (N,), or weights of the classes, float (N, classes).
    """


def singular_values(layer: WeightNormalized, count: int = 3) -> np.ndarray:
    """The `count` largest singular values of the layer's raw kernel, exactly, by SVD."""
    kernel = ops.convert_to_numpy(layer.raw_kernel)
    matrix = np.moveaxis(kernel, layer.row_axis, -1).reshape(-1, kernel.shape[layer.row_axis])
    return np.linalg.svd(matrix, compute_uv=False)[:count]
