"""The folder of a study: its plan is written once, and a changed one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from console.errors import UserError
from foreign import records
from foreign.files import write_json
from models.systems import recipe_of
from runs.files import made_folder
from studies.study import Study

_PLAN = {
    "study": str,
    "scale": str,
    "comparisons": records.Every({"entries": records.Every(records.Every(object))}),
}


def open_folder(study: Study, folder: Path) -> Path:
    """The study's folder with its plan in it. Raises `UserError` where `check` does."""
    check(study, folder)
    if not (folder / "plan.json").exists():
        write_json(made_folder(folder) / "plan.json", study.to_dict(), shared=True)
    return folder


def check(study: Study, folder: Path) -> None:
    """Raise `UserError` if the folder holds another study, or runs of another form of the plan."""
    path, wanted = folder / "plan.json", json.loads(json.dumps(study.to_dict()))
    if not path.exists():
        return
    try:
        known = _up_to_date(records.read_object(path, _PLAN))
    except ValueError as error:
        raise UserError(f"{error}; give another --out, or delete {folder}") from error
    if (known.get("study"), known.get("scale")) != (wanted["study"], wanted["scale"]):
        raise UserError(
            f"{folder} holds the study {known.get('study')} at the scale {known.get('scale')}; "
            "give another --out"
        )
    if changed := _first_difference(known, wanted):
        raise UserError(
            f"the plan was changed after the runs in {folder} had begun: {changed} differs. "
            "Put it back, or give another --out for the new plan"
        )


def _up_to_date(known: dict[str, Any]) -> dict[str, Any]:
    """A kept plan with the fields that recipes have got since, at their defaults.

    Raises ValueError for a recipe that cannot be.
    """
    for comparison in known.get("comparisons", {}).values():
        for arm, recipe in comparison.get("entries", {}).items():
            comparison["entries"][arm] = json.loads(json.dumps(recipe_of(recipe).to_dict()))
    return known


def _first_difference(known: Any, wanted: Any, place: str = "") -> str:
    """Where two values from JSON differ first; "" if they are equal."""
    if isinstance(known, dict) and isinstance(wanted, dict):
        for name in dict.fromkeys([*wanted, *known]):
            if name not in known or name not in wanted:
                return f"{place}{name}"
            if found := _first_difference(known[name], wanted[name], f"{place}{name}/"):
                return found
        return ""
    if isinstance(known, list) and isinstance(wanted, list) and len(known) == len(wanted):
        pairs = enumerate(zip(known, wanted, strict=True), start=1)
        below = (_first_difference(*both, f"{place}{number}/") for number, both in pairs)
        return next(filter(None, below), "")
    return "" if known == wanted else place.rstrip("/")
