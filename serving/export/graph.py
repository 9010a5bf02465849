"""A trained network as TensorFlow functions with named inputs, the basis of the other formats.

There are three kinds: a generator (latents → pictures), a translator (pictures → pictures) and an
ager (pictures and an age → pictures). Each also defines how its Keras network is run, and the
inputs for checking an export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from models import portable, sampling
from serving.ager import Ager
from serving.export import ager_card, generator_card, translator_card
from serving.export.translator_card import LITERT_SIDE
from serving.generator import Generator
from serving.kinds import OnPictures
from serving.style_generator import StyleGenerator

Inputs = dict[str, np.ndarray]
Subject = Generator | OnPictures
_PICTURES = 4  # for checking an export
_TRUNCATIONS = (1.0, 0.5)


class Portable(tf.Module):
    """Named inputs → {"images": float32 (N, R, R, 3) in [-1, 1]}, as functions to be saved.

    Attributes:
        stem: its name, and its file without the suffix.
        describe: the module that explains the use of an export.
        subject: the network with its description.
        specs: the inputs by name, in order.
        float_images: the function; `uint8_images`: the same with uint8 pictures.
    """

    stem: str
    describe: ModuleType

    def __init__(
        self,
        subject: Subject,
        specs: Mapping[str, tf.TensorSpec],
        uint8_specs: Mapping[str, tf.TensorSpec],
    ):
        super().__init__(name=self.stem)
        self.subject, self.network, self.specs = subject, subject.network, dict(specs)
        self.float_images = tf.function(self._floats, input_signature=list(specs.values()))
        self.uint8_images = tf.function(self._bytes, input_signature=list(uint8_specs.values()))

    def images_of(self, *inputs: tf.Tensor) -> tf.Tensor:
        """The pictures of these inputs, given in the order of `specs`."""
        raise NotImplementedError

    @staticmethod
    def predict(network: keras.Model, inputs: Inputs) -> np.ndarray:
        """The pictures that a Keras network of this kind makes from the named inputs."""
        raise NotImplementedError

    def examples(self) -> Iterator[Inputs]:
        """Inputs by name, for checking an export."""
        raise NotImplementedError

    def as_trained(self) -> keras.Model:
        """The network in float32 with its kernels normalised at every call, as in training."""
        network = portable.in_float32(self.subject.source.network)
        network.jit_compile = False
        return network

    def save(self, folder: Path) -> None:
        """Write a SavedModel with the signatures serving_default (uint8) and float_images."""
        tf.saved_model.save(
            self,
            str(folder),
            signatures={"serving_default": self.uint8_images, "float_images": self.float_images},
        )

    def with_constants(self) -> tf.Module:
        """The same `float_images` with its weights as constants, as LiteRT's runtime needs them."""
        specs = [self.sized(spec) for spec in self.specs.values()]
        function = tf.function(self._floats, input_signature=specs)
        frozen = convert_variables_to_constants_v2(function.get_concrete_function())

        def run(*inputs):
            return {"images": frozen(*inputs)[0]}

        module = tf.Module(name=self.stem)
        module.float_images = tf.function(run, input_signature=specs)
        return module

    def sized(self, spec: tf.TensorSpec) -> tf.TensorSpec:
        """An input as LiteRT takes it: of any number of pictures, but of one size."""
        return spec

    def _floats(self, *inputs):
        return {"images": self.images_of(*inputs)}

    def _bytes(self, *inputs):
        scaled = tf.round((self.images_of(*inputs) + 1.0) * 127.5)
        return {"images": tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)}


class PortableGenerator(Portable):
    """[latents, labels, truncation] → pictures.

    latents (N, latent_dim) float32; labels (N,) int32 or (N, num_labels) float32, absent if the
    generator takes none, or text (N, text_dim) float32; truncation, a float32 scalar, scales the
    latents.
    """

    stem, describe = "generator", generator_card

    def __init__(self, generator: Generator):
        latents, labels = generator.network.inputs
        specs = {"latents": tf.TensorSpec([None, latents.shape[1]], tf.float32, "latents")}
        if generator.labels is not None:
            name = generator_card.label_input(generator)
            specs[name] = tf.TensorSpec([None, *labels.shape[1:]], labels.dtype, name)
        specs["truncation"] = tf.TensorSpec([], tf.float32, "truncation")
        super().__init__(generator, specs, specs)

    def images_of(self, *inputs):
        latents, *labels, truncation = inputs
        labels = labels or [tf.zeros(tf.shape(latents)[:1], tf.int32)]
        return self.network([latents * truncation, *labels], training=False)

    @staticmethod
    def predict(network, inputs):
        latents = inputs["latents"] * inputs["truncation"]
        return sampling.generate(network, latents, inputs.get("labels", inputs.get("text")))

    def examples(self):
        latents = self.subject.draw_latents(_PICTURES, seed=0)
        labels = self.subject.draw_labels(_PICTURES, seed=0)
        name = generator_card.label_input(self.subject)
        return (named(latents, labels, scale, name) for scale in _TRUNCATIONS)


