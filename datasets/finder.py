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
    """

    def __init__(self, files: Sequence[str], by_stem: bool = False) -> None:
        paths = [PurePosixPath(name) for name in files]
        if by_stem:
            paths = [path.with_suffix("") for path in paths]
        times = Counter(path.name for path in paths)
        self._full = {str(path): row for row, path in enumerate(paths)}
        self._bare = {path.name: row for row, path in enumerate(paths) if times[path.name] == 1}
        self._named: dict[int, str] = {}

    def __call__(self, name: str) -> int | None:
        """The picture's index, or None."""
        path = PurePosixPath(name.strip().replace("\\", "/").removeprefix("./"))
        row = self._full.get(str(path), self._bare.get(path.name))
        if row is not None and (other := self._named.setdefault(row, str(path))) != str(path):
            raise DataError(
                f"{other!r} and {str(path)!r} both name one picture of the data folder, by its "
                "file name. Leave one out, or give the folder that holds both."
            )
        return row
