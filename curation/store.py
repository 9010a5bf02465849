"""The results for all pictures and faces so far: one SQLite file, complete after every step.

A killed run loses only the pictures that it was processing. Names are kept as the file system's
bytes, since they may not be UTF-8.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError

SAME_FILE = "the same file as"
SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS picture (
    name BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER, digest TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS face (
    file TEXT PRIMARY KEY, picture BLOB, x INTEGER, y INTEGER, side INTEGER, tilt REAL,
    score REAL, padding REAL, aspect REAL, sharpness REAL, chroma REAL, thumbnail BLOB,
    features BLOB, tags TEXT);
CREATE INDEX IF NOT EXISTS face_picture ON face (picture);
"""


@dataclass(frozen=True)
class Crop:
    """A face that was cut out; `x`, `y` and `side` are its square in pixels of the picture.

    file       its path below `faces/` or `dropped/`
    tilt       degrees clockwise
    score      the detector's, or None
    padding    the share of the square beyond the picture's border, 0..1
    aspect     the long side of the detected box divided by the short one, ≥ 1
    sharpness, chroma   see `curation.quality`
    thumbnail  768 bytes, see `curation.duplicates`
    """

    file: str
    x: int
    y: int
    side: int
    tilt: float
    score: float | None
    padding: float
    aspect: float
    sharpness: float
    chroma: float
    thumbnail: bytes


@dataclass(frozen=True)
class Picture:
    """A processed picture: its crops, or the reason why there are none.

    `bytes` and `modified` (ns) are the file's when it was listed; `digest` is the SHA-256 of its
    contents, empty if they could not be read.
    """

    name: str
    bytes: int
    modified: int
    digest: str
    reason: str
    crops: tuple[Crop, ...] = ()


def damaged(path: Path) -> str:
    """The line for the user if the file holds something else than results."""
    return f"{str(path)!r} is damaged. Delete it: the faces are then found anew."


def _value(text: str) -> Any:
    """What a column of JSON holds. Raises `sqlite3.DatabaseError`, since it is damaged, if none."""
    try:
        return json.loads(text)
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(str(error)) from error


