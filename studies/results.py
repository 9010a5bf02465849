"""The numbers of a study's runs: what each has come to, and which are missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparison import trials
from comparison.pictures import value_at
from console.errors import UserError
from foreign import records
from studies.quantities import QUANTITIES
from studies.study import Study

_JUDGE = {"better": records.Every(str), "protocol": str}


@dataclass(frozen=True)
class Results:
    """The numbers of all runs that have ended."""

    study: Study
    folder: Path

    def number(
        self, comparison: str, arm: str, seed: int, measure: str, quantity: str = "end"
    ) -> float:
        """What a run has come to; NaN if it has not ended, or has no such measure.

        A run that diverged is not left out: it counts as the worst of its comparison's runs, where
        less is better unless the judge says more.
        """
        state = self._state(comparison, arm, seed)
        if state["state"] not in trials.ENDED:
            return math.nan
        if state["state"] == "failed":
            return self._worst(comparison, measure, quantity)
        return QUANTITIES[quantity](_along(state, measure))

    def _worst(self, comparison: str, measure: str, quantity: str) -> float:
        """The worst that a comparison's runs have come to; NaN if none has such a number.

        At the end, the worst at any mark: a run that diverged is not better than one that went on.
        """
        more, read = self.direction(comparison, measure) == "max", QUANTITIES[quantity]
        curves = self._curves(comparison, measure)
        if quantity == "end":
            found = [value for curve in curves for value in curve]
        else:
            found = [value for value in map(read, curves) if not math.isnan(value)]
        return (min if more and not read.steady else max)(found, default=math.nan)

    def numbers(
        self, comparison: str, arm: str, measure: str, quantity: str = "end"
    ) -> dict[int, float]:
        """The number of an arm for each seed whose run has ended."""
        found = {
            seed: self.number(comparison, arm, seed, measure, quantity)
            for seed in self.study.plans[comparison].seeds
        }
        return {seed: value for seed, value in found.items() if value == value}

    def direction(self, comparison: str, measure: str) -> str:
        """What is better of a measure: "max" if the judge says so, else "min"."""
        return judged_by(self.folder / comparison)[0].get(measure, "min")

    def diverged(self, comparison: str, arm: str, seed: int) -> bool:
        """Whether a run ended in a loss that was not finite."""
        return self._state(comparison, arm, seed)["state"] == "failed"

    def count(self, state: str) -> list[str]:
        """The runs in that state, in words."""
        return [
            f"{name}: {arm}, seed {seed}"
            for name, arm, seed in self.study.runs()
            if self._state(name, arm, seed)["state"] == state
        ]

    def ended(self) -> bool:
        """Whether no run is left."""
        return all(self._state(*run)["state"] in trials.ENDED for run in self.study.runs())

    def seconds(self) -> float:
        """How long all runs trained together."""
        return sum(self._state(*run)["seconds"] for run in self.study.runs())

    def _state(self, comparison: str, arm: str, seed: int) -> dict[str, Any]:
        return trials.result(trials.folder_of(self.folder / comparison, arm, seed))

    def _curves(self, comparison: str, measure: str) -> list[list[float]]:
        """The values of a measure at the marks of each run of a comparison."""
        plan = self.study.plans[comparison]
        return [
            _along(self._state(comparison, arm, seed), measure)
            for arm in plan.entries
            for seed in plan.seeds
        ]


def _along(state: dict[str, Any], measure: str) -> list[float]:
    """The values of a measure, or of a log, along a run's curve."""
    values = (value_at(row, measure) for row in state["curve"])
    return [value for value in values if not math.isnan(value)]


def judged_by(folder: Path) -> tuple[dict[str, str], str]:
    """The measures of a comparison with their better directions, and its protocol.

    They are empty before its first run. Raises `UserError` if the record is damaged.
    """
    path = folder / "judge.json"
    if not path.exists():
        return {}, ""
    try:
        known = records.read_object(path, _JUDGE, needed=tuple(_JUDGE))
    except records.Unreadable as error:
        raise UserError(f"{error}; delete it, and the next run writes it anew") from error
    return known["better"], known["protocol"]
