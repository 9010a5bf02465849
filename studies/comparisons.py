"""A comparison as a plan's table describes it, and what its scale says otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comparison import plan as compare
from console.errors import UserError
from foreign import records
from foreign.numbers import shown
from models.precisions import PRECISIONS
from studies.study import Study

SETTINGS = (
    "data",
    "steps",
    "minutes",
    "precision",
    "marks",
    "samples",
    "count",
    "only",
    "few",
    "also",
    "width",
)
FORM = dict.fromkeys(SETTINGS, object) | {"changes": str, "arms": records.Every(str)}


@dataclass(frozen=True)
class Kind:
    """A kind of study: what its plan's file holds, and how it is read.

    Attributes:
        form, scale_form: the members that its plan has, and that a scale of it has, by name.
        needed: those of them that must not be missing.
        read: (fields of `Study`, the plan's table, the scale's table, seeds, folder) → the study;
            raises ValueError or `UserError`.
    """

    form: dict[str, Any]
    scale_form: dict[str, Any]
    needed: tuple[str, ...]
    read: Callable[[dict[str, str], dict[str, Any], dict[str, Any], int, str], Study]


def read_all(
    described: Mapping[str, dict[str, Any]],
    at_scale: Mapping[str, dict[str, Any]],
    scale: str,
    seeds: int,
    out: str,
) -> tuple[dict[str, compare.Plan], dict[str, dict[str, str]]]:
    """comparison → its plan, and comparison → arm → what compare.py would be told.

    Args:
        described, at_scale: the tables of the plan's comparisons, and of its scale's.

    Raises:
        ValueError, UserError: a member that nothing reads, an arm that cannot be.
    """
    plans, words = {}, {}
    for title, table in merged(described, at_scale, "comparison", scale).items():
        refuse_unknown(table, FORM, f"comparison {title}")
        if not table.get("arms"):
            raise ValueError(f"comparison {title} has no arms")
        plans[title], words[title] = read(f"comparison {title}", table, table["arms"], seeds, out)
    return plans, words


def merged(
    described: Mapping[str, dict[str, Any]],
    at_scale: Mapping[str, dict[str, Any]],
    kind: str,
    scale: str,
) -> dict[str, dict[str, Any]]:
    """The tables with what the scale says otherwise; arms are replaced one by one.

    Raises ValueError for a table of the scale that changes none.
    """
    for title in at_scale:
        if title not in described:
            raise ValueError(f"scale {scale}: there is no {kind} {shown(title)}")
    found = {}
    for title, table in described.items():
        other = at_scale.get(title, {})
        found[title] = {**copy.deepcopy(table), **other}
        if "arms" in found[title]:
            found[title]["arms"] = {**table.get("arms", {}), **other.get("arms", {})}
    return found


def read(
    where: str, table: dict[str, Any], arms: Mapping[str, str], seeds: int, out: str
) -> tuple[compare.Plan, dict[str, str]]:
    """A comparison's plan, and what compare.py would be told for each of its arms.

    Args:
        where: what messages call it.
        arms: arm → recipe with its own changes, as on the command line of compare.py.

    Raises:
        UserError: a setting or an arm that cannot be.
    """
    given = {name: table[name] for name in SETTINGS if name in table}
    for wrong in _contradictions(given):
        raise UserError(f"{where}: {wrong}")
    try:
        settings = compare.CompareSettings(**given, seeds=seeds, out=out)
        words = {arm: _word(word, table.get("changes", "")) for arm, word in arms.items()}
        made = {arm: compare.make([word], {}, settings) for arm, word in words.items()}
        plan = compare.Plan(
            {arm: plan.entries[words[arm]] for arm, plan in made.items()},
            settings,
            {arm: plan.given[words[arm]] for arm, plan in made.items()},
            {arm: start for arm, plan in made.items() for start in plan.starts.values()},
        )
    except (ValueError, UserError) as error:
        raise UserError(f"{where}: {error}") from error
    return plan, words


def _contradictions(given: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a comparison's settings beyond their values."""
    if given.get("minutes") and "steps" in given:
        yield (
            "it has both minutes and steps, of which only the minutes would count; take one out, "
            "or set minutes = 0 at a scale that counts steps"
        )
    if given.get("precision") == "auto":
        yield (
            'precision = "auto" is another one on another machine, and a study has one; write '
            f"one of {', '.join(PRECISIONS)}"
        )


def _word(word: str, changes: str) -> str:
    """An arm as compare.py reads it: the comparison's changes first, then the arm's own."""
    recipe, _, own = word.partition(":")
    every = ",".join(filter(None, (changes, own)))
    return f"{recipe}:{every}" if every else recipe


def refuse_unknown(table: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    """Raise ValueError for a member that nothing reads; the message lists the known ones."""
    for name in table:
        if name not in known:
            raise ValueError(f"{where}: unknown {shown(name)}, known: {', '.join(known)}")
