"""What StyleGAN's generator is made of (Karras et al. 2019, arXiv:1812.04948, section 2)."""

import keras
import numpy as np
from keras import ops

from layers import replicas

_NOISE_SEED = 20181212


@keras.saving.register_keras_serializable(package="gan")
class TruncatedStyles(keras.layers.Layer):
    """w (N, W) → styles (N, layers, W): w for every layer, drawn towards the average w by ψ.

    At inference w' = w̄ + ψ (w - w̄) in the first `truncated` layers, and w in the others (appendix
    B). In training w' = w, and w̄ ← decay · w̄ + (1 - decay) · the batch's mean.

    `psi` is a variable, 1 at first, that no training changes; who samples sets it. `average` is w̄.

    Args:
        layers: how many layers take a style.
        truncated: how many of them, from the first on, truncation applies to.
        decay: of the average, at every training call.
    """

    def __init__(self, layers: int, truncated: int = 8, decay: float = 0.995, **kwargs):
        super().__init__(**kwargs)
        self.layers, self.truncated, self.decay = layers, truncated, decay

    def build(self, input_shape):
        self.average = self._number("average", input_shape[-1:], "zeros")
        self.psi = self._number("psi", (), "ones")

    def _number(self, name, shape, initializer):
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            trainable=False,
            dtype="float32",
            autocast=False,
        )

    def call(self, inputs, training=None):
        if training:
            average = ops.convert_to_tensor(self.average)
            mean = replicas.mean(ops.mean(ops.cast(inputs, "float32"), axis=0))
            new = average + (1.0 - self.decay) * (ops.stop_gradient(mean) - average)
            replicas.assign(self.average, new)
            return ops.repeat(inputs[:, None], self.layers, axis=1)
        return self.truncate(inputs, ops.convert_to_tensor(self.psi))

    def truncate(self, inputs, psi):
        """The styles (N, layers, W) of w (N, W) at another ψ, a scalar tensor."""
        average = ops.convert_to_tensor(self.average)
        styles = ops.repeat(ops.cast(inputs, "float32")[:, None], self.layers, axis=1)
        first = np.arange(self.layers)[:, None] < self.truncated
        psi = ops.where(first, psi, 1.0)  # (layers, 1)
        return ops.cast(average + psi * (styles - average), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.layers, input_shape[-1])

    def get_config(self):
        own = {"layers": self.layers, "truncated": self.truncated, "decay": self.decay}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="gan")
class StyleOf(keras.layers.Layer):
    """Styles (N, layers, W) → the style of one layer, (N, W)."""

    def __init__(self, number: int, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def call(self, inputs):
        return inputs[:, self.number]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "number": self.number}


@keras.saving.register_keras_serializable(package="gan")
class LearnedConstant(keras.layers.Layer):
    """Styles (N, layers, W) → N times the same learned map, (N, side, side, filters), 1 at first.

    The styles are read for their number only.
    """

    def __init__(self, side: int, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.side, self.filters = side, filters

    def build(self, input_shape):
        shape = (1, self.side, self.side, self.filters)
        self.map = self.add_weight(name="map", shape=shape, initializer="ones")

    def call(self, inputs):
        one = ops.cast(ops.convert_to_tensor(self.map), self.compute_dtype)
        return ops.repeat(one, ops.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.side, self.side, self.filters)

    def get_config(self):
        return {**super().get_config(), "side": self.side, "filters": self.filters}


@keras.saving.register_keras_serializable(package="gan")
class ScaledNoise(keras.layers.Layer):
    """[x (N, H, W, C), noise (N, M)] → x + weight · noise, a learned weight a channel, 0 at first.

    The noise of a picture is one row of numbers; this layer takes H·W of them, from `start` on: one
    for each position, the same for all channels.
    """

    def __init__(self, start: int, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self.weight = self.add_weight(name="weight", shape=(channels,), initializer="zeros")

    def call(self, inputs):
        x, noise = inputs
        height, width = x.shape[1:3]
        own = noise[:, self.start : self.start + height * width]
        own = ops.cast(ops.reshape(own, (-1, height, width, 1)), x.dtype)
        return x + own * ops.cast(ops.convert_to_tensor(self.weight), x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "start": self.start}


@keras.saving.register_keras_serializable(package="gan")
class FixedNoise(keras.layers.Layer):
    """Anything (N, …) → N times the same stored noise, (N, size): normal numbers of a fixed seed.

    So a latent has one picture. A shorter noise is the beginning of a longer one.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape):
        self.values = self.add_weight(
            name="values",
            shape=(self.size,),
            initializer=lambda shape, dtype=None: fixed_noise(*shape),
            trainable=False,
        )

    def call(self, inputs):
        row = ops.cast(ops.convert_to_tensor(self.values), self.compute_dtype)
        return ops.repeat(row[None], ops.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def fixed_noise(size: int, seed: int = _NOISE_SEED) -> np.ndarray:
    """`size` normal numbers of `seed`, float32."""
    return np.random.Generator(np.random.Philox(seed)).standard_normal(size, dtype=np.float32)


@keras.saving.register_keras_serializable(package="gan")
class Modulation(keras.layers.Layer):
    """[x (N, H, W, C), style (N, 2·C)] → x · (scale + 1) + shift: the second half of AdaIN, eq. 1.

    The first half of the style's channels are the scales, the others the shifts.
    """

    def call(self, inputs):
        x, style = inputs
        channels = x.shape[-1]
        style = ops.cast(style, x.dtype)[:, None, None]
        return x * (style[..., :channels] + 1.0) + style[..., channels:]

    def compute_output_shape(self, input_shape):
        return input_shape[0]
