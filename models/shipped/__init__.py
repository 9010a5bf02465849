"""Generators that come with the project, by name: `generate.py anime` works without a training.

Each is a folder as `export.py --format keras --half --discriminator` writes it: the generator,
`model.json` with its passport, `README.md`, and the discriminator, with which a training goes on
(`--from anime`). What trained it and how well it does: samples/gallery/anime.md.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """All of them."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/generator.keras")))


def found(source: str | Path) -> str | Path:
    """The file of the generator if `source` is its name; anything else as it is.

    A file of that name, or a run's folder, where the user stands, comes first. Any other folder may
    hold the generator's results, as `--out anime` writes them.
    """
    users = Path(source)
    if str(source) in names() and not (users.is_file() or (users / "recipe.json").exists()):
        return FOLDER / str(source) / "generator.keras"
    return source
