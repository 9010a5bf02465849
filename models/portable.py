"""A generator for use after training: in float32, with normalised kernels made plain.

Sampling and exports need neither sigma nor its singular vectors: at inference W / sigma(W) is a
constant, so it is computed once and becomes the kernel. The result is faster, and exact up to
rounding.
"""

import keras
import numpy as np
from keras import ops

from layers import weights
from layers.reparametrization import normalized_layers


def plain(model: keras.Model) -> keras.Model:
    """A functional model with the same inference as `model`, in float32, without weight norms.

    `model` is unchanged; its weights are copied. Running statistics are kept, so that
    `layers.standing_statistics` works on the result too.

    Raises:
        ValueError: a layer of `model` cannot be rebuilt from its configuration.
    """
    return _rebuilt(model, fold=True)


def in_float32(model: keras.Model) -> keras.Model:
    """The same network, computing in float32."""
    return _rebuilt(model, fold=False)


def _rebuilt(model: keras.Model, fold: bool) -> keras.Model:
    def rebuild(layer):
        if not isinstance(layer, keras.Layer):  # an operation of keras.ops has no dtype
            return type(layer).from_config(layer.get_config())
        cls = weights.without_norm(type(layer)) if fold else type(layer)
        config = cls.get_config(layer)  # without the normalised class's own settings
        config["dtype"] = "float32"
        if fold and "weight_norm" in config:
            config["weight_norm"] = "none"
        return cls.from_config(config)

    copy = keras.models.clone_model(
        model,
        input_tensors=keras.tree.map_structure(
            lambda x: keras.Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model.input
        ),
        clone_function=rebuild,
    )
    values = _values(model, fold)
    missing = [variable.path for variable in copy.variables if variable.path not in values]
    if missing:
        raise ValueError(f"No weights of {model.name} belong to {', '.join(missing)}.")
    for variable in copy.variables:
        variable.assign(values[variable.path])
    return copy


def _values(model: keras.Model, fold: bool) -> dict[str, np.ndarray]:
    values = {variable.path: ops.convert_to_numpy(variable) for variable in model.variables}
    for layer in normalized_layers(model) if fold else ():
        values |= layer.plain_values()
    return values
