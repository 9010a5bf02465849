"""Layers with which a discriminator sees how similar the pictures of its batch are.

A generator that always draws the same picture is then easy to tell from the data. Both layers take
features (N, C) or maps (N, H, W, C) and append channels to them.
"""

import keras
from keras import ops

from layers import initializers, replicas


class _MixesBatch(keras.layers.Layer):
    mixes_batch = True  # real and fake pictures must not share a call

    def _append(self, inputs, extra):
        """Join extra (N, K) to the channels of inputs, at every position of a map."""
        extra = ops.cast(extra, inputs.dtype)
        if len(inputs.shape) == 4:
            _, height, width, _ = inputs.shape
            extra = ops.tile(ops.expand_dims(extra, (1, 2)), (1, height, width, 1))
        return ops.concatenate([inputs, extra], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.channels)


@keras.saving.register_keras_serializable(package="gan")
class MinibatchDiscrimination(_MixesBatch):
    """Closeness of each picture to the rest of its batch (Salimans et al. 2016, section 3.2).

    M_i = f(x_i) T, a matrix of `kernels` rows of `dim` numbers; the feature appended for row b is
    o_b(x_i) = g_b · mean of exp(-||M_ib - M_jb||_1) over the batch's other pictures j. Maps are
    averaged over their positions first.

    The paper takes the sum. With features as large as the batch, D can tell real from fake by a
    tiny step along its random first weights, and G then often learns to collapse. So the features
    here are means over the batch, each times a gain g_b that is learned and starts at 0.

    Args:
        kernels: how many features are appended.
        dim: how many numbers each feature is computed from.
    """

    def __init__(self, kernels=32, dim=8, **kwargs):
        super().__init__(**kwargs)
        self.kernels = self.channels = kernels
        self.dim = dim

    def build(self, input_shape):
        self.tensor = self.add_weight(
            name="tensor",
            shape=(input_shape[-1], self.kernels * self.dim),
            initializer=initializers.GlorotUniform(),
            dtype="float32",
            autocast=False,
        )
        self.gain = self.add_weight(
            name="gain",
            shape=(self.kernels,),
            initializer="zeros",
            dtype="float32",
            autocast=False,
        )

    def call(self, inputs):
        """inputs (N, …, C) → (N, …, C + kernels)."""
        features = ops.cast(inputs, "float32")
        if len(inputs.shape) == 4:
            features = ops.mean(features, axis=(1, 2))
        rows = ops.matmul(features, ops.convert_to_tensor(self.tensor))
        rows = ops.reshape(rows, (-1, self.kernels, self.dim))
        others = replicas.gather(rows)
        # (N, N, kernels, dim)
        apart = ops.abs(ops.expand_dims(rows, 1) - ops.expand_dims(others, 0))
        closeness = ops.exp(-ops.sum(apart, axis=-1))
        # A picture's closeness to itself is exp(0) = 1: leave it out.
        count = ops.cast(ops.maximum(ops.shape(others)[0] - 1, 1), "float32")
        share = (ops.sum(closeness, axis=1) - 1.0) / count
        return self._append(inputs, share * ops.convert_to_tensor(self.gain))

    def get_config(self):
        return {**super().get_config(), "kernels": self.kernels, "dim": self.dim}


@keras.saving.register_keras_serializable(package="gan")
class MinibatchStandardDeviation(_MixesBatch):
    """One channel: the mean standard deviation over the batch (PGGAN, arXiv:1710.10196, section 3).

    The standard deviation over the pictures is computed for every feature at every position and
    averaged to one number, which every picture gets.

    Args:
        group: pictures that are compared, 0: the whole batch, as in the paper. In the authors' code
            4; picture i belongs to group i mod N/4. A batch that is smaller is one group.
    """

    channels = 1

    def __init__(self, group: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.group = group

    def call(self, inputs):
        """inputs (N, …, C) → (N, …, C + 1); N a multiple of `group`, or less."""
        features = ops.cast(inputs, "float32")
        if self.group:
            return self._append_by_group(inputs, features)
        mean = replicas.mean(ops.mean(features, axis=0))
        variance = replicas.mean(ops.mean(ops.square(features - mean), axis=0))
        deviation = ops.mean(ops.sqrt(variance + 1e-8))
        extra = ops.zeros_like(inputs[..., :1]) + ops.cast(deviation, inputs.dtype)
        return ops.concatenate([inputs, extra], axis=-1)

    def _append_by_group(self, inputs, features):
        every = replicas.gather(features)
        count = every.shape[0]  # unknown in a graph for batches of any size
        size = min(self.group, count) if count else ops.minimum(self.group, ops.shape(every)[0])
        groups = ops.reshape(every, (size, -1, *inputs.shape[1:]))  # (group, N / group, …)
        variance = ops.mean(ops.square(groups - ops.mean(groups, axis=0)), axis=0)
        axes = tuple(range(1, len(inputs.shape)))
        deviation = ops.mean(ops.sqrt(variance + 1e-8), axis=axes, keepdims=True)
        extra = replicas.share(ops.tile(deviation, (size, *(1 for _ in axes))))  # (N, 1, …)
        extra = ops.zeros_like(inputs[..., :1]) + ops.cast(extra, inputs.dtype)
        return ops.concatenate([inputs, extra], axis=-1)

    def get_config(self):
        return {**super().get_config(), "group": self.group}
