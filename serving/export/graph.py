"""The generator as a TensorFlow function with named inputs, the basis of the other formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from serving.generator import Generator


class Portable(tf.Module):
    """[latents, labels, truncation] → pictures, as functions that TensorFlow can save.

    latents (N, latent_dim) float32; labels (N,) int32 or (N, num_labels) float32, absent if the
    generator takes none; truncation, a float32 scalar, scales the latents.
    """

    def __init__(self, generator: Generator):
        super().__init__(name="generator")
        self.network = generator.network
        latents, labels = self.network.inputs
        specs = {"latents": tf.TensorSpec([None, latents.shape[1]], tf.float32, "latents")}
        if generator.labels is not None:
            shape = [None, *labels.shape[1:]]
            specs["labels"] = tf.TensorSpec(shape, labels.dtype, "labels")
        specs["truncation"] = tf.TensorSpec([], tf.float32, "truncation")
        self.specs = specs
        order = list(specs.values())
        if generator.labels is not None:
            self.float_images = tf.function(self._labelled, input_signature=order)
        else:
            self.float_images = tf.function(self._unlabelled, input_signature=order)
        self.uint8_images = tf.function(self._as_uint8, input_signature=order)

    def _labelled(self, latents, labels, truncation):
        return {"images": self.network([latents * truncation, labels], training=False)}

    def _unlabelled(self, latents, truncation):
        labels = tf.zeros(tf.shape(latents)[:1], tf.int32)
        return {"images": self.network([latents * truncation, labels], training=False)}

    def _as_uint8(self, *inputs):
        images = self.float_images(*inputs)["images"]
        scaled = tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0.0, 255.0)
        return {"images": tf.cast(scaled, tf.uint8)}

    def save(self, folder: Path) -> None:
        """Write a SavedModel with the signatures serving_default (uint8) and float_images."""
        tf.saved_model.save(
            self,
            str(folder),
            signatures={"serving_default": self.uint8_images, "float_images": self.float_images},
        )

    def with_constants(self) -> tf.Module:
        """The same `float_images` with its weights as constants, as LiteRT's runtime needs them."""
        frozen = convert_variables_to_constants_v2(self.float_images.get_concrete_function())

        def run(*inputs):
            return {"images": frozen(*inputs)[0]}

        module = tf.Module(name="generator")
        module.float_images = tf.function(run, input_signature=list(self.specs.values()))
        return module


def named(latents: np.ndarray, labels: np.ndarray | None, truncation: float) -> dict:
    """The inputs of an exported generator by name, with labels only if there are any."""
    inputs = {"latents": latents, "labels": labels, "truncation": np.array(truncation, "float32")}
    return {name: value for name, value in inputs.items() if value is not None}
