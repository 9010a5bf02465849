"""Captions of pictures: read from text files, or made from the attributes of a face.

Captions are made from templates in several wordings. Some wordings are held out: they use the same
words in another order, so that a model can be tested on sentences it never saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.attributes import EYE_COLOURS, HAIR_COLOURS
from datasets.errors import DataError
from datasets.finder import Finder
from datasets.labels import FILE_COLUMNS, Labels, some
from foreign import bounds, records

FILES, DRAWN = "files", "drawn"
Captions = tuple[tuple[str, ...], ...]  # of each picture, each of its captions
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
    """Each wording of a caption for these attributes, without duplicates.

    attributes  names of the attributes that are on, with a hair colour and an eye colour
    held_out    give the wordings for testing, not those for training

    Raises `DataError` without one of these colours.
    """
    on = set(attributes)
    hair, eyes = _hair(on), _one_of(EYE_COLOURS, on, "eye")
    worn, shown = (
        [text for name, text in words.items() if name in on] for words in (_WORN, _SHOWN)
    )
    wordings = _held_out if held_out else _training
    return tuple(dict.fromkeys(wordings(attributes, hair, eyes, worn, shown)))


def of_hair(attributes: Sequence[str]) -> str:
    """A held-out wording that tells the hair and what is worn, and nothing of the face."""
    on = set(attributes)
    worn = [text for name, text in _WORN.items() if name in on]
    return f"an anime girl: {', '.join([*worn, _hair(on)])}"


def of_labels(labels: Labels, held_out: bool = False) -> Captions:
    """The captions of N faces by their 34 attributes: `of_attributes` for each picture."""
    names = np.array(labels.names, object)
    return tuple(of_attributes(names[row > 0].tolist(), held_out) for row in labels.values)


def _hair(on: set[str]) -> str:
    words = [length for name, length in _LENGTHS.items() if name in on]
    words += [_one_of(HAIR_COLOURS, on, "hair")]
    words += [f"in {style}" for name, style in _STYLES.items() if name in on]
    return " ".join(words)


def _one_of(colours: Sequence[str], on: set[str], what: str) -> str:
    for name in colours:
        if name in on:
            return name
    raise DataError(f"A caption needs one {what} colour; there is none among {some(sorted(on))}.")


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


# === From files ===


def text_files(folder: Path, files: Sequence[str]) -> list[tuple[str, int, int]]:
    """The .txt files in the folders of these pictures: (path below `folder`, bytes, mtime in ns).

    They are part of a fingerprint. Raises `DataError` for a file that cannot be reached.
    """
    found = []
    for parent in sorted({PurePosixPath(name).parent for name in files}):
        try:
            for path in sorted((folder / parent).iterdir()):
                if path.suffix.lower() == ".txt" and not path.name.startswith("."):
                    status = path.stat()
                    name = (parent / path.name).as_posix()
                    found.append((name, status.st_size, status.st_mtime_ns))
        except OSError as error:
            raise DataError(f"Cannot read {error.filename!r}: {error.strerror}.") from None
    return found


def from_text_files(
    folder: Path, texts: Sequence[str], files: Sequence[str], every: Sequence[str] = ()
) -> Captioned:
    """One .txt beside each picture and named after it, with one caption a line.

    texts  the .txt files and `files` the pictures, as paths below `folder`
    every  all pictures of the folder, if `files` are only some of them

    Empty lines are skipped. Raises `DataError` for a file without a caption.
    """
    stems = {str(PurePosixPath(name).with_suffix("")): name for name in texts}
    by_row = {}
    for row, name in enumerate(files):
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem in stems:
            by_row[row] = _lines(folder / stems[stem])
    pictured = {str(PurePosixPath(name).with_suffix("")) for name in every or files}
    absent = [name for stem, name in stems.items() if stem not in pictured]
    others = len(absent) < len(stems)
    return _captioned(by_row, str(folder), folder.name, absent, others, "has no .txt beside it")


def from_csv(path: Path, files: Sequence[str], folder: Sequence[str] = ()) -> Captioned:
    """`file,caption`: a picture may have several lines. Files are named as in a CSV of labels.

    Raises `DataError` for an unreadable file, an empty caption, and captions for no picture.
    """
    by_row: dict[int, tuple[str, ...]] = {}
    find = Finder(files, folder)
    for number, name, text in _read_csv(path):
        if not text.strip():
            raise DataError(f"{str(path)!r}, line {number}: the caption of {name!r} is empty.")
        row = find(name)
        if row is not None:
            by_row[row] = (*by_row.get(row, ()), text.strip())
    absent, missing = list(dict.fromkeys(find.absent)), f"has no caption in {path.name}"
    return _captioned(by_row, str(path), path.name, absent, find.unchosen > 0, missing)


def _captioned(
    by_row: dict[int, tuple[str, ...]],
    source: str,
    name: str,
    absent: list[str],
    others: bool,
    missing: str,
) -> Captioned:
    """`others`: whether there are captions of pictures that were not chosen."""
    if not by_row and others:
        raise DataError(
            f"{source!r} has a caption for none of the pictures that --count chose, only for "
            "others. Give a larger --count, or leave it out."
        )
    if not by_row:
        raise DataError(
            f"{source!r} has a caption for none of the pictures; it names {some(absent)}. A "
            "caption's file is named after its picture, or a line names the picture's path below "
            "the data folder."
        )
    notes = []
    if absent:
        notes = [
            f"{name}: captions of pictures that are not there: {len(absent)} ({some(absent)})."
        ]
    rows = sorted(by_row)
    return Captioned(rows, [by_row[row] for row in rows], missing, notes)


def _lines(path: Path) -> tuple[str, ...]:
    try:
        text = records.read_bytes(path, bounds.SMALL_RECORD).decode("utf-8-sig")
    except records.Unreadable as error:
        raise DataError(f"The caption {error}.") from None
    except UnicodeDecodeError:
        raise DataError(f"The caption {path} cannot be read: it is not UTF-8.") from None
    lines = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not lines:
        raise DataError(
            f"The caption file {str(path)!r} is empty; write a caption or delete the file."
        )
    return lines


def _read_csv(path: Path) -> list[tuple[int, str, str]]:
    """(line number, file, caption) of each line."""
    try:
        lines = records.read_table(path)
    except records.Unreadable as error:
        raise DataError(f"The caption file {error}.") from None
    header = [name.strip().lower() for name in lines[0][1]] if lines else []
    if len(header) != 2 or header[0] not in FILE_COLUMNS or header[1] not in TEXT_COLUMNS:
        raise DataError(
            f"{str(path)!r} must start with the header 'file,caption'; its first line is "
            f"{','.join(header)!r}."
        )
    for number, line in lines[1:]:
        if len(line) != 2:
            raise DataError(
                f"{str(path)!r}, line {number}: {len(line)} values, not a file and a caption. "
                'A caption with a comma is written in quotes: "…, …".'
            )
    return [(number, file, caption) for number, (file, caption) in lines[1:]]
