"""Attribute vectors: directions in a code from pictures without an attribute to pictures with it.

Hou et al. 2017, arXiv:1610.00291, section 4.3: the mean code of pictures that have the attribute
minus that of pictures that do not. Adding it to a code or subtracting it edits a picture. The edits
are measured on held-out pictures and compared with a random direction of the same length, and with
the same vector in as many principal components.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

import datasets
from console.errors import UserError, user_errors
from console.options import nearest
from datasets.pixels import to_uint8
from media.sheet import sheet
from metrics import pca
from metrics.errors import MetricError
from models.chance import chosen_rows, step_rng
from quality import control
from serving.autoencoder import Autoencoder
from serving.explore import edits
from serving.held_out import FITTED
from serving.pictures import enlarged
from serving.training_data import parts_of

EACH = 1_000  # most pictures with the attribute, and without it, for a vector
LEAST = 20  # fewer pictures give no vector and no share
JUDGED = 500  # most held-out pictures for measuring a change
CAPTIONS = ("face", "- vector", "as it is", "+ vector", "true edit")


@dataclasses.dataclass(frozen=True)
class Code:
    """A way to code pictures: `encode`, uint8 (N, R, R, 3) → (N, k); `decode`, back to 0..255."""

    name: str
    encode: Callable[[np.ndarray], np.ndarray]
    decode: Callable[[np.ndarray], np.ndarray]


class Vectors:
    """The attribute vectors of an autoencoder and of principal components.

    Args:
        data: all pictures of the model's run; the held-out ones are edited.
        attributes: their names.

    Raises `UserError` for data without attributes, an attribute that the data does not have, and
    too few pictures with or without it.
    """

    def __init__(
        self,
        model: Autoencoder,
        data: datasets.ImageData,
        attributes: Sequence[str],
        seed: int = 0,
    ) -> None:
        check(data, attributes)
        self._data, self.attributes, self._rng = data, list(attributes), step_rng(seed, 0)
        self._trained, self._held = parts_of(data, model.recipe.held_out, model.name)
        self._made_of = {name: self._choose(self._trained, name, EACH) for name in attributes}
        self._tried_on = {name: self._choose(self._held, name, JUDGED) for name in attributes}
        some = chosen_rows(self._rng, len(self._trained.images), FITTED)
        with user_errors(MetricError):
            linear = pca.fit(np.asarray(self._trained.images[some]), model.recipe.latent_dim)
        network = Code(model.recipe.name, lambda x: model.encode(x)[0], model.decode)
        components = Code(f"PCA of {len(linear.components)}", linear.encode, linear.decode)
        self.codes = (network, components)
        self._vectors = {(code.name, name): self._vector(code, name)
                         for code in self.codes for name in attributes}  # fmt: skip

    def _choose(
        self, data: datasets.ImageData, name: str, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random rows of pictures with the attribute, and of those without, `most` each at most."""
        has = data.labels.values[:, data.labels.names.index(name)] > 0.5
        both = np.flatnonzero(has), np.flatnonzero(~has)
        for rows, word in zip(both, ("with", "without"), strict=True):
            if len(rows) < LEAST:
                raise UserError(
                    f"{len(rows)} of the {len(has):,} pictures of {data.name!r} are {word} "
                    f"{name!r}; {LEAST} are needed"
                )
        return tuple(np.sort(self._rng.permutation(rows)[:most]) for rows in both)

    def _vector(self, code: Code, name: str) -> np.ndarray:
        """The mean code with the attribute minus that without, (k,)."""
        having, lacking = (
            code.encode(np.asarray(self._trained.images[rows])).mean(axis=0)
            for rows in self._made_of[name]
        )
        return having - lacking

    def vector(self, code: Code, name: str) -> np.ndarray:
        """The vector of an attribute in a code, (k,)."""
        return self._vectors[code.name, name]

    # === How well it edits ===

    def rows(self, strength: float = 1.0) -> list[edits.Row]:
        """Every attribute added and removed in every way, by `strength` times its vector."""
        space = control.space_of(self._data.labels)
        with user_errors(MetricError):
            judge = control.load_judge(self._data, space).model
        return [
            row
            for name in self.attributes
            for on in (True, False)
            for row in self._change(judge, space, name, on, strength)
        ]

    def _change(self, judge, space, name: str, on: bool, strength: float) -> list[edits.Row]:
        rows = self._tried_on[name][
            1 if on else 0
        ]  # added to pictures without it, removed from others
        pictures = np.asarray(self._held.images[rows])
        true = edits.true_edits(self._held, rows, name, on)
        column = space.names.index(name)
        found = []
        for code in self.codes:
            codes = code.encode(pictures)
            before = edits.seen(judge, code.decode(codes), space)
            for way, changed in self._ways(code, codes, name, strength if on else -strength):
                made = code.decode(changed)
                after = edits.seen(judge, made, space)
                found.append(
                    edits.Row(
                        name, "add" if on else "remove", way, len(rows),
                        edits.flipped(after, column, on),
                        edits.kept(after, before, column, space),
                        edits.masked_error(made, true, pictures),
                    )
                )  # fmt: skip
        return found

    def _ways(self, code: Code, codes: np.ndarray, name: str, strength: float):
        """(name, changed codes): by the vector, by a random one of the same length, unchanged."""
        moved = strength * self.vector(code, name)
        chance = self._rng.standard_normal(codes.shape, dtype="float32")
        chance *= np.linalg.norm(moved) / np.linalg.norm(chance, axis=1, keepdims=True)
        yield f"{code.name}: vector", codes + moved
        yield f"{code.name}: random direction", codes + chance
        yield f"{code.name}: unchanged", codes

    # === What it looks like ===

    def page(self, count: int = 3, strength: float = 1.0) -> Image.Image:
        """For each attribute, `count` faces without it and as many with it: see `CAPTIONS`.

        The true edit adds the attribute to faces without it and removes it from the others.
        """
        network, tiles = self.codes[0], []
        for name in self.attributes:
            for rows, on in zip(self._tried_on[name][::-1], (True, False), strict=True):
                tiles += self._tiles(network, name, rows[:count], on, strength)
        pictures = enlarged(np.stack(tiles))
        return sheet(pictures, len(CAPTIONS), CAPTIONS)

    def _tiles(self, code: Code, name: str, rows: np.ndarray, on: bool, strength: float) -> list:
        pictures = np.asarray(self._held.images[rows])
        codes, moved = code.encode(pictures), strength * self.vector(code, name)
        true = edits.true_edits(self._held, rows, name, on)
        made = [_levels(code.decode(codes + step * moved)) for step in (-1, 0, 1)]
        columns = [pictures, *made, np.full_like(pictures, 255) if true is None else true]
        return [column[row] for row in range(len(rows)) for column in columns]


def check(data: datasets.ImageData, attributes: Sequence[str]) -> None:
    """Raise `UserError` unless the data has all these attributes."""
    labels = data.labels
    if labels is None or labels.kind != "attributes":
        has = "no labels" if labels is None else "classes"
        raise UserError(f"vectors are of attributes, and {data.name!r} has {has}")
    for name in attributes:
        if name not in labels.names:
            known = ", ".join(labels.names)
            raise UserError(
                f"{data.name!r} has no attribute {name!r}{nearest(name, labels.names)}. "
                f"Known: {known}"
            )


def _levels(pictures: np.ndarray) -> np.ndarray:
    return to_uint8(pictures / 127.5 - 1.0)
