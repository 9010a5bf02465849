"""Which picture a table or a file means by a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from datasets.errors import DataError


class Finder:
    """name → index of the picture, by its path below the folder or by its unique file name.

    So a name may have folders that are not there, such as images/. Raises `DataError` for two such
    names of one picture: one of them means another.

    Args:
        files: the pictures.
        folder: all pictures of the folder, if `files` are only some of them.
        by_stem: whether names lack the suffix.
    """

    def __init__(
        self, files: Sequence[str], folder: Sequence[str] = (), by_stem: bool = False
    ) -> None:
        key = (lambda path: path.with_suffix("")) if by_stem else (lambda path: path)
        paths = [key(PurePosixPath(name)) for name in folder or files]
        times = Counter(path.name for path in paths)
        self._full = {str(path): str(path) for path in paths}
        self._bare = {path.name: str(path) for path in paths if times[path.name] == 1}
        self._rows = {str(key(PurePosixPath(name))): row for row, name in enumerate(files)}
        self._named: dict[str, str] = {}

    def __call__(self, name: str) -> int | None:
        """The picture's index, or None."""
        path = PurePosixPath(name.strip().replace("\\", "/").removeprefix("./"))
        found = self._full.get(str(path), self._bare.get(path.name))
        if found is None:
            return None
        if (other := self._named.setdefault(found, str(path))) != str(path):
            raise DataError(
                f"{other!r} and {str(path)!r} both name one picture of the data folder, by its "
                "file name. Leave one out, or give the folder that holds both."
            )
        return self._rows.get(found)
