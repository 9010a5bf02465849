"""Starting from the networks of another training, for fine-tuning on other data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import keras

from models import copies
from models.networks.blocks import CLASSIFIER
from models.recipe import Recipe
from models.system import System

_BLOCK = re.compile(r"(?:d_)?(?:stage|block)_\d+")  # a layer's name begins so, in every network
_SHOWN = 3  # shapes that differ


@dataclass(frozen=True)
class Taken:
    """What a network took over: how many of its numbers, and the layers that begin anew."""

    network: str
    numbers: int
    of: int
    anew: tuple[str, ...]

    def __str__(self) -> str:
        if not self.anew:
            return f"{self.network} whole"
        shown = ", ".join(self.anew[:_SHOWN]) + (", …" if len(self.anew) > _SHOWN else "")
        return f"{self.network} but for {self.of - self.numbers:,} of {self.of:,} numbers ({shown})"


def take(system: System, source: System) -> list[Taken]:
    """Copy the weights of `source` into `system`, network by network, averages too.

    Other data has other labels. What reads labels may differ with them, and then begins anew.

    Raises:
        ValueError: a network that `source` lacks, or one of another shape; it names the layers.
    """
    allowed = _Labels(system.recipe, source.recipe)
    matched, wrong = [], []
    for name, network in system.networks.items():
        if name not in source.networks:
            raise ValueError(f"it has no network {name}")
        pairs, anew, lines = _matched(network, source.networks[name], allowed)
        matched.append((name, network, pairs, anew))
        wrong += lines
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValueError(f"its shapes are others: {'; '.join(wrong[:_SHOWN])}{more}")
    taken = []
    for name, network, pairs, anew in matched:
        copies.copy_values([theirs for theirs, _ in pairs], [mine for _, mine in pairs])
        counts = (sum(math.prod(v.shape) for v in of) for of in ([m for _, m in pairs],
                                                                 network.variables))  # fmt: skip
        taken.append(Taken(name, *counts, anew))
    return taken


class _Labels:
    """Which variables may differ between two recipes, since their labels do."""

    def __init__(self, recipe: Recipe, before: Recipe):
        known = [
            (each.conditional, int(getattr(each, "num_labels", 0))) for each in (recipe, before)
        ]
        (self.now, count), (self.then, old) = known
        self.more = abs(count - old)

    def explain(self, mine: keras.Variable, theirs: keras.Variable | None) -> bool:
        """Whether another number of labels, or labels at all, explains the difference."""
        if theirs is None:  # such as the gains of a norm that labels choose, or of one without
            return self.now != self.then or mine.path.startswith(f"{CLASSIFIER}/")
        if len(mine.shape) != len(theirs.shape) or not self.more:
            return False
        gaps = [abs(a - b) for a, b in zip(mine.shape, theirs.shape, strict=True) if a != b]
        return gaps == [self.more]


def _matched(network: keras.Model, other: keras.Model, allowed: _Labels):
    """Pairs of variables of one path and shape, layers that begin anew, lines for the others."""
    theirs = {variable.path: variable for variable in other.variables}
    pairs, anew, wrong = [], {}, []
    for mine in network.variables:
        there = theirs.get(mine.path)
        if there is not None and tuple(there.shape) == tuple(mine.shape):
            pairs.append((there, mine))
        elif allowed.explain(mine, there):
            anew[mine.path.split("/")[0]] = True
        else:
            was = "is missing there" if there is None else f"was {tuple(there.shape)}"
            wrong.append(f"{network.name}'s {mine.path} {was}, now {tuple(mine.shape)}")
    return pairs, tuple(anew), wrong


def freeze(network: keras.Model, blocks: int) -> None:
    """Keep the first `blocks` blocks of a discriminator as they are (FreezeD, arXiv:2002.10964).

    What stands before them is kept too. Power iterations go on, since they are no training.

    Raises:
        ValueError: a network with no more blocks than these.
    """
    names = list(dict.fromkeys(_blocks_of(network)))
    if blocks >= max(len(names), 1):
        has = f"{len(names)} blocks" if names else "no blocks"
        raise ValueError(f"freeze_d {blocks}: this discriminator has {has}; one must be trained")
    for layer in network.layers:
        if (block := _BLOCK.match(layer.name)) and block[0] not in names[:blocks]:
            return
        layer.trainable = False


def _blocks_of(network: keras.Model) -> Iterator[str]:
    for layer in network.layers:
        if block := _BLOCK.match(layer.name):
            yield block[0]
