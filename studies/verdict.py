"""The verdict on a claim: a test's difference with its interval, corrected for all tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from comparison.table import Mean, mean
from studies.claims import Claim, Side, Test

LEVEL = 0.05
SUPPORTED, CONTRADICTED, NOT_SEEN, WAITING = "supported", "contradicted", "not seen", "waiting"


@dataclass(frozen=True)
class Outcome:
    """What a test gave.

    Attributes:
        one, other: the means of both sides over seeds, with 95 % intervals.
        gap: mean of one minus other, minus the share `by` of other, with its 95 % interval.
        p: of the two-sided t-test of gap = 0; NaN with too few runs.
        corrected: the same after Holm's correction for all tests of the study.
    """

    test: Test
    one: Mean
    other: Mean
    gap: Mean
    p: float
    corrected: float = math.nan

    @property
    def verdict(self) -> str:
        """By the corrected p and the direction; "" if nothing is expected."""
        if not self.test.expect:
            return ""
        if math.isnan(self.p):
            return WAITING
        if self.corrected >= LEVEL:
            return NOT_SEEN
        return SUPPORTED if (self.gap.value < 0) == (self.test.expect == "less") else CONTRADICTED


def judge(
    claims: Sequence[Claim], values: Callable[[Side], dict[int, float]]
) -> dict[str, list[Outcome]]:
    """The outcomes of all tests by the names of the claims.

    Args:
        values: side → its number for each seed that has finished.
    """
    found = [(claim.name, outcome(test, values)) for claim in claims for test in claim.tests]
    counted = [place for place, (_, each) in enumerate(found) if each.test.expect]
    # A test that waits for its runs counts too: no verdict may change because others come in.
    known = [found[place][1].p for place in counted]
    corrected = holm([1.0 if math.isnan(p) else p for p in known])
    by_claim: dict[str, list[Outcome]] = {claim.name: [] for claim in claims}
    for place, (name, each) in enumerate(found):
        if place in counted and not math.isnan(each.p):
            each = replace(each, corrected=corrected[counted.index(place)])
        by_claim[name].append(each)
    return by_claim


def of_claim(outcomes: Sequence[Outcome]) -> str:
    """Contradicted if one test is; else waiting if one is; else not seen if one is; else supported.

    "" if no test expects anything.
    """
    found = [each.verdict for each in outcomes if each.verdict]
    for verdict in (CONTRADICTED, WAITING, NOT_SEEN):
        if verdict in found:
            return verdict
    return SUPPORTED if found else ""


def outcome(test: Test, values: Callable[[Side], dict[int, float]]) -> Outcome:
    """One test; runs of the same arm are paired by their seeds."""
    one = values(test.one)
    if not isinstance(test.other, Side):
        gap, p = _one_sample([value - test.other for value in one.values()])
        return Outcome(test, _mean(one), Mean(test.other, math.nan), gap, p)
    other = values(test.other)
    bound = {seed: (1.0 + test.by) * value for seed, value in other.items()}
    if test.one.arm == test.other.arm:
        gap, p = _one_sample([one[seed] - bound[seed] for seed in one if seed in bound])
    else:
        gap, p = welch([*one.values()], [*bound.values()])
    return Outcome(test, _mean(one), _mean(other), gap, p)


def _mean(values: dict[int, float]) -> Mean:
    return mean([*values.values()]) if values else Mean(math.nan, math.nan)


def _one_sample(values: list[float]) -> tuple[Mean, float]:
    """The mean with its interval, and the p of the t-test that it is 0."""
    from scipy import stats

    if len(values) < 2:
        return (mean(values) if values else Mean(math.nan, math.nan)), math.nan
    found = mean(values)
    return found, _p(
        found, float(np.std(values, ddof=1)), lambda: stats.ttest_1samp(values, 0.0).pvalue
    )


def welch(values: list[float], others: list[float]) -> tuple[Mean, float]:
    """The difference of the means with Welch's interval, and the p of his test."""
    from scipy import stats

    from comparison.table import difference

    if not values or not others:
        return Mean(math.nan, math.nan), math.nan
    found = difference(values, others)
    if min(len(values), len(others)) < 2:
        return found, math.nan
    spread = float(np.std(values) + np.std(others))
    return found, _p(found, spread, lambda: stats.ttest_ind(values, others, equal_var=False).pvalue)


def _p(found: Mean, spread: float, test: Callable[[], float]) -> float:
    """The p of `test`, which divides by `spread`; if that is 0, then 1 for equal means, else 0."""
    return float(test()) if spread else float(found.value == 0)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's corrected p-values (1979); reject those below a level.

    The chance that any rejection is wrong is then at most the level.
    """
    order = np.argsort(values, kind="stable")
    corrected, most = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = most
    return corrected
