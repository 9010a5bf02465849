"""Dependencies between the tensors of a functional model, and its first linear map."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from console.errors import UserError
from layers import ConditionalBatchNorm

_LINEAR = (keras.layers.Dense, keras.layers.Conv2DTranspose, keras.layers.Conv2D)


def depends_on(tensor: keras.KerasTensor, source: keras.KerasTensor) -> bool:
    """Whether `tensor` is `source` or computed from it."""
    seen, todo = set(), [tensor]
    while todo:
        tensor = todo.pop()
        if tensor is source:
            return True
        operation, node, _ = tensor._keras_history
        if (id(operation), node) not in seen and operation._inbound_nodes:
            seen.add((id(operation), node))
            todo += operation._inbound_nodes[node].input_tensors
    return False


def norms_take_latents(network: keras.Model) -> bool:
    """Whether batch norms are conditioned on the latent, as BigGAN's on its chunks."""
    latents = network.inputs[0]
    return any(
        depends_on(layer.input[1], latents)
        for layer in network.layers
        if isinstance(layer, ConditionalBatchNorm)
    )


def first_linear_map(network: keras.Model) -> np.ndarray:
    """The matrix of the first layer with a kernel: (latent_dim, features).

    Raises `UserError` if that layer is not linear in the latent.
    """
    latents, labels = network.inputs
    for layer in network.layers:
        if isinstance(layer, _LINEAR) and depends_on(layer.input, latents):
            break
    else:
        raise UserError("this generator has no first layer that is linear in the latent")
    before = keras.Model([latents, labels], layer.input)
    eye = np.eye(latents.shape[1], dtype="float32")

    def rows(z):
        y = np.zeros((len(z), *labels.shape[1:]), labels.dtype)
        return ops.convert_to_numpy(before([ops.convert_to_tensor(z), ops.convert_to_tensor(y)]))

    origin = rows(np.zeros_like(eye))
    at_one, at_two = rows(eye) - origin, rows(2 * eye) - origin
    if not np.allclose(at_two, 2 * at_one, atol=1e-5):
        raise UserError(
            f"the path from the latents to the first layer, {layer.name}, is not linear"
        )
    config = {**layer.get_config(), "activation": "linear", "use_bias": False}
    bare = type(layer).from_config(config)
    bare.build(at_one.shape)
    bare.kernel.assign(layer.kernel)
    return ops.convert_to_numpy(bare(ops.convert_to_tensor(at_one))).reshape(len(eye), -1)
