"""The folder of results."""

from __future__ import annotations

from pathlib import Path

from console.errors import UserError


def made_folder(path: Path) -> Path:
    """The folder of results, made if it is not there. Raises `UserError` if that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot write to --out {path}: {reason}") from error
    return path
