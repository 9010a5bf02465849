"""Handing batches to `fit`."""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

_AHEAD = 2  # batches that wait


def fed(batches: Any) -> Any:
    """Batches of a generator, tuples of dicts of arrays, as `fit` should take them; else `batches`.

    TensorFlow tunes the reading of data in a thread that sleeps longer and longer, up to a minute,
    and waits for it when the training ends: nobody should wait after Ctrl-C. Nothing is to be tuned
    here, since the batches are made elsewhere.
    """
    if keras.backend.backend() != "tensorflow" or not isinstance(batches, types.GeneratorType):
        return batches
    return _dataset(batches)


def _dataset(batches: Iterable) -> Any:
    import tensorflow as tf

    batches = iter(batches)
    first = list(itertools.islice(batches, 1))
    if not first:
        raise ValueError("There are no batches to train on.")
    shapes = tf.nest.map_structure(
        lambda array: tf.TensorSpec(np.shape(array), np.asarray(array).dtype), first[0]
    )
    data = tf.data.Dataset.from_generator(
        lambda: itertools.chain(first, batches), output_signature=shapes
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.prefetch(_AHEAD).with_options(options)
