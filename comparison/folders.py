"""What the folders of an entry's runs are called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from console.errors import UserError
from models.recipe_files import is_file

_LONGEST = 120  # letters of a folder's name


def name(title: str) -> str:
    """The name of the folders of an entry's runs, before their seeds."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in title)
    if is_file(title.partition(":")[0]) or len(safe) > _LONGEST:  # else two may have one folder
        safe = f"{safe[:_LONGEST]}-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    return safe


def refuse_shared(titles: Iterable[str]) -> None:
    """Raise `UserError` for two entries whose runs would have one folder, as +aug and -aug.

    Only the first one would be trained, and count as both.
    """
    known: dict[str, str] = {}
    for title in titles:
        other = known.setdefault(name(title), title)
        if other != title:
            raise UserError(
                f"{other} and {title} would have one folder, {name(title)}, where only letters and "
                "digits count; write one of them otherwise"
            )
