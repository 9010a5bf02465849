"""The plan of a study: comparisons with their arms, claims with their rules, several scales.

It is read from a TOML file; those that come with the project are in `studies/plans/`.
"""

from __future__ import annotations

import copy
import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from comparison import plan as compare
from console.errors import UserError, user_errors
from console.options import nearest
from foreign import bounds, records
from foreign.names import problem
from foreign.numbers import shown
from studies import claims
from studies.claims import Claim

PLANS = Path(__file__).parent / "plans"
_SETTINGS = ("data", "steps", "minutes", "precision", "marks", "samples", "count", "also", "width")
_COMPARISON = dict.fromkeys(_SETTINGS, object) | {
    "changes": str, "arms": records.Every(str)
}  # fmt: skip
_SCALE = {"seeds": int, "about": str, "comparisons": records.Every(_COMPARISON)}
_FORM = {
    "title": str,
    "about": str,
    "comparisons": records.Every(_COMPARISON),
    "scales": records.Every(_SCALE),
    "claims": [claims.FORM],
}


@dataclasses.dataclass(frozen=True)
class Study:
    """A study at one scale.

    Attributes:
        name: the plan's, without folder and ending.
        about, about_scale: what the plan says of itself and of the scale.
        plans: comparison → its arms as entries of a `comparison.plan.Plan`.
        seeds: runs of every arm.
        words: comparison → arm → what compare.py would be told.
    """

    name: str
    title: str
    about: str
    scale: str
    about_scale: str
    seeds: int
    plans: dict[str, compare.Plan]
    words: dict[str, dict[str, str]]
    claims: tuple[Claim, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: all that the results and the verdicts depend on, so neither seeds nor words."""
        return {
            "study": self.name,
            "scale": self.scale,
            "comparisons": {name: plan.to_dict() for name, plan in self.plans.items()},
            "claims": [dataclasses.asdict(claim) for claim in self.claims],
        }

    def only(self, names: list[str]) -> Study:
        """The study of these claims alone, whose arms alone are trained. Raises `UserError`."""
        known = [claim.name for claim in self.claims]
        for name in names:
            if name not in known:
                raise UserError(
                    f"there is no claim {shown(name)}{nearest(name, known)}; "
                    f"known: {', '.join(known)}"
                )
        wanted = tuple(claim for claim in self.claims if claim.name in names)
        return dataclasses.replace(self, claims=wanted)

    def arms(self, comparison: str) -> list[str]:
        """The arms of a comparison that the claims read, in the plan's order."""
        read = {arm for claim in self.claims for arm in claim.arms(comparison)}
        return [arm for arm in self.plans[comparison].entries if arm in read]


def names() -> list[str]:
    """The plans that come with the project."""
    return sorted(path.stem for path in PLANS.glob("*.toml"))


def load(name: str, scale: str, seeds: int | None, out: str) -> Study:
    """The study that the plan `name`, or the file of that name, describes at `scale`.

    Args:
        seeds: runs of every arm; None: as many as the plan says.
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
        table = _table(path)
    if scale not in table["scales"]:
        raise UserError(f"{path} has no scale {shown(scale)}; known: {', '.join(table['scales'])}")
    with user_errors(ValueError):
        return _study(path.stem, table, scale, seeds, out)


def _table(path: Path) -> dict[str, Any]:
    """The content of a plan's file. Raises `Unreadable`."""
    if wrong := problem(str(path)):
        raise records.Unreadable(f"{shown(str(path))} {wrong}")
    text = records.read_bytes(path, bounds.SMALL_RECORD)
    try:
        table = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, numbers of many digits
        reason = " ".join(str(error).split())[:120]
        raise records.Unreadable(f"{path} cannot be read: it is not TOML ({reason})") from error
    records.refuse_misfit(table, _FORM, str(path))
    for name in ("title", "comparisons", "scales", "claims"):
        if not table.get(name):
            raise records.Unreadable(f"{path} cannot be used: it says nothing of {name}")
    return table


def _study(name: str, table: dict[str, Any], scale: str, seeds: int | None, out: str) -> Study:
    """The study in a plan's table. Raises ValueError or `UserError`."""
    chosen = table["scales"][scale]
    claims.refuse_unknown(table, _FORM, "the plan")
    claims.refuse_unknown(chosen, _SCALE, f"scale {scale}")
    runs = seeds if seeds is not None else chosen.get("seeds", 3)
    plans, words = {}, {}
    for title, described in table["comparisons"].items():
        merged = _merged(described, chosen.get("comparisons", {}).get(title, {}))
        plans[title], words[title] = _comparison(title, merged, runs, out)
    for title in chosen.get("comparisons", {}):
        if title not in plans:
            raise ValueError(f"scale {scale}: there is no comparison {shown(title)}")
    arms = {title: plan.entries for title, plan in plans.items()}
    found = tuple(claims.read(claim, arms) for claim in table["claims"])
    twice = [one.name for place, one in enumerate(found) if one.name in _names(found[:place])]
    if twice:
        raise ValueError(f"claim {twice[0]} is made twice")
    study = Study(
        name, table["title"], table.get("about", ""), scale, chosen.get("about", ""), runs,
        plans, words, found,
    )  # fmt: skip
    for title, plan in plans.items():
        for arm in set(plan.entries) - set(study.arms(title)):
            raise ValueError(f"comparison {title}: no claim reads the arm {shown(arm)}")
    return study


def _names(found: tuple[Claim, ...]) -> set[str]:
    return {claim.name for claim in found}


def _merged(described: dict[str, Any], at_scale: dict[str, Any]) -> dict[str, Any]:
    """A comparison with what its scale says otherwise; arms are replaced one by one."""
    merged = {**copy.deepcopy(described), **at_scale}
    merged["arms"] = {**described.get("arms", {}), **at_scale.get("arms", {})}
    return merged


def _comparison(
    title: str, table: dict[str, Any], seeds: int, out: str
) -> tuple[compare.Plan, dict[str, str]]:
    """A comparison's plan, and what compare.py would be told for each arm."""
    where = f"comparison {title}"
    claims.refuse_unknown(table, _COMPARISON, where)
    if not table["arms"]:
        raise ValueError(f"{where} has no arms")
    given = {name: table[name] for name in _SETTINGS if name in table}
    try:
        settings = compare.CompareSettings(**given, seeds=seeds, out=out)
        words = {arm: _word(word, table.get("changes", "")) for arm, word in table["arms"].items()}
        made = {arm: compare.make([word], {}, settings) for arm, word in words.items()}
    except (ValueError, UserError) as error:
        raise UserError(f"{where}: {error}") from error
    plan = compare.Plan(
        {arm: plan.entries[words[arm]] for arm, plan in made.items()},
        settings,
        {arm: plan.given[words[arm]] for arm, plan in made.items()},
    )
    return plan, words


def _word(word: str, changes: str) -> str:
    """An arm as compare.py reads it: the comparison's changes first, then the arm's own."""
    recipe, _, own = word.partition(":")
    every = ",".join(filter(None, (changes, own)))
    return f"{recipe}:{every}" if every else recipe
