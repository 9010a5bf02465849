"""Self-attention over the positions of a feature map (SAGAN, arXiv:1805.08318)."""

import keras
from keras import ops

from layers import weights


@keras.saving.register_keras_serializable(package="gan")
class SelfAttention(keras.layers.Layer):
    """y = x + gamma * o(softmax(g(x) f(x)^T) h(x)), equations 1 to 3 of the SAGAN paper.

    f (keys), g (queries) and h (values) are 1×1 convolutions; gamma is a learned scalar that starts
    at 0, so that the layer begins as the identity. Row i of the softmax says where position i
    looks. The softmax is computed in float32 at every precision.

    Args:
        key_ratio: keys and queries have channels / key_ratio channels.
        value_ratio: values have channels / value_ratio channels. At 1, as in the notes, they are
            added directly; otherwise another 1×1 convolution o restores the number of channels.
        pool: max-pool keys and values by 2, as in the code of SAGAN's and BigGAN's authors; this
            takes a quarter of the memory.
        use_bias: whether the convolutions have biases: in the notes yes, in the authors' code no.
        weight_norm: normalisation of the convolutions' kernels, see `layers.weights`.
    """

    def __init__(
        self,
        key_ratio=8,
        value_ratio=1,
        pool=False,
        use_bias=False,
        weight_norm="spectral",
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.key_ratio = key_ratio
        self.value_ratio = value_ratio
        self.pool = pool
        self.use_bias = use_bias
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        _, height, width, channels = input_shape
        if self.pool and (height % 2 or width % 2):
            raise ValueError(f"Pooled attention needs an even height and width, not {input_shape}.")
        keys = max(1, channels // self.key_ratio)
        values = max(1, channels // self.value_ratio)
        self.f = self._conv(keys, "f", input_shape)
        self.g = self._conv(keys, "g", input_shape)
        self.h = self._conv(values, "h", input_shape)
        if self.value_ratio != 1:
            self.o = self._conv(channels, "o", (*input_shape[:-1], values))
        self.gamma = self.add_weight(
            name="gamma", shape=(), initializer="zeros", dtype="float32", autocast=False
        )

    def _conv(self, filters, name, input_shape):
        conv = weights.conv2d(
            filters,
            1,
            use_bias=self.use_bias,
            weight_norm=self.weight_norm,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name=name,
        )
        conv.build(input_shape)
        return conv

    def _positions(self, x):
        """(N, H, W, C) → (N, H·W, C)."""
        _, height, width, channels = x.shape
        return ops.reshape(x, (-1, height * width, channels))

    def _pooled(self, x):
        """2×2 max-pooling by reshaping: its second derivative exists on every backend."""
        if not self.pool:
            return x
        _, height, width, channels = x.shape
        blocks = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        return ops.max(blocks, axis=(2, 4))

    def attention_map(self, inputs, training=None):
        """inputs (N, H, W, C) → float32 (N, H·W, keys): each row, over the keys, sums to 1."""
        keys = self._positions(self._pooled(weights.apply(self.f, inputs, training)))
        queries = self._positions(weights.apply(self.g, inputs, training))
        scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        return ops.softmax(ops.cast(scores, "float32"), axis=-1)

    def call(self, inputs, training=None):
        """inputs (N, H, W, C) → the same shape."""
        values = self._positions(self._pooled(weights.apply(self.h, inputs, training)))
        attention = ops.cast(self.attention_map(inputs, training), values.dtype)
        outputs = ops.matmul(attention, values)  # (N, H·W, values)
        _, height, width, _ = inputs.shape
        outputs = ops.reshape(outputs, (-1, height, width, values.shape[-1]))
        if self.value_ratio != 1:
            outputs = weights.apply(self.o, outputs, training)
        return inputs + ops.cast(self.gamma, inputs.dtype) * outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "key_ratio": self.key_ratio,
            "value_ratio": self.value_ratio,
            "pool": self.pool,
            "use_bias": self.use_bias,
            "weight_norm": self.weight_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
