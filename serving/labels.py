"""A generator's labels: reading them by name, drawing them at random."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from console.errors import UserError
from console.options import nearest
from foreign.numbers import shown
from models.recipe import Recipe

_OFF = "no "
_SHARE = (
    0.25  # share of an independent attribute whose frequency in the training data is not recorded
)


@dataclasses.dataclass(frozen=True)
class LabelSet:
    """The labels of a conditional generator.

    kind    "classes": one name a picture; "attributes": any set of names.
    groups  one-of groups of attributes: at most one member is on.
    shares  how often each name is on in the training data, 0 to 1; `None` if not recorded.
    examples  the attributes that are on in some of its pictures, as numbers: ("3 13 24", …); none
            if not recorded.
    """

    kind: str
    names: tuple[str, ...]
    groups: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    shares: tuple[float, ...] | None = None
    examples: tuple[str, ...] = ()

    def parse(self, wanted: str | Sequence[str]) -> dict[int, bool]:
        """`"blue hair, no glasses"` or a list of such texts → {index: on or off}.

        Raises `UserError` for unknown names (with the nearest and all known ones), for a word that
        could be several names, and for names that exclude each other.
        """
        texts = [wanted] if isinstance(wanted, str) else wanted
        chosen: dict[int, bool] = {}
        for name, on in itertools.chain.from_iterable(map(self._found_in, texts)):
            index = self.names.index(name)
            if chosen.get(index, on) is not on:
                raise UserError(f"{name!r} is asked for both on and off")
            chosen[index] = on
        self._refuse_conflicts([self.names[index] for index, on in chosen.items() if on])
        return chosen

    def draw(
        self, count: int, rng: np.random.Generator, wanted: dict[int, bool] | None = None
    ) -> np.ndarray:
        """`count` labels: `wanted` ones as given, the rest as often as in the training data.

        With examples, a label is that of one picture. If it lacks what is wanted outside of groups,
        its attributes outside of groups become those of the most similar picture that has it all,
        or the most of it.

        int32 (count,) for classes, float32 (count, len(names)) of 0 and 1 for attributes.
        """
        wanted = wanted or {}
        # A wish leaves the rest.
        uniform = rng.random((count, len(self.names) + bool(self.examples)))
        if self.kind == "classes":
            return self._draw_classes(uniform[:, 0], wanted)
        groups = [[self.names.index(name) for name in each] for each in self.groups.values()]
        if self.examples:
            values = self._draw_examples(
                uniform[:, -1], wanted, [i for each in groups for i in each]
            )
            groups = [members for members in groups if not wanted.keys().isdisjoint(members)]
        else:
            values = (uniform < self.drawn_shares()).astype("float32")
        for members in groups:
            self._draw_group(values, uniform, members, wanted)
        for index, on in wanted.items():
            values[:, index] = on
        return values

    def way_of_drawing(self) -> str | None:
        """How `draw` joins attributes, for the protocol of a measurement; None for classes."""
        if self.kind != "attributes":
            return None
        return "together, as in pictures" if self.examples else "each by its share"

    def free(self, wanted: dict[int, bool]) -> np.ndarray:
        """Which weights of labels a search may change, bool (len(names),).

        Not those that `wanted` determines, its own and the rest of their groups, and no classes.
        """
        settled = set(wanted)
        for members in self.groups.values():
            group = {self.names.index(name) for name in members}
            if any(wanted.get(index) for index in group):
                settled |= group
        free = np.full(len(self.names), self.kind == "attributes")
        free[sorted(settled)] = False
        return free

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest weight of a label in a search, (len(names),) each."""
        return np.zeros(len(self.names), "float32"), np.ones(len(self.names), "float32")

    def describe(self, label: np.ndarray) -> str:
        """One label in words: the class, or the attributes that are on."""
        if self.kind == "classes":
            return self.names[int(label)]
        return ", ".join(name for name, on in zip(self.names, label, strict=True) if on > 0.5)

    def _found_in(self, text: str) -> Iterator[tuple[str, bool]]:
        """The names in a text, on or off. Commas separate them, but a name may hold a comma."""
        parts, start = text.split(","), 0
        most = 1 + max((name.count(",") for name in self.names), default=0)
        while start < len(parts):
            for stop in range(start + most, start, -1):
                found = self._find(",".join(parts[start:stop]))
                if found:
                    yield found
                    break
            else:
                self._refuse_unknown(" ".join(parts[start].split()))
            start = stop

    def _find(self, word: str) -> tuple[str, bool] | None:
        """The name that a word asks for, on or off; None if it is no name."""
        name = named(word, self.names)
        if name is not None:
            return name, True
        word = word.strip()
        if self.kind == "attributes" and word.lower().startswith(_OFF):
            name = named(word[len(_OFF) :], self.names)
        return None if name is None else (name, False)

    def _refuse_unknown(self, word: str) -> None:
        """Raise `UserError` unless `word` is empty."""
        if word:
            what = "class" if self.kind == "classes" else "attribute"
            known = ", ".join(self.names)
            raise UserError(f"unknown {what} {word!r}{nearest(word, self.names)}. Known: {known}")

    def _refuse_conflicts(self, on: list[str]) -> None:
        groups = {"class": self.names} if self.kind == "classes" else self.groups
        for group, members in groups.items():
            together = [name for name in on if name in members]
            if len(together) > 1:
                raise UserError(f"only one {group} at a time, not {' and '.join(together)}")

    def drawn_shares(self) -> np.ndarray:
        """How often `draw` switches each name on, before one of a group excludes the others."""
        if self.shares is not None:
            return np.asarray(self.shares)
        shares = np.full(len(self.names), _SHARE)
        for members in self.groups.values():
            shares[[self.names.index(name) for name in members]] = 1 / len(members)
        return shares

    def _draw_classes(self, uniform: np.ndarray, wanted: dict[int, bool]) -> np.ndarray:
        if wanted:
            return np.full(len(uniform), next(iter(wanted)), "int32")
        shares = np.full(len(self.names), 1.0) if self.shares is None else np.array(self.shares)
        return _pick(uniform, shares).astype("int32")

    def _draw_examples(
        self, uniform: np.ndarray, wanted: dict[int, bool], grouped: list[int]
    ) -> np.ndarray:
        """One example per number; outside of groups, as near to it as the wishes permit."""
        known = np.zeros((len(self.examples), len(self.names)), "float32")
        for row, example in zip(known, self.examples, strict=True):
            row[[int(number) for number in example.split()]] = 1.0
        chosen = (uniform * len(known)).astype(int)
        values = known[chosen]
        loose = {index: on for index, on in wanted.items() if index not in grouped}
        if not loose:
            return values
        free = np.setdiff1d(np.arange(len(self.names)), grouped)
        agreed = (known[:, list(loose)] == np.array(list(loose.values()))).sum(axis=1)
        best = np.flatnonzero(agreed == agreed.max())
        fitting = known[np.ix_(best, free)]
        for row, own in zip(values, chosen, strict=True):
            distance = (fitting != row[free]).sum(axis=1)
            nearest = np.lexsort(((best - own) % len(known), distance))[0]
            row[free] = fitting[nearest]
        return values

    def _draw_group(
        self, values: np.ndarray, uniform: np.ndarray, members: list[int], wanted: dict[int, bool]
    ) -> None:
        """Switch on one member per row, or none, as often as in the training data."""
        values[:, members] = 0.0
        if any(wanted.get(index) for index in members):
            return
        shares = self.drawn_shares()[members]
        shares[[wanted.get(index) is False for index in members]] = 0.0
        none = max(0.0, 1.0 - self.drawn_shares()[members].sum())
        chosen = _pick(uniform[:, members[0]], np.append(shares, none))
        rows = np.flatnonzero(chosen < len(members))
        values[rows, np.asarray(members)[chosen[rows]]] = 1.0


