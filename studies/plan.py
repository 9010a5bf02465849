"""The plan of a study, a TOML file; those that come with the project are in `studies/plans/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console.errors import UserError, user_errors
from console.options import nearest
from foreign import records
from foreign.names import problem
from foreign.numbers import shown
from studies import claims, comparisons, searches
from studies.comparisons import refuse_unknown
from studies.study import Study

PLANS = Path(__file__).parent / "plans"
# What a plan tells: claims about comparisons, or searches. Each has a scale's share of it.
_FRAME = {"title": str, "about": str}
_SCALE = {"seeds": int, "about": str}
_KINDS = {"claims": claims.KIND, "searches": searches.KIND}


def names() -> list[str]:
    """The plans that come with the project."""
    return sorted(path.stem for path in PLANS.glob("*.toml"))


def load(name: str, scale: str, seeds: int | None, out: str) -> Study:
    """The study that the plan `name`, or the file of that name, describes at `scale`.

    Args:
        seeds: runs of every arm that is compared; None: as many as the plan says.
        out: folder of its results.

    Raises:
        UserError: an unknown plan or scale, a file that is no plan, an arm that cannot be.
    """
    path = Path(name) if name.endswith(".toml") else PLANS / f"{name}.toml"
    if not name.endswith(".toml") and name not in names():
        raise UserError(
            f"there is no study {shown(name)}{nearest(name, names())}; known: "
            f"{', '.join(names())}, or a file that ends in .toml"
        )
    with user_errors(records.Unreadable):
        table, kind = _table(path)
    if scale not in table["scales"]:
        raise UserError(f"{path} has no scale {shown(scale)}; known: {', '.join(table['scales'])}")
    with user_errors(ValueError):
        return _study(path.stem, table, _KINDS[kind], scale, seeds, out)


def _table(path: Path) -> tuple[dict[str, Any], str]:
    """The content of a plan's file, and its kind. Raises `Unreadable`."""
    if wrong := problem(str(path)):
        raise records.Unreadable(f"{shown(str(path))} {wrong}")
    table = records.read_toml(path)
    kind = next((kind for kind in _KINDS if kind in table), "claims")
    records.refuse_misfit(table, _form(_KINDS[kind]), str(path))
    for name in ("title", "scales", *_KINDS[kind].needed):
        if not table.get(name):
            raise records.Unreadable(f"{path} cannot be used: it says nothing of {name}")
    return table, kind


def _form(kind: comparisons.Kind) -> dict[str, Any]:
    return _FRAME | kind.form | {"scales": records.Every(_SCALE | kind.scale_form)}


def _study(
    name: str,
    table: dict[str, Any],
    kind: comparisons.Kind,
    scale: str,
    seeds: int | None,
    out: str,
) -> Study:
    """The study in a plan's table. Raises ValueError or `UserError`."""
    chosen = table["scales"][scale]
    form = _form(kind)
    refuse_unknown(table, form, "the plan")
    refuse_unknown(chosen, _SCALE | kind.scale_form, f"scale {scale}")
    frame = {
        "name": name,
        "title": table["title"],
        "about": table.get("about", ""),
        "scale": scale,
        "about_scale": chosen.get("about", ""),
    }
    runs = seeds if seeds is not None else chosen.get("seeds", 3)
    return kind.read(frame, table, chosen, runs, out)
