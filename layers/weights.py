"""The layer classes for each `weight_norm`."""

import keras

from layers import equalized, spectral, stable_rank
from layers.reparametrization import Reparametrized


@keras.saving.register_keras_serializable(package="gan")
class LabelEmbedding(keras.layers.Embedding):
    """`keras.layers.Embedding` that takes class indices or weights of the classes.

    int (N,) → row per index; float (N, classes), e.g. multi-hot → their weighted sum: (N, dim).
    """

    def call(self, inputs, training=None):
        table = _cast(self.embeddings, self.compute_dtype)
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(inputs.dtype)):
            return keras.ops.matmul(_cast(inputs, table.dtype), table)
        return keras.ops.take(table, inputs, axis=0)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)


def _cast(x, dtype):
    return keras.ops.cast(keras.ops.convert_to_tensor(x), dtype)


CONV2D = {
    "none": keras.layers.Conv2D,
    "spectral": spectral.SpectralConv2D,
    "stable_rank": stable_rank.StableRankConv2D,
    "equalized": equalized.EqualizedConv2D,
}
CONV2D_TRANSPOSE = {
    "none": keras.layers.Conv2DTranspose,
    "spectral": spectral.SpectralConv2DTranspose,
    "stable_rank": stable_rank.StableRankConv2DTranspose,
}
DENSE = {
    "none": keras.layers.Dense,
    "spectral": spectral.SpectralDense,
    "stable_rank": stable_rank.StableRankDense,
    "equalized": equalized.EqualizedDense,
}
EMBEDDING = {
    "none": LabelEmbedding,
    "spectral": spectral.SpectralEmbedding,
    "stable_rank": stable_rank.StableRankEmbedding,
}


def _choose(table: dict, weight_norm: str):
    if weight_norm not in table:
        raise ValueError(f"Unknown weight norm {weight_norm!r}. Known: {', '.join(table)}.")
    return table[weight_norm]


def without_norm(layer_class: type) -> type:
    """The plain class that `layer_class` extends by normalisation; other classes unchanged."""
    for table in (CONV2D, CONV2D_TRANSPOSE, DENSE, EMBEDDING):
        if layer_class in table.values():
            return table["none"]
    return layer_class


def conv2d(*args, weight_norm: str, **options) -> keras.Layer:
    """A Conv2D with `weight_norm`; the other arguments are those of `keras.layers.Conv2D`."""
    return _choose(CONV2D, weight_norm)(*args, **options)


def conv2d_transpose(*args, weight_norm: str, **options) -> keras.Layer:
    """A Conv2DTranspose under `weight_norm`; see `keras.layers.Conv2DTranspose`."""
    return _choose(CONV2D_TRANSPOSE, weight_norm)(*args, **options)


def dense(*args, weight_norm: str, **options) -> keras.Layer:
    """A Dense layer under `weight_norm`; see `keras.layers.Dense`."""
    return _choose(DENSE, weight_norm)(*args, **options)


def embedding(*args, weight_norm: str, **options) -> keras.Layer:
    """An embedding of class indices or multi-hot vectors under `weight_norm`."""
    return _choose(EMBEDDING, weight_norm)(*args, **options)


def apply(layer: keras.Layer, inputs, training: bool | None):
    """Call a layer of this module; plain Keras layers take no `training`."""
    if isinstance(layer, Reparametrized):
        return layer(inputs, training=training)
    return layer(inputs)


def effective_kernel(layer: keras.Layer, training: bool | None):
    """The kernel that the layer's operation uses, normalised or plain, in the compute dtype."""
    if isinstance(layer, Reparametrized):
        return layer.normalized_kernel(training)
    return _cast(layer.kernel, layer.compute_dtype)
