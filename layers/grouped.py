"""Grouped convolutions: every group of channels has a kernel of its own."""

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


@keras.saving.register_keras_serializable(package="gan")
class GroupedConv2D(keras.layers.Layer):
    """(N, H, W, C) → (N, H, W, filters): group g of the outputs sees group g of the inputs alone.

    Keras's own `Conv2D(groups=…)` goes through XLA with TensorFlow, on CPUs too, where it compiles
    for long and has no second derivative in a training step; this one is TensorFlow's operation.

    Args:
        filters: output channels.
        kernel_size: of a square kernel.
        groups: how many; they divide both numbers of channels.
        use_bias: whether a learned number is added to each channel.

    Raises:
        ValueError: channels that are no multiple of the groups.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        groups: int,
        use_bias: bool = False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.groups = filters, kernel_size, groups
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(
                f"{channels} and {self.filters} channels are not both a multiple of "
                f"{self.groups} groups."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels // self.groups, self.filters),
            initializer=self.kernel_initializer,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        kernel = ops.cast(self.kernel, inputs.dtype)
        if keras.backend.backend() == "tensorflow":
            outputs = tf.nn.conv2d(inputs, kernel, strides=1, padding="SAME")
        else:
            outputs = ops.conv(inputs, kernel, padding="same")
        return outputs + ops.cast(self.bias, outputs.dtype) if self.use_bias else outputs

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "groups": self.groups,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
