"""A small attribute classifier, trained on the real pictures of a data set.

It checks whether a generator draws the requested attributes, see `metrics.control`. Its own
accuracy is measured on real pictures that it has not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers, ops

from metrics.errors import MetricError
from metrics.pictures import as_rgb

SIDE = 64  # larger pictures are averaged down to this many pixels
VERSION = 1  # raise it when the network or its training changes, so that old caches are not used
EPOCHS, BATCH, RATE = 3, 64, 2e-3
HELD_OUT = 0.1
MOST = 20_000  # pictures trained on


@dataclass(frozen=True)
class LabelSpace:
    """The labels to tell apart: "classes" or "attributes", their names, the one-of groups."""

    kind: str
    names: tuple[str, ...]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, list[int]]:
        """The one-of groups as indices of names; all classes are one group."""
        if self.kind == "classes":
            return {"class": list(range(len(self.names)))}
        return {g: [self.names.index(name) for name in m] for g, m in self.groups.items()}

    @property
    def independent(self) -> list[int]:
        """The indices of the names outside all groups."""
        grouped = {index for members in self.columns.values() for index in members}
        return [index for index in range(len(self.names)) if index not in grouped]

    def classes(self, labels: np.ndarray, group: str) -> np.ndarray:
        """The name of a one-of group that is on: int (N,), its place in the group; -1: none.

        `labels` as in `multi_hot`. Raises `MetricError`, which names the groups, for an unknown
        group.
        """
        if group not in self.columns:
            known = ", ".join(map(repr, self.columns)) or "none"
            raise MetricError(f"There is no one-of group {group!r}. Known: {known}.")
        values = self.multi_hot(labels)[:, self.columns[group]] > 0.5
        return np.where(values.any(axis=1), values.argmax(axis=1), -1)

    def multi_hot(self, labels: np.ndarray) -> np.ndarray:
        """Class indices (N,) or attributes (N, A) → float32 (N, len(names)) of 0 and 1."""
        if self.kind == "classes":
            return np.eye(len(self.names), dtype="float32")[labels]
        return np.asarray(labels, "float32")


@dataclass(frozen=True)
class Trained:
    """A classifier and the pictures it has not seen: `held_out` are their row numbers."""

    model: keras.Model
    held_out: np.ndarray


def split(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to train on and to hold out, the same for a count and seed everywhere.

    Raises `MetricError` for fewer than 20 pictures: too few would be held out.
    """
    if count < 20:
        raise MetricError(f"An attribute classifier needs at least 20 pictures, not {count}.")
    order = np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(count)
    held = max(1, int(HELD_OUT * min(count, MOST)))
    return np.sort(order[held : held + MOST]), np.sort(order[:held])


def train(
    images: np.ndarray,
    labels: np.ndarray,
    space: LabelSpace,
    seed: int = 0,
    epochs: int = EPOCHS,
    watch: Callable[[int, int, float], None] | None = None,
    hold_out: bool = True,
) -> Trained:
    """Train on nine tenths of `images` (N, H, W, C) uint8, seen as RGB, and their `labels`.

    Without `hold_out` it trains on all, `MOST` at most, where others test it.

    One-of groups are learned by cross-entropy over their members, other attributes separately, with
    a larger weight on the rarer value. `watch(step, steps, loss)` is called after each step.
    """
    rows, held_out = split(len(images), seed)
    if not hold_out:
        rows, held_out = np.sort(np.concatenate([held_out, rows])[:MOST]), held_out[:0]
    pictures, targets = shrink(images, rows), space.multi_hot(labels[rows])
    model = build(len(space.names), pictures.shape[1:], seed)
    per_epoch = -(-len(rows) // BATCH)
    steps = epochs * per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    model.compile(keras.optimizers.Adam(schedule), _loss(space, targets))
    rng = np.random.Generator(np.random.Philox(key=[seed, 1]))
    for step in range(steps):
        if step % per_epoch == 0:
            order = rng.permutation(len(rows))
        start = step % per_epoch * BATCH
        chosen = np.resize(order[start : start + BATCH], BATCH)  # one shape, compiled once
        loss = model.train_on_batch(pictures[chosen], targets[chosen])
        if watch:
            watch(step + 1, steps, float(loss))
    return Trained(model, held_out)


def build(outputs: int, shape: tuple[int, int, int], seed: int = 0) -> keras.Model:
    """uint8 or float pixels 0..255 (N, H, W, 3) → logits (N, outputs)."""
    x = inputs = keras.Input(shape, dtype="float32", name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(x)
    x = layers.GaussianNoise(0.05, seed=seed)(x)  # a generator's pictures are never quite clean
    for stage, filters in enumerate((32, 48, 96, 128)):
        if min(x.shape[1:3]) < 4:
            break
        x = layers.Conv2D(
            filters, 3, strides=2, padding="same", use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(seed=seed + stage),
        )(x)  # fmt: skip
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(0.2, seed=seed)(layers.Flatten()(x))
    kernel = keras.initializers.GlorotUniform(seed=seed + 9)
    x = layers.Dense(outputs, kernel_initializer=kernel, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name="attribute_classifier")


def predict(model: keras.Model, images: np.ndarray, batch: int = 256) -> np.ndarray:
    """Logits float32 (N, names) for uint8 `images` (N, H, W, C) of any size the model can take."""
    parts = []
    for start in range(0, len(images), batch):
        rows = np.arange(start, min(start + batch, len(images)))
        part = shrink(images, rows)
        short = batch - len(part)
        if short and start:  # one shape only, so that it is compiled once
            part = np.concatenate([part, np.repeat(part[-1:], short, axis=0)])
        parts.append(np.asarray(model.predict_on_batch(part), "float32")[: len(rows)])
    return np.concatenate(parts)


def shrink(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The chosen pictures, uint8 RGB; a shorter side above 64 px is averaged down to 64."""
    height, width = images.shape[1:3]
    block = max(1, min(height, width) // SIDE)
    if block == 1:
        return as_rgb(np.asarray(images[rows]))
    high, wide = height // block, width // block
    out = np.empty((len(rows), high, wide, 3), np.uint8)
    for start in range(0, len(rows), 256):
        part = as_rgb(np.asarray(images[rows[start : start + 256]])).astype(np.float32)
        part = part.reshape(len(part), high, block, wide, block, 3).mean(axis=(2, 4))
        out[start : start + 256] = np.rint(part)
    return out


def _loss(space: LabelSpace, targets: np.ndarray):
    groups, independent = list(space.columns.values()), space.independent
    share = targets[:, independent].mean(axis=0).clip(1e-3, 1 - 1e-3)
    positive = np.clip((1 - share) / share, 0.1, 10.0).astype("float32")

    def loss(wanted, logits):
        terms = []
        for columns in groups:
            wanted_here = ops.take(wanted, columns, axis=1)
            log_probability = ops.log_softmax(ops.take(logits, columns, axis=1))
            # A picture without any member of the group has all zeros here and does not count.
            terms.append(-ops.sum(wanted_here * log_probability, axis=1))
        if independent:
            wanted_here = ops.take(wanted, independent, axis=1)
            logits_here = ops.take(logits, independent, axis=1)
            each = positive * wanted_here * ops.softplus(-logits_here)
            each = each + (1 - wanted_here) * ops.softplus(logits_here)
            terms.append(ops.sum(each, axis=1))
        return ops.mean(sum(terms))

    return loss
