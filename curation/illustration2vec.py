"""Reading and writing tags in the JSON of illustration2vec, one file per picture.

The notes' form is `{"blonde hair": 0.02, …}`, also with 0 and 1; illustration2vec itself writes
`{"general": [["blonde hair", 0.93], …], …}`. Both are read, the first is written.
"""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from datasets.attributes import ATTRIBUTES
from datasets.errors import DataError
from foreign import bounds, records
from foreign.files import write_text


def read_folder(folder: Path) -> dict[str, dict[str, float]]:
    """Every JSON below the folder: its path without the suffix → probability by attribute.

    Raises `DataError` if there is none, or if one has another form.
    """
    files = sorted(folder.rglob("*.json")) if folder.is_dir() else []
    if not files:
        raise DataError(f"There is no .json file in the tags' folder {str(folder)!r}.")
    return {path.relative_to(folder).with_suffix("").as_posix(): read(path) for path in files}


def read(path: Path) -> dict[str, float]:
    """The probabilities of the attributes that one file names."""
    try:
        found = records.read_json(path, bounds.SMALL_RECORD)
        if isinstance(found, list) and len(found) == 1:  # it gives a list of pictures
            found = found[0]
        general = found["general"] if "general" in found else list(found.items())
        named = {str(name): float(value) for name, value in general}
        if not all(map(math.isfinite, named.values())):
            raise ValueError("a value is not finite")
    except records.Unreadable as error:
        raise DataError(f"The tags in {error}.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"Cannot read the tags in {str(path)!r}: {error}.") from None
    return {name: named[name] for name in ATTRIBUTES if name in named}


def shared_names(names: Iterable[str]) -> set[str]:
    """The file names, without suffix, that pictures in several folders have."""
    paths = {PurePosixPath(name).with_suffix("") for name in names}
    times = Counter(path.name for path in paths)
    return {name for name, count in times.items() if count > 1}


def for_picture(
    tags: dict[str, dict[str, float]], name: str, shared: Collection[str] = ()
) -> dict[str, float] | None:
    """The tags of a picture by its path, or by its file name if only that is known.

    `shared`: the file names that several pictures have, which therefore mean none of them.
    """
    path = PurePosixPath(name).with_suffix("")
    by_name = None if path.name in shared else tags.get(path.name)
    return tags.get(str(path), by_name)


def write(folder: Path, file: str, values: dict[str, float]) -> None:
    """Write `folder`/`file` with the suffix .json, completely or not at all."""
    text = json.dumps(values, indent=1) + "\n"
    path = (folder / file).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
