"""`Generator`: a trained generator and everything one can do with it from Python."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from console.errors import UserError, user_errors
from datasets.pixels import to_uint8
from layers.norm import batch_norms, standing_statistics
from models import latents, networks, portable
from models.sampling import generate
from serving import labels as label_sets
from serving import texts
from serving.dataflow import first_linear_map, norms_take_latents
from serving.pictures import Pictures
from serving.source import Source

BLOCK = 64  # pictures that share a random stream: picture i depends only on the seed and i
STATISTICS = ("auto", "running", "standing")
_STANDING_BATCHES, _STANDING_SEED = 16, 2**62
# Where searches look for latents: the range of training; of normal ones, 2.5 standard deviations.
_BOUNDS = {"truncated_normal": (-1, 1), "uniform": (-1, 1), "binomial": (0, 1)}
_NORMAL_BOUNDS = (-2.5, 2.5)
_LATENTS, _LABELS = 0, 1  # streams of random numbers


class Generator:
    """A generator ready for use: in float32, its normalised kernels folded into plain ones.

    `network` is the functional Keras model, [z (N, latent_dim), y] → (N, H, W, C) in [-1, 1];
    `recipe`, `metadata`, `origin` say where it comes from; `labels` what one can ask it for.
    """

    def __init__(self, source: Source):
        self.source = source
        self.recipe, self.metadata, self.origin = source.recipe, source.metadata, source.origin
        self.labels = texts.of_metadata(
            source.recipe, source.metadata.get("text")
        ) or label_sets.of_metadata(source.recipe, source.metadata.get("labels"))
        self.network = compiled_for_device(portable.plain(source.network))
        self._running = self._statistics()
        self._standing_at: float | None = None

    # === Sampling ===

    def sample(
        self,
        count: int = 16,
        seed: int = 0,
        attributes: str | Sequence[str] | np.ndarray | None = None,
        truncation: float = 1.0,
        statistics: str = "auto",
    ) -> Pictures:
        """`count` pictures of `seed`: the same on every backend, and for every larger `count`.

        Args:
            attributes: "blue hair, no glasses" or a list; all others are drawn as in the training
                data. For a generator with classes: a class's name. With captions: a sentence.
            truncation: above 0, at most 1: smaller values give more typical, less varied pictures.
            statistics: of batch norm: "running", those of training; "standing", recomputed at this
                truncation; "auto", standing at truncations below 1 if the norms take the latent, as
                BigGAN's do (in other networks they would cancel the truncation), else running.

        Raises:
            UserError: labels for a generator without labels, unknown names, a truncation out of
                range.
        """
        parts = list(self.stream(count, seed, attributes, truncation, statistics))
        made = [np.concatenate([getattr(part, name) for part in parts])
                for name in ("images", "latents")]  # fmt: skip
        labels = None if self.labels is None else np.concatenate([part.labels for part in parts])
        return Pictures(*made, labels)

    def stream(
        self,
        count: int,
        seed: int = 0,
        attributes: str | Sequence[str] | np.ndarray | None = None,
        truncation: float = 1.0,
        statistics: str = "auto",
        batch_size: int = BLOCK,
    ) -> Iterator[Pictures]:
        """Like `sample`, a batch at a time, so that memory does not grow with `count`."""
        check_count(count)
        wanted = self.parse(attributes)
        self.use_statistics(truncation, statistics)
        for start in range(0, count, batch_size):
            stop = min(start + batch_size, count)
            z = self.draw_latents(stop, seed, truncation, start)
            y = self.draw_labels(stop, seed, wanted, start)
            yield Pictures(to_uint8(self.generate(z, y, batch_size)), z, y)

    def generate(self, z: np.ndarray, y: np.ndarray | None = None, batch_size: int = BLOCK):
        """Pictures of these latents and labels: float32 (N, H, W, C) in [-1, 1].

        Labels of classes may also be weights of the classes, float (N, classes).
        """
        if self.labels is None and y is not None:
            raise UserError(f"{self.origin} was trained without labels and takes none")
        if self.labels is not None and y is None:
            raise UserError(f"{self.origin} needs labels; draw_labels() draws some")
        blends = self.recipe.label_kind == "classes" and np.ndim(y) == 2
        with user_errors(ValueError):
            return generate(self.blending if blends else self.network, z, y, batch_size)

    def pictures(self, z: np.ndarray, y: np.ndarray | None = None) -> Pictures:
        """Like `generate`, as uint8 `Pictures`."""
        return Pictures(to_uint8(self.generate(z, y)), np.asarray(z, "float32"), y)

    # === What pictures are made from ===

    def draw_latents(
        self, stop: int, seed: int = 0, truncation: float = 1.0, start: int = 0
    ) -> np.ndarray:
        """Latents `start` to `stop` of `seed`, float32 (stop - start, latent_dim)."""
        recipe = self.recipe
        with user_errors(ValueError):
            return _blocks(
                start, stop, seed, _LATENTS,
                lambda rng: latents.sample(
                    recipe.latent, BLOCK, recipe.latent_dim, rng, truncation
                ),
            )  # fmt: skip

    def latents_of(
        self, numbers: Sequence[int], seed: int = 0, truncation: float = 1.0
    ) -> np.ndarray:
        """The latents of pictures `numbers` of `seed`; those between them are not drawn."""
        return np.concatenate([self.draw_latents(n + 1, seed, truncation, n) for n in numbers])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest latent in which a search looks, (latent_dim,) each."""
        low, high = _BOUNDS.get(self.recipe.latent, _NORMAL_BOUNDS)
        dim = self.recipe.latent_dim
        return np.full(dim, low, "float32"), np.full(dim, high, "float32")

    def search_scale(self) -> float:
        """By what a search multiplies its steps: 1 for latents of about that size."""
        return 1.0

    def linear_map(self) -> np.ndarray:
        """The matrix of the first layer with a kernel, (latent_dim, features).

        Raises `UserError` if that layer is not linear in the latent.
        """
        return first_linear_map(self.network)

    def draw_labels(
        self, stop: int, seed: int = 0, wanted: Any = None, start: int = 0
    ) -> np.ndarray | None:
        """Labels `start` to `stop` of `seed`, with the values `wanted` (see `parse`)."""
        if self.labels is None:
            return None
        return _blocks(start, stop, seed, _LABELS, lambda rng: self.labels.draw(BLOCK, rng, wanted))

    def parse(self, attributes: str | Sequence[str] | np.ndarray | None) -> Any:
        """Attributes by name → {index: on or off}, see `LabelSet.parse`; {} without any.

        Of a generator that takes captions: a sentence → its vector, see `TextSet.parse`; a vector
        stays as it is.
        """
        if attributes is None or isinstance(attributes, np.ndarray):
            return {} if attributes is None else attributes
        if self.labels is None:
            raise UserError(f"{self.origin} was trained without labels, so it takes no attributes")
        return self.labels.parse(attributes)

    def as_weights(self, y: np.ndarray | None) -> np.ndarray | None:
        """Labels as float vectors that can be blended: one-hot vectors for classes."""
        if y is None or np.ndim(y) == 2:
            return y
        return np.eye(len(self.labels.names), dtype="float32")[y]

    # === Batch-norm statistics ===

    @cached_property
    def stands_below_one(self) -> bool:
        """Whether "auto" recomputes batch norm's statistics at truncations below 1."""
        return norms_take_latents(self.network)

    def use_statistics(self, truncation: float = 1.0, statistics: str = "auto") -> None:
        """Choose the statistics of batch norm; see `sample`."""
        if statistics not in STATISTICS:
            raise UserError(f"unknown statistics {statistics!r}. Known: {', '.join(STATISTICS)}")
        if statistics == "standing" and not self._running:
            raise UserError(f"{self.origin} has no batch norm, so no standing statistics")
        check_truncation(truncation)
        stand = statistics == "standing" or (
            # If only the first layer takes the latent and batch norm follows it, statistics of
            # shrunk latents would cancel the shrinking exactly.
            statistics == "auto" and truncation < 1 and self.stands_below_one
        )
        wanted = truncation if stand and self._running else None
        if wanted == self._standing_at:
            return
        if wanted is None:
            for variable, value in self._running:
                variable.assign(value)
        else:
            standing_statistics(self.network, self._standing_inputs(truncation))
        self._standing_at = wanted
        self.__dict__.pop("blending", None)

    def _standing_inputs(self, truncation: float) -> Iterator[list]:
        for start in range(0, _STANDING_BATCHES * BLOCK, BLOCK):
            stop = start + BLOCK
            z = self.draw_latents(stop, _STANDING_SEED, truncation, start)
            y = self.draw_labels(stop, _STANDING_SEED, None, start)
            y = np.zeros(BLOCK, "int32") if y is None else y
            yield [ops.convert_to_tensor(z), ops.convert_to_tensor(y)]

    def _statistics(self) -> list[tuple[keras.Variable, np.ndarray]]:
        kept = []
        for layer in batch_norms(self.network):
            for variable in (layer.moving_mean, layer.moving_variance):
                kept.append((variable, ops.convert_to_numpy(variable).copy()))
        return kept

    # === Variants of the network ===

    @cached_property
    def blending(self) -> keras.Model:
        """The network with class weights, float (N, classes), instead of class indices."""
        if self.recipe.label_kind != "classes":
            return self.network
        recipe = dataclasses.replace(self.recipe, label_kind="attributes")
        network = compiled_for_device(portable.plain(networks.build(recipe, seed=0)[0]))
        values = {variable.path: variable for variable in self.network.variables}
        for variable in network.variables:
            variable.assign(ops.convert_to_numpy(values[variable.path]))
        return network


def check_truncation(truncation: float) -> None:
    """Raise `UserError` unless 0 < truncation <= 1."""
    if not 0 < truncation <= 1:
        raise UserError(f"truncation must be above 0 and at most 1, not {truncation:g}")


def check_count(count: int) -> None:
    """Raise `UserError` unless there is at least one picture to make."""
    if count < 1:
        raise UserError(f"count must be at least 1, not {count}")


def _blocks(start: int, stop: int, seed: int, stream: int, draw) -> np.ndarray:
    """Rows `start` to `stop` of an endless table in which each block of rows has its own stream."""
    if seed < 0 or seed >= 2**63:
        raise UserError(f"seed must be at least 0 and below 2**63, not {seed}")
    first, last = start // BLOCK, -(-stop // BLOCK)
    rows = [
        draw(np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, stream, block])))
        for block in range(first, last)
    ]
    return np.concatenate(rows)[start - first * BLOCK : stop - first * BLOCK]


def compiled_for_device(network: keras.Model) -> keras.Model:
    """Switch off XLA on a CPU, where it takes ten times as long to start and is then slower."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        network.jit_compile = bool(tf.config.list_physical_devices("GPU"))
    return network
