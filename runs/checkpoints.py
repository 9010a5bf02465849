"""The names of a run's checkpoints."""

from __future__ import annotations

import re
from pathlib import Path

from console.errors import UserError

KEPT, BEST = "-kept", "-best"
_SUFFIX = ".weights.h5"
_NAME = re.compile(rf"checkpoint-(\d{{8}})({KEPT}|{BEST})?{re.escape(_SUFFIX)}")


def name(step: int, kind: str = "") -> str:
    """The file name of the checkpoint of `step`.

    Of a `kind`, it stays when later ones are written: `KEPT` until a rollback, `BEST`, that of the
    best measurement, until a better one.
    """
    return f"checkpoint-{step:08d}{kind}{_SUFFIX}"


def is_checkpoint(path: str | Path) -> bool:
    """Whether a path names a checkpoint, by its ending, also if somebody has renamed it."""
    return Path(path).name.endswith(_SUFFIX)


def step_of(path: Path) -> int:
    """The training step at which the checkpoint `path` was written.

    Raises `UserError` if the file has another name, because somebody has renamed it.
    """
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise UserError(f"{path} does not have a checkpoint's name, such as {name(1000)}")
    return int(found[1])


def found(folder: Path) -> list[Path]:
    """All checkpoints in `folder`, the earliest step first."""
    return sorted(path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name))


def newest(folder: Path) -> Path | None:
    """The checkpoint of the latest step in `folder`, or `None`."""
    return max(found(folder), key=step_of, default=None)


def of_step(folder: Path, step: int) -> Path:
    """The checkpoint of that step, the one that `newest` gives while it is the latest."""
    return next(path for path in found(folder) if step_of(path) == step)


def plain(folder: Path) -> list[Path]:
    """Checkpoints that were written on schedule and may be removed, the earliest step first."""
    return of_kind(folder, "")


def of_kind(folder: Path, kind: str) -> list[Path]:
    """The checkpoints of that kind, the earliest step first."""
    return [path for path in found(folder) if path.name == name(step_of(path), kind)]
