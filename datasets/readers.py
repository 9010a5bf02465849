"""The readers of a folder's labels and captions, chosen by the user's word."""

import functools
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datasets import captions, labels
from datasets.errors import DataError

LABEL_WORDS = ("folders", "none")


def of_labels(
    folder: Path, spec: str | None
) -> tuple[Callable[[Sequence[str], Sequence[str]], labels.Found] | None, Any]:
    """((files, all of the folder) → Found, or None) and the labels' part of the fingerprint.

    Raises `DataError` for a name that is neither a file, a folder nor one of `LABEL_WORDS`.
    """
    if spec in (None, "none"):
        return None, None
    if spec == "folders":
        return labels.from_folders, "folders"
    path = Path(spec).expanduser()
    if spec and os.path.isdir(path):
        identity = [_identity(path, file) for file in sorted(path.rglob("*.json"))]
        return functools.partial(labels.from_json_folder, path), identity
    if os.path.isfile(path):
        return functools.partial(labels.from_csv, path), _contents(path)
    words = " or ".join(repr(word) for word in LABEL_WORDS)
    raise DataError(f"Labels {spec!r} is neither a CSV file, a folder of .json files nor {words}.")


def of_captions(
    folder: Path, files: Sequence[str], every: Sequence[str], spec: str | None
) -> tuple[Callable[[], captions.Captioned] | None, Any]:
    """(() → Captioned, or None without captions) and the captions' part of the fingerprint.

    `every`: all pictures of the folder, of which `files` may be some.
    Raises `DataError` for a name that is neither a file nor "files".
    """
    if spec is None:
        return None, None
    if spec == captions.FILES:
        texts = captions.text_files(folder, files)
        names = [name for name, _, _ in texts]
        return functools.partial(captions.from_text_files, folder, names, files, every), texts
    path = Path(spec).expanduser()
    if not os.path.isfile(path):
        raise DataError(f"Captions {spec!r} are neither a CSV file nor {captions.FILES!r}.")
    return functools.partial(captions.from_csv, path, files, every), _contents(path)


def _identity(folder: Path, file: Path) -> tuple[str, int, int]:
    """(path below `folder`, bytes, mtime in ns) of a file; -1, -1 for a dangling link."""
    try:
        status = file.stat()
    except OSError:
        return str(file.relative_to(folder)), -1, -1
    return str(file.relative_to(folder)), status.st_size, status.st_mtime_ns


def _contents(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"Cannot read {str(path)!r}: {error.strerror}.") from None
