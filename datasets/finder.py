"""Which picture a table or a file means by a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from datasets.errors import DataError


class Finder:
    """name → index of the picture, by its path below the folder or by its unique file name.

    So a name may have folders that are not there, such as images/. A name in one of the folders of
    the pictures means no picture of another folder. Raises `DataError` for two names of one
    picture: one of them means another.

    Args:
        files: the pictures.
        folder: all pictures of the folder, if `files` are only some of them.
        by_stem: whether names lack the suffix.

    Attributes:
        absent: the names so far that are those of no picture.
        unchosen: how many of the names so far are those of pictures that are not among `files`.
    """

    def __init__(
        self, files: Sequence[str], folder: Sequence[str] = (), by_stem: bool = False
    ) -> None:
        key = (lambda path: path.with_suffix("")) if by_stem else (lambda path: path)
        paths = [key(PurePosixPath(name)) for name in folder or files]
        times = Counter(path.name for path in paths)
        self._folders = {str(parent) for path in paths for parent in path.parents} - {"."}
        self._full = {str(path): str(path) for path in paths}
        self._bare = {path.name: str(path) for path in paths if times[path.name] == 1}
        self._rows = {str(key(PurePosixPath(name))): row for row, name in enumerate(files)}
        self._named: dict[str, str] = {}
        self.absent: list[str] = []
        self.unchosen = 0

    def __call__(self, name: str) -> int | None:
        """The picture's index, or None."""
        path = PurePosixPath(name.strip().replace("\\", "/").removeprefix("./"))
        found = self._full.get(str(path))
        if found is None and str(path.parent) not in self._folders:
            found = self._bare.get(path.name)
        if found is None:
            self.absent.append(name)
            return None
        if (other := self._named.setdefault(found, str(path))) != str(path):
            raise DataError(
                f"{other!r} and {str(path)!r} both name one picture of the data folder, by its "
                "file name. Leave one out, or give the folder that holds both."
            )
        row = self._rows.get(found)
        self.unchosen += row is None
        return row
