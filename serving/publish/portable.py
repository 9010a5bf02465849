"""The network of a page as a TensorFlow function: an export's, but for StyleGANs."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from models.networks.blocks import joined
from serving.export.graph import (
    Portable,
    PortableStyleGenerator,
    Subject,
    portable_of,
)
from serving.style_generator import StyleGenerator


class PortableMixer(PortableStyleGenerator):
    """[latents, other, first, stop, truncation] → pictures, for mixing styles.

    The layers from `first` on, up to but not including `stop`, take the styles of the latents
    `other`, all others those of `latents`; int32 scalars.
    """

    def __init__(self, generator: StyleGenerator):
        super().__init__(generator)
        latents, truncation = self.specs.values()
        number = tf.TensorSpec([], tf.int32)
        specs = {
            "latents": latents,
            "other": tf.TensorSpec(latents.shape, tf.float32, "other"),
            "first": tf.TensorSpec(number.shape, number.dtype, "first"),
            "stop": tf.TensorSpec(number.shape, number.dtype, "stop"),
            "truncation": truncation,
        }
        Portable.__init__(self, generator, specs, specs)

    def images_of(self, latents, other, first, stop, truncation):
        own, others = (
            self._styles.truncate(self._to_w(each), truncation) for each in (latents, other)
        )
        return self._to_images(_mixed(own, others, first, stop))

    @staticmethod
    def predict(network, inputs):
        styles = network.get_layer("styles")
        styles.psi.assign(inputs["truncation"])
        to_styles = keras.Model(network.inputs[0], styles.output)
        own, others = (ops.convert_to_tensor(to_styles(inputs[n])) for n in ("latents", "other"))
        mixed = keras.Input(styles.output.shape[1:], name="mixed")
        (images,) = joined([styles.output], network.outputs, [mixed])
        both = _mixed(own, others, inputs["first"], inputs["stop"])
        return ops.convert_to_numpy(keras.Model(mixed, images)(both, training=False))

    def examples(self):
        """Each truncation without mixing, and with the middle layers of other latents."""
        layers = self.subject.layers
        for found in super().examples():
            for first, stop in ((0, 0), (layers // 2, layers)):
                yield {
                    "latents": found["latents"],
                    "other": found["latents"][::-1].copy(),
                    "first": np.array(first, "int32"),
                    "stop": np.array(stop, "int32"),
                    "truncation": found["truncation"],
                }


def _mixed(own, others, first, stop):
    layer = ops.arange(own.shape[1])
    taken = ops.logical_and(layer >= first, layer < stop)
    return ops.where(taken[None, :, None], others, own)


def page_network(subject: Subject) -> Portable:
    """What a page computes with."""
    if isinstance(subject, StyleGenerator):
        return PortableMixer(subject)
    return portable_of(subject)