class PortableStyleGenerator(PortableGenerator):
    """[latents, truncation] → pictures, truncation as StyleGAN's ψ."""

    def __init__(self, generator: StyleGenerator):
        super().__init__(generator)
        styles = self.network.get_layer("styles")
        self._to_w = keras.Model(self.network.inputs[0], styles.input)
        self._to_images = keras.Model(styles.output, self.network.outputs[0])
        self._styles = styles

    def images_of(self, latents, truncation):
        return self._to_images(self._styles.truncate(self._to_w(latents), truncation))

    @staticmethod
    def predict(network, inputs):
        network.get_layer("styles").psi.assign(inputs["truncation"])
        return sampling.generate(network, inputs["latents"])


class PortableTranslator(Portable):
    """pictures (N, H, W, 3) → pictures: float32 in [-1, 1] both, or uint8 both.

    H and W are the network's, or of any size where it takes any; `LITERT_SIDE` of these in LiteRT.
    """

    stem, describe = "translator", translator_card

    def __init__(self, translator: OnPictures):
        shape = [None, *translator.network.inputs[0].shape[1:]]
        specs, uint8_specs = (
            {"pictures": tf.TensorSpec(shape, dtype, "pictures")}
            for dtype in (tf.float32, tf.uint8)
        )
        super().__init__(translator, specs, uint8_specs)

    def images_of(self, pictures):
        if pictures.dtype == tf.uint8:
            pictures = tf.cast(pictures, tf.float32) / 127.5 - 1.0
        return self.network(pictures, training=False)

    @staticmethod
    def predict(network, inputs):
        return sampling.translate(network, inputs["pictures"])

    def sized(self, spec):
        shape = [side or LITERT_SIDE for side in spec.shape[1:]]
        return tf.TensorSpec([None, *shape], spec.dtype, spec.name)

    def examples(self):
        """Noise, and a picture that changes smoothly, as drawn ones do."""
        size = self.subject.resolution or LITERT_SIDE
        rng = np.random.default_rng(0)
        noise = rng.uniform(-1, 1, (_PICTURES - 1, size, size, 3))
        slope = np.broadcast_to(np.linspace(-1, 1, size)[:, None, None], (1, size, size, 3))
        yield {"pictures": np.concatenate([noise, slope]).astype("float32")}


class PortableAger(PortableTranslator):
    """[pictures (N, R, R, 3), age (N,) int32, …] → pictures, float32 or uint8 as they are given."""

    stem, describe = "ager", ager_card

    def __init__(self, ager: Ager):
        pictures, *labels = ager.network.inputs
        specs, uint8_specs = (
            {
                "pictures": tf.TensorSpec([None, *pictures.shape[1:]], dtype, "pictures"),
                **{each.name: tf.TensorSpec([None], tf.int32, each.name) for each in labels},
            }
            for dtype in (tf.float32, tf.uint8)
        )
        Portable.__init__(self, ager, specs, uint8_specs)

    def images_of(self, *inputs):
        pictures, *labels = inputs
        if pictures.dtype == tf.uint8:
            pictures = tf.cast(pictures, tf.float32) / 127.5 - 1.0
        return self.network([pictures, *labels], training=False)

    @staticmethod
    def predict(network, inputs):
        labels = [inputs[each.name] for each in network.inputs[1:]]
        return sampling.relabel(network, inputs["pictures"], labels)

    def sized(self, spec):
        return spec

    def examples(self):
        """The translator's pictures, with every class of every label in turn."""
        for found in super().examples():
            count = len(found["pictures"])
            for start in range(0, max(map(len, self.subject.groups.values())), count):
                numbers = np.arange(start, start + count, dtype="int32")
                sizes = self.subject.recipe.conditions.values()
                labels = (numbers % size for size in sizes)
                yield found | dict(zip(list(self.specs)[1:], labels, strict=True))


def portable_of(subject: Subject) -> Portable:
    """The kind that fits `subject`."""
    if isinstance(subject, StyleGenerator):
        return PortableStyleGenerator(subject)
    if isinstance(subject, Generator):
        return PortableGenerator(subject)
    return (PortableAger if isinstance(subject, Ager) else PortableTranslator)(subject)


def named(
    latents: np.ndarray, labels: np.ndarray | None, truncation: float, name: str = "labels"
) -> Inputs:
    """The inputs of an exported generator by name, with labels, called `name`, if there are any."""
    inputs = {"latents": latents, name: labels, "truncation": np.array(truncation, "float32")}
    return {name: value for name, value in inputs.items() if value is not None}
