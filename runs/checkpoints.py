"""The names of a run's checkpoints, and what they tell."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"checkpoint-(\d{8})(-kept)?\.weights\.h5")


def name(step: int, kept: bool = False) -> str:
    """The file name of the checkpoint of `step`; `kept`: it is never removed."""
    return f"checkpoint-{step:08d}{'-kept' if kept else ''}.weights.h5"


def step_of(path: Path) -> int:
    """The training step at which the checkpoint `path` was written."""
    return int(_NAME.fullmatch(path.name).group(1))


def found(folder: Path) -> list[Path]:
    """All checkpoints in `folder`, the earliest step first."""
    return sorted(path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name))


def newest(folder: Path) -> Path | None:
    """The checkpoint of the latest step in `folder`, or `None`."""
    return max(found(folder), key=step_of, default=None)


def plain(folder: Path) -> list[Path]:
    """Those that were written on schedule and may be removed, the earliest step first."""
    return [path for path in found(folder) if not _NAME.fullmatch(path.name).group(2)]
