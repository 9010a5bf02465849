"""What is said of each picture: read from text files, or made from the attributes of a face.

Words are made by templates in several wordings. Some wordings are held out: they say the same
with the same words in another order, so that a model can be tested on sentences it never saw.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.attributes import EYE_COLOURS, HAIR_COLOURS
from datasets.errors import DataError
from datasets.labels import FILE_COLUMNS, Labels, finder, some

VERSION = 1  # raise it when the words made from the same attributes change
FILES, DRAWN = "files", "drawn"
TEXT_COLUMNS = ("caption", "text")


@dataclass(frozen=True)
class Captioned:
    """Captions as read from a source: `texts` has a row for each index in `rows`, in order."""

    rows: list[int]
    texts: list[tuple[str, ...]]
    missing: str
    notes: list[str]


# === From the attributes of a face ===

_LENGTHS = {"long hair": "long", "short hair": "short"}
_STYLES = {"twintails": "twintails", "drill hair": "drills", "ponytail": "a ponytail"}
_WORN = {"glasses": "glasses", "hat": "a hat", "ribbon": "a ribbon"}
_SHOWN = {"smile": "a smile", "open mouth": "an open mouth", "blush": "a blush"}


def of_attributes(attributes: Sequence[str], held_out: bool = False) -> tuple[str, ...]:
    """Each wording of what these attributes say, without doubles.

    attributes  names of those that are on, with a hair colour and an eye colour
    held_out    the wordings kept for testing, not those to train on
    """
    on = set(attributes)
    hair = _hair(on)
    eyes = next(name for name in EYE_COLOURS if name in on)
    worn, shown = ([text for name, text in words.items() if name in on] for words in (_WORN, _SHOWN))
    wordings = _held_out if held_out else _training
    return tuple(dict.fromkeys(wordings(attributes, hair, eyes, worn, shown)))


def of_labels(labels: Labels, held_out: bool = False) -> tuple[tuple[str, ...], ...]:
    """The captions of N faces by their 34 attributes; as `of_attributes`, for each picture."""
    names = np.array(labels.names, object)
    return tuple(of_attributes(names[row > 0].tolist(), held_out) for row in labels.values)


def _hair(on: set[str]) -> str:
    words = [length for name, length in _LENGTHS.items() if name in on]
    words += [next(name for name in HAIR_COLOURS if name in on)]
    words += [f"in {style}" for name, style in _STYLES.items() if name in on]
    return " ".join(words)


def _training(attributes, hair, eyes, worn, shown) -> list[str]:
    has = f"she has {_and([hair, eyes, *shown])}"
    return [
        f"a girl with {_and([hair, eyes, *worn, *shown])}",
        f"a girl with {hair}" + (f" and {_and(worn)}" if worn else ""),
        ", ".join(attributes),
        ", ".join(name for name in attributes if name != eyes),
        f"an anime face: {', '.join([hair, eyes, *worn, *shown])}",
        f"{has} and she wears {_and(worn)}" if worn else has,
    ]


def _held_out(attributes, hair, eyes, worn, shown) -> list[str]:
    wears = f"she wears {_and(worn)} and " if worn else ""
    return [
        f"{wears}she has {_and([*shown, eyes, hair])}",
        f"an anime girl: {', '.join([*shown, *worn, eyes, hair])}",
        ", ".join(reversed(attributes)),
    ]


def _and(things: Sequence[str]) -> str:
    if len(things) == 1:
        return things[0]
    return f"{', '.join(things[:-1])} and {things[-1]}"