class Store:
    """The SQLite file, locked while it is open. Raises `DataError` if another run has it."""

    def __init__(self, path: Path) -> None:
        try:
            self._base = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                self._lock_and_check()
            except BaseException:
                self._base.close()
                raise
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error)
            what = "another run is at work there" if busy else f"{error}"
            raise DataError(f"Cannot open {str(path)!r}: {what}.") from None
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter in an error's own words
            raise DataError(damaged(path)) from None

    def _lock_and_check(self) -> None:
        self._base.text_factory = lambda text: text.decode("utf-8", "replace")
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("BEGIN EXCLUSIVE")
        self._base.execute("COMMIT")
        if self._base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError
        self._base.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def settle(self, settings: dict) -> dict:
        """Store the settings if there are none yet; returns the stored ones."""
        values = [(key, json.dumps(value)) for key, value in settings.items()]
        self._base.executemany("INSERT OR IGNORE INTO setting VALUES (?, ?)", values)
        found = self._base.execute("SELECT key, value FROM setting").fetchall()
        return {key: _value(value) for key, value in found}

    def change(self, key: str, value: object) -> None:
        """Replace one setting."""
        row = (key, json.dumps(value))
        self._base.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)

    def known(self) -> dict[str, tuple[int, int]]:
        """Every processed picture → (bytes, modified)."""
        rows = self._base.execute("SELECT name, bytes, modified FROM picture")
        return {os.fsdecode(name): (size, time) for name, size, time in rows}

    def digests(self) -> dict[str, str]:
        """Digest of the contents → the first picture that had them."""
        rows = self._base.execute(
            "SELECT digest, name FROM picture WHERE digest != '' AND reason NOT LIKE ?",
            (f"{SAME_FILE}%",),
        )
        return {digest: os.fsdecode(name) for digest, name in rows}

    def forget_copies_of(self, names: Iterable[str]) -> None:
        """Forget pictures that are copies of these, so that they are processed themselves."""
        for name in names:
            self._base.execute(
                "DELETE FROM picture WHERE reason LIKE ? AND digest = "
                "(SELECT digest FROM picture WHERE name = ?)",
                (f"{SAME_FILE}%", os.fsencode(name)),
            )

    def add(self, picture: Picture) -> list[str]:
        """Store a picture's results and replace earlier ones of this name.

        Returns the files of faces that no longer exist.
        """
        name = os.fsencode(picture.name)
        self._base.execute("BEGIN")
        old = {row[0] for row in self._base.execute("SELECT file FROM face WHERE picture = ?",
                                                    (name,))}  # fmt: skip
        self._base.execute("DELETE FROM face WHERE picture = ?", (name,))
        self._base.execute(
            "INSERT OR REPLACE INTO picture VALUES (?, ?, ?, ?, ?)",
            (name, picture.bytes, picture.modified, picture.digest, picture.reason),
        )
        self._base.executemany(
            "INSERT OR REPLACE INTO face VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
            [
                (c.file, name, c.x, c.y, c.side, c.tilt, c.score, c.padding, c.aspect,
                 c.sharpness, c.chroma, c.thumbnail)
                for c in picture.crops
            ],
        )  # fmt: skip
        self._base.execute("COMMIT")
        return sorted(old - {crop.file for crop in picture.crops})

    def pictures(self) -> Iterator[tuple[str, str]]:
        """(name, reason) of every picture, by name."""
        for name, reason in self._base.execute("SELECT name, reason FROM picture ORDER BY name"):
            yield os.fsdecode(name), reason

    def faces(self) -> list[dict]:
        """All faces by file, without the large columns.

        `picture` is a name, `tags` a dictionary of probabilities or None.
        """
        columns = ("file", "picture", "x", "y", "side", "tilt", "score", "padding", "aspect",
                   "sharpness", "chroma", "tags")  # fmt: skip
        rows = self._base.execute(f"SELECT {', '.join(columns)} FROM face ORDER BY file")
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        for face in found:
            face["picture"] = os.fsdecode(face["picture"])
            face["tags"] = None if face["tags"] is None else _value(face["tags"])
        return found

    def thumbnails(self) -> np.ndarray:
        """uint8 (N, 16, 16, 3), by file."""
        rows = self._base.execute("SELECT thumbnail FROM face ORDER BY file")
        return np.frombuffer(b"".join(row[0] for row in rows), np.uint8).reshape(-1, 16, 16, 3)

    def features(self) -> np.ndarray:
        """float16 (N, d), by file; zeros where a face has none, since its file is gone."""
        (count,) = self._base.execute("SELECT COUNT(*) FROM face").fetchone()
        result = None
        rows = self._base.execute("SELECT features FROM face ORDER BY file")
        for index, (blob,) in enumerate(rows):
            if blob is None:
                continue
            row = np.frombuffer(blob, np.float16)
            if result is None:
                result = np.zeros((count, len(row)), np.float16)
            result[index] = row
        return np.zeros((count, 1), np.float16) if result is None else result

    def without(self, column: str) -> list[str]:
        """The files of the faces that lack "features" or "tags"."""
        if column not in ("features", "tags"):
            raise ValueError(column)
        rows = self._base.execute(f"SELECT file FROM face WHERE {column} IS NULL ORDER BY file")
        return [row[0] for row in rows]

    def set_features(self, files: Iterable[str], features: np.ndarray) -> None:
        """Features (N, d) of N files, kept as float16."""
        rows = [(row.astype(np.float16).tobytes(), file)
                for file, row in zip(files, features, strict=True)]  # fmt: skip
        self._many("UPDATE face SET features = ? WHERE file = ?", rows)

    def set_tags(self, tags: dict[str, dict[str, float]]) -> None:
        """Probabilities by attribute, for each file."""
        rows = [(json.dumps(values), file) for file, values in tags.items()]
        self._many("UPDATE face SET tags = ? WHERE file = ?", rows)

    def forget_tags(self) -> None:
        """Untag all faces."""
        self._base.execute("UPDATE face SET tags = NULL")

    def _many(self, statement: str, rows: list[tuple]) -> None:
        self._base.execute("BEGIN")
        self._base.executemany(statement, rows)
        self._base.execute("COMMIT")
