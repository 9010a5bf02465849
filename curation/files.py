"""The folder that `--faces` writes.

OUT/
    faces/         the data set: faces that stay
    dropped/       dropped faces; the manifest says why
    manifest.csv   every face and every picture without one
    labels.csv     for --labels, if the faces were tagged
    review.html    for the user's decisions; it saves drop.txt
    kept.png       a sheet of some of the faces that stay
    .work/         the results so far
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import decode
from datasets.errors import DataError, PictureError
from foreign.files import remove_unfinished


class Folder:
    """Paths of the folder; it is made when missing.

    Raises `DataError` if it holds other files, if it contains the pictures' folder or lies in it
    (originals are never touched), or if it cannot be written.
    """

    def __init__(self, path: Path, raw: Path) -> None:
        inner, outer = path.resolve(), raw.resolve()
        if inner == outer or outer in inner.parents or inner in outer.parents:
            raise DataError(
                f"The faces' folder {str(path)!r} and the pictures' folder {str(raw)!r} must not "
                "contain each other: the pictures must stay unchanged."
            )
        self.path = path
        self.faces, self.dropped = path / "faces", path / "dropped"
        self.manifest, self.labels = path / "manifest.csv", path / "labels.csv"
        self.review, self.decisions = path / "review.html", path / "drop.txt"
        self.sheet, self.tags = path / "kept.png", path / "tags"
        self.work = path / ".work"
        try:
            if path.exists() and not self.work.is_dir() and any(path.iterdir()):
                raise DataError(
                    f"The folder {str(path)!r} holds other files; give a new or an empty one."
                )
            for folder in (self.work, self.faces, self.dropped):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"Cannot write in {str(path)!r}: {error.strerror}.") from None

    def remove_unfinished(self) -> None:
        """Delete the unfinished files of a killed run; call it only if no other run is active."""
        for folder in (self.path, *(path for path in self.path.rglob("*") if path.is_dir())):
            remove_unfinished(folder)

    def find(self, file: str) -> Path | None:
        """Where the file of a face is now."""
        for folder in (self.faces, self.dropped):
            if (folder / file).is_file():
                return folder / file
        return None

    def read(self, path: Path, size: int | None = None) -> Any:
        """The face in a file: uint8 (size, size, 3), or without a size the whole picture.

        Raises `DataError`, with the way out, if it is damaged.
        """
        try:
            return decode.read_whole(path) if size is None else decode.read(path, size)[0]
        except PictureError as error:
            raise DataError(
                f"The face {str(path)!r} cannot be read: {error}. Delete it to leave it out, or "
                f"delete {str(self.work)!r} to find all faces anew."
            ) from None

    def arrange(self, kept: Iterable[str]) -> None:
        """Move these faces to `faces/` and all others to `dropped/`."""
        kept = set(kept)
        for file in sorted(kept):
            _move(self.dropped / file, self.faces / file)
        for path in sorted(self.faces.rglob("*")):
            place = path.relative_to(self.faces)
            if path.is_file() and place.as_posix() not in kept:
                _move(path, self.dropped / place)

    def delete(self, file: str) -> None:
        """Remove a face that its changed picture no longer has."""
        for folder in (self.faces, self.dropped):
            (folder / file).unlink(missing_ok=True)


def _move(here: Path, there: Path) -> None:
    if here.is_file():
        there.parent.mkdir(parents=True, exist_ok=True)
        os.replace(here, there)


def utf8(name: str) -> str:
    r"""A file name as it is written to files: UTF-8, with `\xff` for bytes that are not."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
