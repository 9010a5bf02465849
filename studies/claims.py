"""What a study claims, and the tests that decide: sides, tests, claims, read from a plan's table.

A test compares a number per run of one arm with that of another arm, or with a fixed number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from console.errors import UserError
from console.options import nearest
from foreign import records
from foreign.numbers import shown
from studies import comparisons
from studies.comparisons import refuse_unknown
from studies.quantities import QUANTITIES
from studies.study import Study

EXPECTED = ("less", "more")


@dataclasses.dataclass(frozen=True)
class Side:
    """A number per run: `quantity` of the `measure` along the curves of an arm's runs."""

    comparison: str
    arm: str
    measure: str
    quantity: str

    def __str__(self) -> str:
        return f"{QUANTITIES[self.quantity].words.format(self.measure)} of {self.arm}"


@dataclasses.dataclass(frozen=True)
class Test:
    """`one` is expected to be less or more than `other` plus the share `by` of it.

    expect  "less" or "more"; "": the difference is only shown
    by      a share of `other`: 0.05 with "less" expects one < 1.05 · other
    """

    one: Side
    other: Side | float
    expect: str = ""
    by: float = 0.0

    def __str__(self) -> str:
        sign = {"less": "<", "more": ">", "": "and"}[self.expect]
        other = self.other if isinstance(self.other, Side) else f"{self.other:g}"
        return f"{self.one} {sign} {other}{f' {self.by:+.0%}' if self.by else ''}"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence, and the tests of which all must hold for it to be supported."""

    name: str
    text: str
    tests: tuple[Test, ...]

    @property
    def sides(self) -> list[Side]:
        """All sides of its tests that have runs, each once."""
        both = [side for test in self.tests for side in (test.one, test.other)]
        return list(dict.fromkeys(side for side in both if isinstance(side, Side)))

    def arms(self, comparison: str) -> list[str]:
        """The arms of that comparison that its tests read, each once."""
        return list(dict.fromkeys(side.arm for side in self.sides if side.comparison == comparison))


@dataclasses.dataclass(frozen=True)
class ClaimStudy(Study):
    """A study that tests claims by rules written before its runs."""

    claims: tuple[Claim, ...]

    @property
    def seeds(self) -> int:
        """Runs of every arm."""
        return next(iter(self.plans.values())).settings.seeds

    def to_dict(self) -> dict[str, Any]:
        """As JSON: the verdicts depend on the claims too."""
        return super().to_dict() | {
            "claims": [dataclasses.asdict(claim) for claim in self.claims],
        }

    def only(self, names: list[str]) -> ClaimStudy:
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

    def representatives(self, comparison: str) -> list[str]:
        """All arms that are trained: each is a recipe of its own."""
        return self.arms(comparison)

    def listing(self) -> list[str]:
        """What is trained and tested, line by line."""
        lines = super().listing()
        for claim in self.claims:
            lines.append(f"{claim.name}: {claim.text}")
            lines += [f"  {test}" for test in claim.tests]
        return lines


_TEST = {
    "comparison": str, "arm": str, "measure": str, "quantity": str, "than": object,
    "than_measure": str, "expect": str, "by": float,
}  # fmt: skip
_FORM = {"name": str, "text": str, "comparison": str, "measure": str, "quantity": str,
         "tests": [_TEST]}  # fmt: skip


def _study(
    frame: dict[str, str], table: dict[str, Any], chosen: dict[str, Any], seeds: int, out: str
) -> ClaimStudy:
    """The study in a plan's table: see `comparisons.Kind.read`."""
    plans, words = comparisons.read_all(
        table["comparisons"], chosen.get("comparisons", {}), frame["scale"], seeds, out
    )
    arms = {title: plan.entries for title, plan in plans.items()}
    found: list[Claim] = []
    for each in table["claims"]:
        claim = _read(each, arms)
        if claim.name in [one.name for one in found]:
            raise ValueError(f"claim {claim.name} is made twice")
        found.append(claim)
    study = ClaimStudy(**frame, plans=plans, words=words, claims=tuple(found))
    for title, plan in plans.items():
        for arm in set(plan.entries) - set(study.arms(title)):
            raise ValueError(f"comparison {title}: no claim reads the arm {shown(arm)}")
    return study


def _read(table: Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]]) -> Claim:
    """The claim in a plan's table that has the form `_FORM`.

    Args:
        arms: comparison → its arms by name.

    Raises:
        ValueError: a member that nothing reads or that is missing, an unknown comparison, arm,
            quantity or expectation.
    """
    for name in ("name", "text", "tests"):
        if not table.get(name):
            raise ValueError(f"claim {shown(table.get('name', ''))} has no {name}")
    refuse_unknown(table, _FORM, f"claim {table['name']}")
    common = {name: table[name] for name in ("comparison", "measure", "quantity") if name in table}
    tests = [_test({**common, **each}, arms, table["name"]) for each in table["tests"]]
    return Claim(table["name"], table["text"], tuple(tests))


def _test(table: dict[str, Any], arms: Mapping[str, Mapping[str, Any]], claim: str) -> Test:
    where = f"claim {claim}"
    refuse_unknown(table, _TEST, where)
    for name in ("comparison", "arm", "measure", "quantity"):
        if name not in table:
            raise ValueError(f"{where}: a test has no {name}")
    than = table.get("than", table["arm"])
    one = Side(table["comparison"], table["arm"], table["measure"], table["quantity"])
    other: Side | float
    if isinstance(than, str):
        other = dataclasses.replace(one, arm=than, measure=table.get("than_measure", one.measure))
    elif isinstance(than, int | float) and not isinstance(than, bool):
        other = float(than)
    else:
        raise ValueError(f"{where}: than must be an arm or a number, not {shown(than)}")
    test = Test(one, other, table.get("expect", ""), float(table.get("by", 0.0)))
    for wrong in _problems(test, arms):
        raise ValueError(f"{where}: {wrong}")
    return test


def _problems(test: Test, arms: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if test.one.comparison not in arms:
        yield f"unknown comparison {shown(test.one.comparison)}, known: {', '.join(arms)}"
    if test.one.quantity not in QUANTITIES:
        yield f"unknown quantity {shown(test.one.quantity)}, known: {', '.join(QUANTITIES)}"
    for side in (test.one, test.other):
        known = arms.get(test.one.comparison, {})
        if isinstance(side, Side) and side.arm not in known:
            yield f"unknown arm {shown(side.arm)}, known: {', '.join(known)}"
    if test.expect and test.expect not in EXPECTED:
        yield f"unknown expect {shown(test.expect)}, known: {', '.join(EXPECTED)}"
    if test.one == test.other:
        yield f"a test compares {test.one} with itself"
    if test.by and not isinstance(test.other, Side):
        yield "by is a share of another arm's number; change the number itself"


_COMPARISONS = {"comparisons": records.Every(comparisons.FORM)}
KIND = comparisons.Kind(
    _COMPARISONS | {"claims": [_FORM]}, _COMPARISONS, ("comparisons", "claims"), _study
)
