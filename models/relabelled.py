"""Weights that read labels, where a training goes on with other labels, or with none.

A label of the same name keeps its weights. Norms, tables of labels and the palette begin as the
average picture of the training before has them: a conditional norm's gain is 1 + W y, whose mean
over the pictures is 1 + W p with p the shares of the labels. Begun anew, every such norm would
forget what it learned of all pictures together. Where labels vanish, what stood for them beside
latents or pictures and in the discriminator's projection goes, with its average; where they appear,
it does nothing at first, or begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from models.networks.blocks import CLASSIFIER, PALETTE_GAIN
from models.recipe import Recipe

_GAIN, _SHIFT = "/gain/embeddings", "/shift/embeddings"  # of a norm with labels
_GAMMA, _BETA = "/gamma", "/beta"  # of one without
_PALETTE, _PALETTE_TABLE = "palette_hidden", "palette_label_embedding/embeddings"


@dataclass(frozen=True)
class Labels:
    """The labels of a training: kind "none", "classes" or "attributes", names, share of each."""

    kind: str
    names: tuple[str, ...]
    shares: np.ndarray

    @classmethod
    def of(cls, recipe: Recipe, told: Mapping[str, Any] | None) -> Labels:
        """Those of `recipe`; `told` is what a record says of them, with "names" and "shares".

        Without it they have no names, and the shares of classes are equal, of attributes 0.
        """
        if not recipe.conditional:
            return cls("none", (), np.zeros(0))
        kind = str(getattr(recipe, "label_kind", "classes"))
        count = int(getattr(recipe, "num_labels", 0))
        names, shares = ((told or {}).get(key) or () for key in ("names", "shares"))
        if len(shares) != count:
            shares = np.full(count, 1 / count if kind == "classes" else 0.0)
        return cls(kind, tuple(names) if len(names) == count else (), np.asarray(shares, float))

    @property
    def on(self) -> float:
        """How many labels of a picture are on, on average; 1 where that is not known."""
        total = float(self.shares.sum())
        return total if self.kind == "attributes" and total else 1.0


class Relabelled:
    """What the weights of a network begin with, of labels `now` after labels `then`."""

    def __init__(self, now: Labels, then: Labels, latent_dim: int):
        self.now, self.then = now, then
        # As many inputs as an embedding of labels beside the latent, or a plane beside the picture.
        self.wider = (latent_dim, 1)
        alike = (now.kind, len(now.shares)) == (then.kind, len(then.shares))
        self.same = alike and (now.names == then.names or not (now.names and then.names))
        # Place among the labels then → place among those now.
        self.kept = {
            then.names.index(name): place
            for place, name in enumerate(now.names)
            if name in then.names
        }

    def value(
        self, mine: keras.Variable, theirs: Mapping[str, keras.Variable]
    ) -> np.ndarray | None:
        """What `mine` begins with, or None where labels do not explain a difference.

        `theirs`: the variables of the network before, by their paths. The value may be `mine`'s
        own: then it begins anew.
        """
        if mine.path not in theirs and mine.path.startswith(f"{CLASSIFIER}/"):
            return _array(mine)
        if self.same:
            return None
        for find in (self._of_norm, self._of_table, self._of_classifier, self._of_inputs):
            value = find(mine, theirs)
            if value is not None:
                return value
        return _array(mine) if mine.path not in theirs and self.appear else None

    @property
    def appear(self) -> bool:
        """Whether there are labels on one of the two sides alone."""
        return (self.now.kind == "none") != (self.then.kind == "none")

    def _of_norm(self, mine, theirs) -> np.ndarray | None:
        """A norm with labels where there was one without, or the other way round."""
        if mine.path in theirs:
            return None
        for with_labels, without, neutral in ((_GAIN, _GAMMA, 1.0), (_SHIFT, _BETA, 0.0)):
            table = theirs.get(mine.path.removesuffix(without) + with_labels)
            if mine.path.endswith(without) and table is not None:
                return neutral + self.then.shares @ _array(table)
            vector = theirs.get(mine.path.removesuffix(with_labels) + without)
            if mine.path.endswith(with_labels) and vector is not None:
                return np.tile((_array(vector) - neutral) / self.now.on, (mine.shape[0], 1))
        return None

    def _of_table(self, mine, theirs) -> np.ndarray | None:
        """A row for each label."""
        there = theirs.get(mine.path)
        if not mine.path.endswith("embeddings") or there is None:
            return None
        rows, count = _array(there), len(self.now.shares)
        if mine.shape[0] != count or rows.shape != (len(self.then.shares), mine.shape[1]):
            return None
        others = [place for place in range(len(rows)) if place not in self.kept]
        gone = self.then.shares[others] @ rows[others] / self.now.on
        if self.then.kind == "classes" and self.now.kind == "classes":
            gone = np.zeros_like(gone)  # one class is a whole picture
        # A class that is new has no other label beside it.
        fresh = self.then.shares @ rows if self.now.kind == "classes" else gone
        made = np.tile(fresh, (count, 1))
        for then, now in self.kept.items():
            made[now] = rows[then] + gone
        return made

    def _of_classifier(self, mine, theirs) -> np.ndarray | None:
        """The logits of D that name labels: a column for each."""
        if not mine.path.startswith(f"{CLASSIFIER}/"):
            return None
        made, there = np.array(_array(mine)), theirs[mine.path]
        if there.shape[:-1] == mine.shape[:-1]:
            for then, now in self.kept.items():
                made[..., now] = _array(there)[..., then]
        return made

    def _of_inputs(self, mine, theirs) -> np.ndarray | None:
        """A kernel whose inputs are latents, or a picture, with or without labels behind them."""
        there = theirs.get(mine.path)
        if there is None or not self.appear:
            return None
        if mine.path == f"{_PALETTE}/bias" and self.now.kind == "none":
            kernel, table = theirs[f"{_PALETTE}/kernel"], theirs[_PALETTE_TABLE]
            mean = PALETTE_GAIN * (self.then.shares @ _array(table))
            return _array(there) + mean @ _array(kernel)[-len(mean) :]
        if not mine.path.endswith("/kernel") or len(there.shape) != len(mine.shape):
            return None
        gaps = [abs(a - b) for a, b in zip(there.shape, mine.shape, strict=True) if a != b]
        if len(gaps) != 1 or gaps[0] not in self.wider:
            return None
        both = tuple(slice(min(sides)) for sides in zip(there.shape, mine.shape, strict=True))
        made = np.zeros(mine.shape, np.float32)
        made[both] = _array(there)[both]
        return made


def _array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(variable), np.float32)
