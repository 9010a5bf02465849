"""Finding the two sub-folders of a folder that are the two domains."""

import os
from pathlib import Path

from datasets import decode
from datasets.errors import DataError
from datasets.labels import some

TRAINING = ("trainA", "trainB")  # their names in CycleGAN's data sets
PARTS = {"train", "val", "valid", "validation", "test"}  # parts of one data set, not domains


def two(folder: Path) -> tuple[Path, Path] | None:
    """trainA and trainB, or the only two sub-folders with pictures, in alphabetical order.

    None if there are no two. Raises `DataError` if they are parts of one data set, such as train
    and test, which must not be taken for domains or for pairs. Also raises it if there are pictures
    beside them, in neither domain.
    """
    if all((folder / name).is_dir() for name in TRAINING):
        return folder / TRAINING[0], folder / TRAINING[1]
    found = with_pictures(folder)
    if parts := [path.name for path in found if path.name.lower() in PARTS]:
        raise DataError(
            f"{str(folder)!r} holds {' and '.join(parts)}, the parts of one data set, not domains; "
            f"give one of them: {str(folder / parts[0])!r}."
        )
    if len(found) != 2:
        return None
    if loose := sorted(path.name for path in folder.iterdir() if _is_picture(path.name)):
        raise DataError(
            f"{str(folder)!r} holds pictures ({some(loose)}) beside {found[0].name!r} and "
            f"{found[1].name!r}, in neither domain; move them into one, or elsewhere."
        )
    return found[0], found[1]


def with_pictures(folder: Path) -> list[Path]:
    """The sub-folders that hold a picture at any depth, in alphabetical order.

    An empty list if it is not a folder. Raises `DataError` for a folder that cannot be read.
    """
    if not folder.is_dir():
        return []
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise DataError(f"Cannot read the folder {str(folder)!r}: {error.strerror}.") from None
    return [path for path in inner if not _hidden(path.name) and _holds_one(path)]


def among_pictures(path: Path, data: Path) -> bool:
    """Whether a picture at `path`, or in a folder there, would be one of the folder `data`.

    False if `data` is no folder, but the name of a set.
    """
    if not os.path.isdir(data):  # False also for names that cannot exist
        return False
    inner, outer = path.resolve(), data.resolve()
    if not inner.is_relative_to(outer):
        return False
    return not any(map(_hidden, inner.relative_to(outer).parts))


def titles(first: str | os.PathLike, second: str | os.PathLike) -> tuple[str, str]:
    """Titles of two folders: their names, or their whole paths if the names are the same."""
    names = Path(first).expanduser().resolve().name, Path(second).expanduser().resolve().name
    return names if names[0] != names[1] else (str(first), str(second))


def _holds_one(folder: Path) -> bool:
    for _, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not _hidden(name)]
        if any(map(_is_picture, names)):
            return True
    return False


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in decode.SUFFIXES and not name.startswith(".")


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))
