"""What growing networks need: pixel norm, a bias of its own, and the fade from old to new."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gan")
class PixelNorm(keras.layers.Layer):
    """x / sqrt(mean of x² over the channels + ε), at every position, or of every latent.

    PGGAN (arXiv:1710.10196), section 4.2. Computed in float32 at every precision.
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        length = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return ops.cast(x * ops.rsqrt(length + self.epsilon), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="gan")
class ChannelBias(keras.layers.Layer):
    """x + b, one learned number a channel, 0 at first; for where a layer before has none."""

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        return inputs + ops.cast(self.bias, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable(package="gan")
class Fade(keras.layers.Layer):
    """[old, new] → old + α (new - old): α is 0 while only the old network counts, 1 in the end.

    `alpha` is a variable that no gradient changes; who trains sets it before every step.
    """

    def build(self, input_shape):
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer="zeros", trainable=False, autocast=False
        )

    def call(self, inputs):
        old, new = inputs
        return old + ops.cast(self.alpha, old.dtype) * (new - old)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
