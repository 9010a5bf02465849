"""Measures of a generator with styles: what follows a level's styles, and which values it lost."""

from __future__ import annotations

import dataclasses

import numpy as np

from metrics.classifier import LabelSpace

LEAST = 20  # pairs that differ; fewer give no share
LOST = 0.1  # a value is lost if fakes show it less than this share as often as reals


@dataclasses.dataclass(frozen=True)
class Trait:
    """What a classifier tells apart: the members of a one-of group, or on and off.

    `values` (N,) of pictures: the member's number, or 0 and 1.
    """

    name: str
    members: tuple[str, ...]
    columns: tuple[int, ...]

    def values(self, seen: np.ndarray) -> np.ndarray:
        """`seen` bool (N, names) → int (N,)."""
        if len(self.columns) == 1:
            return seen[:, self.columns[0]].astype(int)
        return seen[:, list(self.columns)].argmax(axis=1)


def traits(space: LabelSpace) -> list[Trait]:
    """The one-of groups, then the other names."""
    groups = [
        Trait(name, tuple(space.names[c] for c in columns), tuple(columns))
        for name, columns in space.columns.items()
    ]
    alone = [
        Trait(space.names[c], (f"no {space.names[c]}", space.names[c]), (c,))
        for c in space.independent
    ]
    return groups + alone


def followed(trait: Trait, a: np.ndarray, b: np.ndarray, mixed: np.ndarray) -> float:
    """Of pairs whose sources differ in a trait, the share of mixtures that show what `b` shows.

    All are what a classifier sees, bool (N, names). NaN if fewer than `LEAST` pairs differ.
    """
    a, b, mixed = (trait.values(each) for each in (a, b, mixed))
    differ = a != b
    return float((mixed == b)[differ].mean()) if differ.sum() >= LEAST else float("nan")


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How many of the values of all traits the fakes show, of those that the reals show."""

    known: int
    lost: tuple[str, ...]


def coverage(space: LabelSpace, reals: np.ndarray, fakes: np.ndarray) -> Coverage:
    """Compare how often each value of each trait is seen, bool (N, names) and (M, names).

    A value is lost if the fakes show it less than a tenth as often as the reals do. Values that
    fewer than `LEAST` reals show do not count.
    """
    known, lost = 0, []
    for trait in traits(space):
        ours, theirs = trait.values(fakes), trait.values(reals)
        for number, name in enumerate(trait.members):
            if (theirs == number).sum() < LEAST:
                continue
            known += 1
            if (ours == number).mean() < LOST * (theirs == number).mean():
                lost.append(name)
    return Coverage(known, tuple(lost))