def named(word: str, names: Sequence[str]) -> str | None:
    """The name that `word` is: exactly, or else but for capitals and spaces; None without one.

    Raises `UserError` if several names differ from it in capitals and spaces alone.
    """
    for exact in (word, word.strip()):
        if exact in names:
            return exact
    alike = [name for name in dict.fromkeys(names) if _folded(name) == _folded(word)]
    if len(alike) > 1:
        raise UserError(
            f"{word.strip()!r} could be {' or '.join(map(repr, alike))}; write it exactly so"
        )
    return alike[0] if alike else None


def _folded(name: str) -> str:
    return " ".join(name.lower().split())


def _pick(uniform: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Indices with probabilities in proportion to `shares`, one per number in [0, 1)."""
    edges = np.cumsum(shares) / max(shares.sum(), 1e-12)
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(shares) - 1)


def of_metadata(recipe: Recipe, known: dict[str, Any] | None) -> LabelSet | None:
    """The labels of a generator from its file's metadata; numbers if they have no names."""
    if not recipe.conditional:
        return None
    if not known:
        return LabelSet(recipe.label_kind, tuple(str(i) for i in range(recipe.num_labels)))
    names = tuple(map(str, known["names"]))
    if len(names) != recipe.num_labels:
        raise UserError(
            f"the generator takes {recipe.num_labels} labels but its file names {len(names)}"
        )
    return LabelSet(
        recipe.label_kind,
        names,
        _groups(known.get("groups") or {}, names),
        _shares(known.get("shares"), len(names)),
        _examples(known.get("examples") or (), len(names)),
    )


def _groups(known: dict[str, Sequence[str]], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The groups of a file, each checked to hold names."""
    for group, members in known.items():
        unknown = [member for member in members if member not in names]
        if unknown or not members:
            what = f"{shown(unknown[0])}, which is none of its labels" if unknown else "no label"
            raise UserError(
                f"the group {shown(group)} in the generator's file holds {what}; the file is "
                "damaged, so export the generator again"
            )
    return {group: tuple(members) for group, members in known.items()}


def _shares(known: Sequence[float] | None, names: int) -> tuple[float, ...] | None:
    """The shares of a file, checked to be one for each name."""
    if not known:
        return None
    wrong = [share for share in known if not 0 <= share <= 1]
    if wrong or len(known) != names:
        found = shown(wrong[0]) if wrong else f"{len(known)} of them"
        raise UserError(
            f"the shares of labels in the generator's file must be {names} numbers from 0 to 1, "
            f"not {found}; the file is damaged, so export the generator again"
        )
    return tuple(known)


def _examples(known: Sequence[str], names: int) -> tuple[str, ...]:
    """The examples of a file, each checked to hold numbers of names."""
    possible = {str(number) for number in range(names)}
    for example in known:
        if not possible.issuperset(example.split()):
            raise UserError(
                f"an example of labels in the generator's file must be numbers from 0 to "
                f"{names - 1}, not {shown(example)}"
            )
    return tuple(known)
