"""Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957): W / sigma(W).

sigma, the largest singular value, is estimated by power iteration on a vector u that is kept from
step to step. With u held constant, sigma = ||W^T u|| has the gradient u v^T, which is equation 11
of the paper. So gradients pass through the division, unlike in
`keras.layers.SpectralNormalization`.
"""

import keras
from keras import ops

from layers import initializers, replicas
from layers.reparametrization import (
    ConvCall,
    ConvTransposeCall,
    DenseCall,
    EmbeddingCall,
    Reparametrized,
)

EPSILON = 1e-12
SINGULAR_VECTOR = "singular_vector"  # the name of the layer that keeps u


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


class SpectralNormalized(Reparametrized):
    """Mixin for a Keras layer: the operation runs on W / sigma(W), the paper's matrix W."""

    def build(self, input_shape=None):
        super().build(input_shape)
        size = self.raw_kernel.shape[self.row_axis]
        self.singular_vector = SingularVector(size, name=SINGULAR_VECTOR)

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


def unit(vector):
    """The vector over its length; any shape."""
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + EPSILON)


@keras.saving.register_keras_serializable(package="gan")
class SpectralConv2D(ConvCall, SpectralNormalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralConv2DTranspose(ConvTransposeCall, SpectralNormalized, keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralDense(DenseCall, SpectralNormalized, keras.layers.Dense):
    """`keras.layers.Dense` with the kernel divided by its largest singular value."""


@keras.saving.register_keras_serializable(package="gan")
class SpectralEmbedding(EmbeddingCall, SpectralNormalized, keras.layers.Embedding):
    """`keras.layers.Embedding` with the table divided by its largest singular value.

    It takes class indices, int (N,), or weights of the classes, float (N, classes).
    """
