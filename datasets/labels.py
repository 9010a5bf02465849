"""The labels of pictures: one class, or a set of attributes.

Attributes may be given as scores. The rule is that of the anime notes: in a one-of group (hair
colour, eye colour) the largest value wins; any other attribute is on above 0.25. Values of 0 and 1
stay the same.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.attributes import ATTRIBUTES, groups_among
from datasets.errors import DataError
from datasets.finder import Finder
from foreign import bounds, records
from foreign.numbers import shown

ON_ABOVE = 0.25
LARGEST = 1e30  # below the largest float32
FILE_COLUMNS = ("file", "filename", "image", "path")
CLASS_COLUMNS = ("label", "class")
AGE = "age"


@dataclass(frozen=True)
class Labels:
    """The labels of N pictures.

    kind "classes": `values` int32 (N,), the index into `names`.
    kind "attributes": `values` float32 (N, A) of 0 and 1, one column per name; `groups` are the
    one-of groups among the names (at most one member is on), the other names are independent.
    """

    kind: str
    names: tuple[str, ...]
    values: np.ndarray
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """Labels as read from a source: `labels` has a row for each index in `rows`, in that order."""

    rows: list[int]
    labels: Labels
    missing: str
    notes: list[str]


def class_names(names: set[str]) -> tuple[str, ...]:
    """The names in alphabetical order, whole numbers in numerical order."""
    numeric = all(re.fullmatch(r"-?\d{1,18}", name) for name in names)
    return tuple(sorted(names, key=(lambda name: (int(name), name)) if numeric else None))


def from_classes(classes: dict[int, str], missing: str, notes: list[str]) -> Found:
    """Class labels; `classes`: picture index → name of its class."""
    names = class_names(set(classes.values()))
    index = {name: i for i, name in enumerate(names)}
    rows = sorted(classes)
    values = np.array([index[classes[row]] for row in rows], np.int32)
    if len(names) == 1:
        notes = [*notes, f"There is only one class: {names[0]!r}."]
    return Found(rows, Labels("classes", names, values), missing, notes)


def from_folders(files: Sequence[str], folder: Sequence[str] = ()) -> Found:
    """Class labels: the class of a picture is its sub-folder of the data folder."""
    parts = [PurePosixPath(name).parts for name in files]
    classes = {row: part[0] for row, part in enumerate(parts) if len(part) > 1}
    if not classes:
        raise DataError(
            "--labels folders takes the sub-folders as classes, but every picture lies directly "
            "in the folder. Sort them into one sub-folder per class, or use --labels none."
        )
    return from_classes(classes, "lies in no sub-folder, so it has no class", [])


def from_csv(path: Path, files: Sequence[str], folder: Sequence[str] = ()) -> Found:
    """`file,label` gives classes; `file,attribute,attribute,…` gives attributes.

    `file,age` and `file,age,sex`, with any name in the place of "sex", give a one-of group for each
    of these columns; see `_from_choices`. A file is named by its path below the data folder, or by
    its file name if that is unique.
    """
    header, lines = _read_csv(path)
    names = tuple(header[1:])
    find = Finder(files, folder)
    rows, twice = {}, 0
    for number, line in lines:
        row = find(line[0])
        if row in rows:
            twice += 1
        elif row is not None:
            rows[row] = (number, line[1:])
    _need_one(rows, path, find)
    notes = _absent_notes(path, find.absent)
    if twice:
        notes.append(f"{path.name}: pictures named twice (the first line counts): {twice}.")
    missing = f"has no line in {path.name}"
    if len(names) == 1 and names[0].lower() in CLASS_COLUMNS:
        classes = {row: values[0].strip() for row, (_, values) in rows.items()}
        empty = [row for row, name in classes.items() if not name]
        for row in empty:
            del classes[row]
        _need_one(classes, path, find)
        return from_classes(classes, f"{missing}, or an empty label there", notes)
    if names[0].lower() == AGE:
        choices = {row: [value.strip() for value in values] for row, (_, values) in rows.items()}
        complete = {row: values for row, values in choices.items() if all(values)}
        _need_one(complete, path, find)
        return _from_choices(names, complete, f"{missing}, or an empty label there", notes)
    scores = np.zeros((len(rows), len(names)), np.float32)
    for position, row in enumerate(sorted(rows)):
        scores[position] = _numbers(path, *rows[row], names)
    return _from_scores(sorted(rows), names, scores, missing, notes, path.name)


def from_json_folder(folder: Path, files: Sequence[str], pictures: Sequence[str] = ()) -> Found:
    """One JSON per picture, `{"blonde hair": 0, …}`, named after the picture.

    It is looked for at the picture's path below `folder`, then by its file name.
    """
    found = sorted(folder.rglob("*.json"))
    if not found:
        raise DataError(f"No .json file in the labels folder {str(folder)!r}.")
    find = Finder(files, pictures, by_stem=True)
    rows = {}
    unknown: Counter[str] = Counter()
    for path in found:
        row = find(path.relative_to(folder).with_suffix("").as_posix())
        if row is None:
            continue
        values = _read_json(path)
        unknown.update(values.keys() - set(ATTRIBUTES))
        rows[row] = values
    _need_one(rows, folder, find, ".json")
    if not any(values.keys() & set(ATTRIBUTES) for values in rows.values()):
        raise DataError(
            f"None of the {len(ATTRIBUTES)} known attributes is in the JSON files of "
            f"{str(folder)!r}; found {some(sorted(unknown))}. Known: {', '.join(ATTRIBUTES)}."
        )
    notes = _absent_notes(folder, [f"{name}.json" for name in find.absent])
    if unknown:
        total = ", ".join(f"{name!r} ({count})" for name, count in unknown.most_common(5))
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        notes.append(f"{folder.name}: unknown attributes are ignored: {total}{more}.")
    order = sorted(rows)
    scores = np.array([[rows[row].get(name, 0) for name in ATTRIBUTES] for row in order])
    missing = f"has no .json in {folder.name}"
    return _from_scores(order, ATTRIBUTES, scores, missing, notes, folder.name)


def threshold(
    scores: np.ndarray, names: tuple[str, ...], groups: dict[str, tuple[str, ...]]
) -> np.ndarray:
    """Scores (N, A) → float32 (N, A) of 0 and 1 by the rule at the top of this file."""
    on = (scores > ON_ABOVE).astype(np.float32)
    for members in groups.values():
        columns = [names.index(name) for name in members]
        group = scores[:, columns]
        best = group.argmax(axis=1)
        on[:, columns] = 0
        on[np.arange(len(on)), np.array(columns)[best]] = group.max(axis=1) > 0
    return on


def _from_choices(
    columns: Sequence[str], choices: dict[int, list[str]], missing: str, notes: list[str]
) -> Found:
    """A one-of group for each column, whose members are the values that occur in it.

    `choices`: picture index → its value in each column. A value that begins with a digit gets the
    column's name before it ("age 4"), and so do all values of a column if another has one of them.
    """
    columns = [column.lower() for column in columns]
    found = [set(values) for values in zip(*choices.values(), strict=True)]
    times = Counter(value for values in found for value in values)
    groups: dict[str, tuple[str, ...]] = {}
    named: list[dict[str, str]] = []
    for column, values in zip(columns, found, strict=True):
        shared = any(times[value] > 1 for value in values)
        words = {v: f"{column} {v}" if shared or v[0].isdigit() else v for v in values}
        groups[column] = tuple(words[value] for value in class_names(values))
        named.append(words)
    names = tuple(name for members in groups.values() for name in members)
    place = {name: column for column, name in enumerate(names)}
    rows = sorted(choices)
    marked = np.zeros((len(rows), len(names)), np.float32)
    for position, row in enumerate(rows):
        for words, value in zip(named, choices[row], strict=True):
            marked[position, place[words[value]]] = 1
    return Found(rows, Labels("attributes", names, marked, groups), missing, notes)


def _from_scores(rows, names, scores, missing, notes, source) -> Found:
    groups = groups_among(names)
    values = threshold(np.asarray(scores, np.float32), names, groups)
    for group, members in groups.items():
        marked = np.asarray(scores)[:, [names.index(name) for name in members]]
        several = int(((marked >= 1).sum(axis=1) > 1).sum())
        none = int((marked <= 0).all(axis=1).sum())
        if several:
            notes.append(
                f"{source}: pictures with several of {group} (the first counts): {several}."
            )
        if none:
            notes.append(f"{source}: pictures with no {group}: {none}.")
    return Found(rows, Labels("attributes", names, values, groups), missing, notes)


def _read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        lines = records.read_table(path)
    except records.Unreadable as error:
        raise DataError(f"The label file {error}.") from None
    header = [name.strip() for name in lines[0][1]] if lines else []
    if len(header) < 2 or header[0].lower() not in FILE_COLUMNS:
        raise DataError(
            f"{str(path)!r} must start with a header 'file,label' or 'file,attribute,…'; "
            f"its first line is {','.join(header)!r}."
        )
    if not all(header):
        raise DataError(f"{str(path)!r} has a column without a name: {','.join(header)!r}.")
    if len(set(header)) < len(header):
        twice = next(name for name, count in Counter(header).items() if count > 1)
        raise DataError(f"{str(path)!r} has two columns named {twice!r}.")
    for number, line in lines[1:]:
        if len(line) != len(header):
            raise DataError(
                f"{str(path)!r}, line {number}: {len(line)} values, the header has {len(header)}."
            )
    return header, lines[1:]


def _numbers(path: Path, number: int, values: list[str], names: tuple[str, ...]) -> list[float]:
    result = []
    for name, text in zip(names, values, strict=True):
        try:
            value = float(text or 0)
        except ValueError:
            value = float("nan")
        if not abs(value) < LARGEST:
            raise DataError(
                f"{str(path)!r}, line {number}: {name!r} is {shown(text)}, not a number. "
                "Attributes are 0, 1 or a score; for class names call the one column 'label'."
            )
        result.append(value)
    return result


def _read_json(path: Path) -> dict[str, float]:
    """The values by attribute: numbers, or true and false."""
    form = records.Every((float, bool))
    try:
        values = records.read_object(path, form, bounds.SMALL_RECORD)
    except records.Unreadable as error:
        raise DataError(f"The label file {error}.") from None
    found = {name: float(value) for name, value in values.items()}
    for name, value in found.items():
        if not abs(value) < LARGEST:
            raise DataError(f"The label file {path}: {name!r} is {value}, not a finite number.")
    return found


def _need_one(rows: dict, source: Path, find: Finder, suffix: str = "") -> None:
    """Refuse labels of none of the pictures; names in the message end in `suffix`."""
    if rows:
        return
    if find.unchosen:
        raise DataError(
            f"{str(source)!r} labels none of the pictures that --count chose, but "
            f"{find.unchosen} others. Give a larger --count, or leave it out."
        )
    raise DataError(
        f"{str(source)!r} labels none of the pictures; it names "
        f"{some([name + suffix for name in find.absent])}. "
        "Files are named by their path below the data folder."
    )


def _absent_notes(source: Path, absent: list[str]) -> list[str]:
    if not absent:
        return []
    return [
        f"{source.name}: labels of pictures that are not there: {len(absent)} ({some(absent)})."
    ]


def some(names: Sequence[str]) -> str:
    """The first three names in quotes, and how many more there are; "nothing" for none."""
    shown = ", ".join(repr(name) for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown or "nothing"
