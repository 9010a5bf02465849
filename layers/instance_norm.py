"""Instance normalisation: every channel of every picture separately."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class InstanceNorm(keras.layers.Layer):
    """y = (x - mean) / sqrt(variance + epsilon) over the positions (Ulyanov et al. 2016).

    Each channel of each picture has its own statistics (arXiv:1607.08022), so a picture's output
    depends on no other picture, in training and after. There is no learned scale and shift.
    Statistics are computed in float32 at every precision; the variance is the biased one.

    Args:
        epsilon: added to the variance.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        """inputs (N, H, W, C) → the same shape and dtype."""
        wide = ops.cast(inputs, "float32")
        centred = wide - ops.mean(wide, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
        return ops.cast(centred * ops.rsqrt(variance + self.epsilon), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
