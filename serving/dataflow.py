"""Dependencies between the tensors of a functional model."""

from __future__ import annotations

import keras

from layers import ConditionalBatchNorm


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
