"""What a run of the pipeline left and said."""

import csv
from pathlib import Path


def rows(out: Path) -> list[dict]:
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def by_picture(out: Path) -> dict[str, dict]:
    return {row["picture"]: row for row in rows(out)}


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def looked_at(lines: list[str]) -> str:
    return lines[0].split(", ")[1]
