"""Starting from the networks of another training, for fine-tuning on other data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from layers.reparametrization import normalized_layers
from layers.spectral import SINGULAR_VECTOR
from models import copies
from models.recipe import Recipe
from models.relabelled import Labels, Relabelled
from models.system import System

_BLOCK = re.compile(r"(?:d_)?(?:stage|block)_\d+")  # a layer's name begins so, in every network
_SHOWN = 3  # shapes that differ
_ITERATIONS = 100  # of the power method, for kernels whose singular vectors were not kept


class Source(Protocol):
    """Networks that were trained, by their names in the system, and the recipe that made them."""

    recipe: Recipe

    @property
    def networks(self) -> Mapping[str, keras.Model]:
        """The networks, averages too."""


@dataclass(frozen=True)
class Taken:
    """What a network took over: how many of its numbers, and the layers that did not fit.

    other_labels: whether these layers are others because the labels are.
    """

    network: str
    numbers: int
    of: int
    changed: tuple[str, ...]
    other_labels: bool = True

    def __str__(self) -> str:
        if not self.changed:
            return f"{self.network} whole"
        shown = ", ".join(self.changed[:_SHOWN]) + (", …" if len(self.changed) > _SHOWN else "")
        why = "changed for other labels" if self.other_labels else "begin anew"
        return f"{self.network}, {self.of - self.numbers:,} of {self.of:,} numbers {why} ({shown})"


def take(
    system: System,
    source: Source,
    labels: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
) -> list[Taken]:
    """Copy the weights of `source` into `system`, network by network, averages too.

    Other data has other labels: what reads them follows `models.relabelled`. Kernels of a generator
    file are normalised and without their singular vectors, which are found again.

    Args:
        labels, before: what records say of the labels of `system` and of `source`, if anything.

    Raises:
        ValueError: a network that `source` lacks, or one of another shape; it names the layers.
    """
    relabelled = Relabelled(
        Labels.of(system.recipe, labels),
        Labels.of(source.recipe, before),
        int(getattr(system.recipe, "latent_dim", 0)),
    )
    matches, wrong = [], []
    for name, network in system.networks.items():
        if name not in source.networks:
            raise ValueError(f"it has no network {name}")
        match = _Match(name, network, source.networks[name], relabelled)
        matches.append(match)
        wrong += match.wrong
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValueError(f"its shapes are others: {'; '.join(wrong[:_SHOWN])}{more}")
    recipe, other = system.recipe, not relabelled.same
    frozen = getattr(recipe, "freeze_d", 0) and recipe.conditional and other
    if frozen and getattr(recipe, "d_conditioning", "") == "concat":
        raise ValueError("freeze_d keeps the kernel through which other labels would come in")
    return [match.take(other) for match in matches]


class _Match:
    """What each variable of a network takes from another one; `wrong` names those that cannot."""

    def __init__(self, name: str, network: keras.Model, other: keras.Model, relabelled: Relabelled):
        self.name, self.network = name, network
        self.same: list[tuple[keras.Variable, keras.Variable]] = []
        self.made: list[tuple[keras.Variable, np.ndarray]] = []
        self.without_vector: set[str] = set()  # paths of singular vectors that were not kept
        self.wrong: list[str] = []
        theirs = {variable.path: variable for variable in other.variables}
        for mine in network.variables:
            self._match(mine, theirs, relabelled)

    def _match(self, mine: keras.Variable, theirs: Mapping, relabelled: Relabelled) -> None:
        there = theirs.get(mine.path)
        if there is None and f"/{SINGULAR_VECTOR}/" in mine.path:
            self.without_vector.add(mine.path)
            return
        made = relabelled.value(mine, theirs)
        if made is not None:
            self.made.append((mine, made))
        elif there is not None and tuple(there.shape) == tuple(mine.shape):
            self.same.append((mine, there))
        else:
            was = "is missing there" if there is None else f"was {tuple(there.shape)}"
            self.wrong.append(f"{self.network.name}'s {mine.path} {was}, now {tuple(mine.shape)}")

    def take(self, other_labels: bool) -> Taken:
        """Assign the values."""
        copies.copy_values([there for _, there in self.same], [mine for mine, _ in self.same])
        for mine, value in self.made:
            mine.assign(value)
        for layer in normalized_layers(self.network) if self.without_vector else ():
            vector = getattr(layer, SINGULAR_VECTOR, None)
            if vector is not None and vector.u.path in self.without_vector:
                for _ in range(_ITERATIONS):
                    layer.power_iterate()
        of = sum(math.prod(variable.shape) for variable in self.network.variables)
        changed = dict.fromkeys(mine.path.split("/")[0] for mine, _ in self.made)
        less = sum(math.prod(mine.shape) for mine, _ in self.made)
        return Taken(self.name, of - less, of, tuple(changed), other_labels)


def freeze(network: keras.Model, blocks: int) -> None:
    """Keep the first `blocks` blocks of a discriminator as they are (FreezeD, arXiv:2002.10964).

    All else that leads to the next block is kept too, such as what stands before the first. Power
    iterations go on, since they are no training.

    Raises:
        ValueError: a network with no more blocks than these.
    """
    names = list(dict.fromkeys(filter(None, map(_block, network.layers))))
    if blocks >= max(len(names), 1):
        has = f"{len(names)} blocks" if names else "no blocks"
        raise ValueError(f"freeze_d {blocks}: this discriminator has {has}; one must be trained")
    kept, trained = names[:blocks], names[blocks:]
    # By the graph: in the order of layers those of another branch stand between a chain's.
    before = _leading_to([each for each in network.layers if _block(each) == trained[0]])
    for layer in network.layers:
        block = _block(layer)
        if block in kept or (layer in before and block not in trained):
            layer.trainable = False


def _block(layer: keras.Layer) -> str | None:
    """The name of the block that a layer belongs to, or None."""
    found = _BLOCK.match(layer.name)
    return found[0] if found else None


def _leading_to(layers: Iterable[keras.Layer]) -> set[keras.Layer]:
    """The layers of a network, and all whose outputs reach them."""
    found, waiting = set(), list(layers)
    while waiting:
        layer = waiting.pop()
        if layer not in found:
            found.add(layer)
            nodes = [parent for node in layer._inbound_nodes for parent in node.parent_nodes]
            waiting += [node.operation for node in nodes]
    return found
