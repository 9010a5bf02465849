"""Copying weights from network to network."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from layers import initializers


def copy(network: keras.Model) -> keras.Model:
    """A second network with the weights of the first, without drawing initial weights.

    Drawing the orthogonal kernels of a large network takes seconds.
    """
    with initializers.blank():
        copy = keras.models.clone_model(network)
    copy_values(network.variables, copy.variables)
    copy.trainable = False
    return copy


def copy_values(sources: Sequence[keras.Variable], targets: Sequence[keras.Variable]) -> None:
    """Assign the values of `sources` to `targets`, one by one."""
    for theirs, mine in zip(sources, targets, strict=True):
        # An explicit copy: on JAX both variables would share one buffer.
        mine.assign(np.array(ops.convert_to_numpy(theirs)))


def shapes(network: keras.Model) -> list[tuple]:
    """The shapes of its variables, in order."""
    return [tuple(variable.shape) for variable in network.variables]
