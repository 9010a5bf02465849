"""Equalised learning rate (PGGAN, Karras et al. 2018, arXiv:1710.10196, section 4.1).

Kernels start at N(0, 1) and are multiplied by He's constant at run time. Adam's steps do not depend
on the size of a gradient; so all weights learn at the same speed, whatever their layer's width.
"""

import keras
import numpy as np
from keras import ops

from layers import initializers
from layers.reparametrization import ConvCall, DenseCall, Reparametrized


class Equalized(Reparametrized):
    """Mixin for a Keras layer: the operation runs on rate · gain / sqrt(fan-in) · W.

    Args:
        gain: √2 for layers before a rectifier, 1 for linear ones.
        rate: factor of the learning rate, StyleGAN's "lrmul". The kernel starts at N(0, 1) / rate,
            and the bias is multiplied by it too.
    """

    def __init__(self, *args, gain: float = 2.0**0.5, rate: float = 1.0, **kwargs):
        kwargs["kernel_initializer"] = initializers.Normal(1.0 / rate)
        super().__init__(*args, **kwargs)
        self.gain, self.rate = gain, rate

    @property
    def factor(self) -> float:
        """What the kernel is multiplied by."""
        return self.rate * self.gain / float(np.prod(self.raw_kernel.shape[:-1])) ** 0.5

    def normalize(self, kernel):
        """The kernel times `factor`."""
        return kernel * self.factor

    def plain_values(self):
        """See `Reparametrized`."""
        values = super().plain_values()
        if self.use_bias:
            values[self.bias.path] = self.rate * ops.convert_to_numpy(self.bias)
        return values

    def _add_bias(self, outputs):
        if self.use_bias:
            outputs = outputs + ops.cast(self.rate * self.bias, outputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self):
        return {**super().get_config(), "gain": self.gain, "rate": self.rate}


@keras.saving.register_keras_serializable(package="gan")
class EqualizedConv2D(ConvCall, Equalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with an equalised learning rate."""


@keras.saving.register_keras_serializable(package="gan")
class EqualizedDense(DenseCall, Equalized, keras.layers.Dense):
    """`keras.layers.Dense` with an equalised learning rate."""
