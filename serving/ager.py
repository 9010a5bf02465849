"""`Ager`: a trained network that shows faces at another age, ready for use."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import re
from collections.abc import Sequence

import keras
import numpy as np

import datasets
from console.errors import UserError, user_errors
from console.options import nearest
from datasets.pixels import to_uint8
from models import sampling
from models.systems.caae.labels import chosen, taken
from serving.generator import compiled_for_device
from serving.labels import named
from serving.source import Source, layer_of
from serving.translator import BATCH, Translator


@dataclasses.dataclass(frozen=True)
class Target:
    """What a face is to become.

    Attributes:
        tag: the labels that vary, for file names, such as "age_4" or "age_4.male"; "" for one.
        caption: the words above a column of a sheet.
        ager: the network, set to this target.
    """

    tag: str
    caption: str
    ager: Ager


class Ager(Translator):
    """A translator that takes an age, and perhaps one more label: in float32, for inference.

    `network` is the functional Keras model, [(N, R, R, 3) in [-1, 1], age (N,), …] → (N, R, R, 3);
    `groups` are its labels with their classes by name, the age first, in order; `target` is the
    class of each that `translate`, `apply` and `film` use.
    """

    def __init__(self, source: Source):
        super().__init__(source)
        known = (self.metadata.get("labels") or {}).get("groups") or {}
        sizes = self.recipe.conditions
        # A file without names has numbers.
        self.groups: dict[str, tuple[str, ...]] = {
            name: tuple(members) for name, members in known.items()
        } or {name: tuple(map(str, range(size))) for name, size in sizes.items()}
        if [len(members) for members in self.groups.values()] != list(sizes.values()):
            raise UserError(f"{self.origin} takes {sizes} classes but its file names others")
        self.target = (0,) * len(self.groups)
        codes = layer_of(self.network, "codes", self.origin).output
        self._encoder = compiled_for_device(keras.Model(self.network.inputs[0], codes))

    @property
    def ages(self) -> tuple[str, ...]:
        """The names of the ages, from the youngest to the oldest."""
        return next(iter(self.groups.values()))

    @property
    def second(self) -> str:
        """The name of its second label, "" if it takes the age alone."""
        return next(itertools.islice(self.groups, 1, None), "")

    def at(self, *classes: int) -> Ager:
        """The same network with another `target`: an index for each label."""
        other = copy.copy(self)
        other.target = classes
        return other

    def translate(self, pictures: np.ndarray, batch_size: int = BATCH) -> np.ndarray:
        """Pictures (N, R, R, 3), uint8 or float in [-1, 1], at the target → uint8 (N, R, R, 3).

        Raises:
            UserError: pictures of another size than the network's.
        """
        return self.age(
            pictures, [np.full(len(pictures), each) for each in self.target], batch_size
        )

    def age(
        self, pictures: np.ndarray, classes: Sequence[np.ndarray], batch_size: int = BATCH
    ) -> np.ndarray:
        """Each picture with its own labels: int (N,) for each of `groups`; see `translate`."""
        with user_errors(ValueError):
            return to_uint8(sampling.relabel(self.network, pictures, classes, batch_size))

    def encode(self, pictures: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Pictures (N, R, R, 3), as in `age` → their codes, float32 (N, latent_dim)."""
        with user_errors(ValueError):
            return sampling.translate(self._encoder, pictures, batch_size)

    def classes_of(self, labels: datasets.Labels) -> list[np.ndarray]:
        """The classes of labelled pictures for `age`, int32 (N,) each.

        Raises `UserError` for labels without ages, and for ages that the network does not know.
        """
        with user_errors(ValueError):
            mine = taken(labels, self.second)
        found = []
        sizes = [len(members) for members in mine.groups.values()]
        for (group, members), theirs in zip(
            mine.groups.items(), chosen(mine.values, sizes), strict=True
        ):
            known = self.groups[group]
            if unknown := [member for member in members if member not in known]:
                raise UserError(
                    f"the pictures have the {group} {unknown[0]!r}, which {self.origin} does not "
                    f"know. Known: {', '.join(known)}"
                )
            found.append(np.array([known.index(member) for member in members], "int32")[theirs])
        return found

    def targets(self, age: str | None = None, second: str | None = None) -> list[Target]:
        """The targets with that age and second label, by name or number; None: with each of them.

        Raises `UserError` for a name that the network does not know.
        """
        asked = dict(zip(self.groups, (age, second), strict=False))
        choices = [
            range(len(members)) if asked[name] is None else [index_of(name, asked[name], members)]
            for name, members in self.groups.items()
        ]
        varied = [len(choice) > 1 for choice in choices]
        found = [self._target(classes, varied) for classes in itertools.product(*choices)]
        tags = [target.tag for target in found]
        if len(set(tags)) < len(tags):  # "<20" and ">20" in a file's name
            found = [
                dataclasses.replace(target, tag=f"{target.tag}_{number}")
                for number, target in enumerate(found)
            ]
        return found

    def _target(self, classes: tuple[int, ...], varied: Sequence[bool]) -> Target:
        words = [members[i] for members, i in zip(self.groups.values(), classes, strict=True)]
        told = [word for word, varies in zip(words, varied, strict=True) if varies]
        tag = ".".join(re.sub(r"[^\w-]+", "_", word) for word in told)
        return Target(tag, ", ".join(words), self.at(*classes))


def index_of(group: str, word: str, members: Sequence[str]) -> int:
    """The member of a group that `word` names: as it is, without the group's name, or its number.

    Numbers count from 0, and only if the members are not numbers themselves. Raises `UserError`,
    which lists the members, also for a word that could be several of them.
    """
    start = f"{group.lower()} "
    bare = [name[len(start) :] if name.lower().startswith(start) else name for name in members]
    for names in (members, bare):
        found = named(word, names)
        if found is not None:
            return names.index(found)
    word = " ".join(word.split())
    numbered = all(name.isdecimal() for name in bare)
    if word.isdecimal() and not numbered and int(word) < len(members):
        return int(word)
    raise UserError(
        f"unknown {group} {word!r}{nearest(word, members)}. Known: {', '.join(members)}"
    )
