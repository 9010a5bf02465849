"""What a study claims, and the tests that decide: sides, tests, claims, read from a plan's table.

A test compares a number per run of one arm with that of another arm, or with a fixed number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from foreign.numbers import shown
from studies.quantities import QUANTITIES

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
    by      0.05 with "less" means: more than `other` by less than 5 %
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


_TEST = {
    "comparison": str, "arm": str, "measure": str, "quantity": str, "than": object,
    "than_measure": str, "expect": str, "by": float,
}  # fmt: skip
FORM = {"name": str, "text": str, "comparison": str, "measure": str, "quantity": str,
        "tests": [_TEST]}  # fmt: skip


def read(table: Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]]) -> Claim:
    """The claim in a plan's table that has the form `FORM`.

    Args:
        arms: comparison → its arms by name.

    Raises:
        ValueError: a member that nothing reads or that is missing, an unknown comparison, arm,
            quantity or expectation.
    """
    for name in ("name", "text", "tests"):
        if not table.get(name):
            raise ValueError(f"claim {shown(table.get('name', ''))} has no {name}")
    refuse_unknown(table, FORM, f"claim {table['name']}")
    common = {name: table[name] for name in ("comparison", "measure", "quantity") if name in table}
    tests = [_test({**common, **each}, arms, table["name"]) for each in table["tests"]]
    return Claim(table["name"], table["text"], tuple(tests))


def refuse_unknown(table: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    """Raise ValueError for a member that nothing reads; the message lists the known ones."""
    for name in table:
        if name not in known:
            raise ValueError(f"{where}: unknown {shown(name)}, known: {', '.join(known)}")


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
