"""The one reader of small files: JSON, and tables as CSV.

A file may be damaged, edited by hand or made by a stranger. So each of its errors is an
`Unreadable`, whose words follow the name of the file: "run.json cannot be read: it is empty".
"""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreign import bounds
from foreign.numbers import shown


class Unreadable(ValueError):
    """A file that is not what it should be; one line that names the file and says why."""


def one_line(error: object) -> str:
    """What an error says, for a message: one line of at most 120 letters."""
    return " ".join(str(error).split())[:120]


def read_bytes(path: Path, most: int) -> bytes:
    """The whole content of an ordinary file of at most `most` bytes. Raises `Unreadable`."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path} cannot be read: it is not a file")
        if status.st_size > most:
            raise Unreadable(
                f"{path} cannot be read: it has {status.st_size:,} bytes, and {most:,} are the most"
            )
        return path.read_bytes()
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unreadable(f"{path} cannot be read: {reason}") from error


def read_json(path: Path, most: int = bounds.RECORD) -> Any:
    """The value in a JSON file. Raises `Unreadable`."""
    return parse_json(read_bytes(path, most), str(path))


def read_object(
    path: Path, form: Any, most: int = bounds.RECORD, needed: Sequence[str] = ()
) -> dict[str, Any]:
    """The object in a JSON file, with the members `needed`, in the form `form`; see `misfit`."""
    value = read_json(path, most)
    refuse_misfit(value, form, str(path))
    for name in needed:
        if name not in value:
            raise Unreadable(f"{path} cannot be used: it says nothing of {name}")
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file. Raises `Unreadable`."""
    text = read_bytes(path, bounds.SMALL_RECORD)
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, numbers of many digits
        raise Unreadable(f"{path} cannot be read: it is not TOML ({one_line(error)})") from error


def parse_json(text: bytes, name: str) -> Any:
    """The value in the text of a JSON file called `name`. Raises `Unreadable`."""
    if not text.strip():
        raise Unreadable(f"{name} cannot be read: it is empty")
    try:
        return json.loads(text.decode("utf-8-sig"), parse_int=_whole)
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"it is not JSON ({error.msg}, line {error.lineno})"
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deeply"
    raise Unreadable(f"{name} cannot be read: {reason}")


def _whole(digits: str) -> int:
    if len(digits) > bounds.DIGITS:
        raise ValueError(f"it holds a number of {len(digits):,} digits")
    return int(digits)


# === What a record may hold ===


class Every:
    """A form of objects with any names: each member has the form `form`."""

    def __init__(self, form: Any) -> None:
        self.form = form


def refuse_misfit(value: Any, form: Any, name: str) -> None:
    """Raise `Unreadable` if the record called `name` does not have the form `form`."""
    if wrong := misfit(value, form):
        raise Unreadable(f"{name} cannot be used: {wrong}")


def misfit(value: Any, form: Any, place: str = "") -> str | None:
    """How a value read from JSON differs from `form`, or None.

    form  str, int, float (any number), bool, None or object (anything); a list of one form, for
          lists; a mapping of forms, for objects, of which any members may be missing, and others
          are not looked at; `Every`; a tuple of forms
    """
    if form is object:
        return None
    if isinstance(form, tuple):
        found = [misfit(value, each, place) for each in form]
        return None if None in found else found[0]
    if isinstance(form, Every | Mapping):
        if not isinstance(value, dict):
            return _wrong(value, "an object", place)
        forms = dict.fromkeys(value, form.form) if isinstance(form, Every) else form
        inside = (name for name in value if name in forms)
        return _first(misfit(value[name], forms[name], _at(place, name)) for name in inside)
    if isinstance(form, list):
        if not isinstance(value, list):
            return _wrong(value, "a list", place)
        (each,) = form
        return _first(misfit(item, each, f"an item of {place}") for item in value)
    if form is None:
        return None if value is None else _wrong(value, "null", place)
    if form is float:
        right = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        right = isinstance(value, form) and (form is bool or not isinstance(value, bool))
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return None if right else _wrong(value, words[form], place)


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _first(found: Any) -> str | None:
    return next((wrong for wrong in found if wrong), None)


def _wrong(value: Any, wanted: str, place: str) -> str:
    return f"{place[:100] or 'it'} must be {wanted}, not {shown(value)}"


# === Tables ===


def read_table(path: Path, errors: str = "strict") -> list[tuple[int, list[str]]]:
    """The lines of a CSV that are not empty, each with its number, from 1. Raises `Unreadable`.

    `errors`: "replace" keeps lines that are not UTF-8, with other letters.
    """
    return list(table_lines(path, errors))


def table_lines(path: Path, errors: str = "strict") -> Iterator[tuple[int, list[str]]]:
    """`read_table`, line by line: a million lines in memory take a gigabyte."""
    try:
        content = io.BytesIO(read_bytes(path, bounds.TABLE))  # decoded line by line
        reader = csv.reader(io.TextIOWrapper(content, "utf-8-sig", errors, newline=""))
        yield from ((reader.line_num, line) for line in reader if any(line))
    except UnicodeDecodeError:
        raise Unreadable(f"{path} cannot be read: it is not UTF-8") from None
    except csv.Error as error:
        raise Unreadable(f"{path} cannot be read: {error}") from None
