"""The projection discriminator's label term (Miyato and Koyama 2018, arXiv:1802.05637)."""

import keras
from keras import ops

from layers import weights


@keras.saving.register_keras_serializable(package="gan")
class Projection(keras.layers.Layer):
    """<embed(y), phi(x)>: how well the features fit the label y.

    The discriminator's logit is psi(phi(x)) + this. For a multi-hot y the embedding is the sum of
    its attributes' rows.

    Args:
        num_labels: classes or attributes.
        weight_norm: normalisation of the embedding table, see `layers.weights`.
    """

    def __init__(
        self, num_labels, weight_norm="spectral", kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(**kwargs)
        self.num_labels = num_labels
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features, _ = input_shape
        self.embed = weights.embedding(
            self.num_labels,
            features[-1],
            weight_norm=self.weight_norm,
            embeddings_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="embed",
        )
        self.embed.build()

    def call(self, inputs, training=None):
        """inputs [phi (N, C), y (N,) int or (N, num_labels) float] → (N, 1)."""
        features, labels = inputs
        row = self.embed(labels, training=training)
        return ops.sum(ops.cast(row, features.dtype) * features, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def get_config(self):
        return {
            **super().get_config(),
            "num_labels": self.num_labels,
            "weight_norm": self.weight_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
