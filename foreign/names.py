"""Names of files from outside: as an option gives them, and as a screen can show them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from foreign import bounds
from foreign.numbers import shown


def problem(name: str | os.PathLike) -> str | None:
    """Why no file can have this name, in words that follow it, or None."""
    text = os.fspath(name)
    if not text.strip():
        return "is empty; . is the current folder"
    if "\0" in text:
        return "holds a NUL character"
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        return "holds half a letter"
    longest = max(map(len, encoded.split(os.fsencode(os.sep))))
    if longest > bounds.NAME or len(encoded) > bounds.PATH:
        return f"is too long: {max(longest, len(encoded))} bytes"
    return None


def path(text: str) -> Path:
    """An argparse type: a path that can exist."""
    return Path(word(text))


def word(text: str) -> str:
    """An argparse type: a path that can exist, or the name or number of something."""
    if wrong := problem(text):
        raise argparse.ArgumentTypeError(f"the name {shown(text)} {wrong}")
    return text


def printable(text: str) -> str:
    r"""`text` as one line for a screen, so that a file's name can neither break nor colour it.

    Bytes that are not UTF-8 become "\xff", control characters "\x1b".
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == " " else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte of a name that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
