"""Numbers of a run, tests and verdicts, against numbers from outside."""

import math

import numpy as np
import pytest

from studies import verdict
from studies.claims import Claim, Side, Test
from studies.quantities import QUANTITIES

Test.__test__ = False  # pytest: it is none of its tests


def side(arm, measure="FD"):
    return Side("steps", arm, measure, "end")


def judged(*tests, **values):
    """The outcomes of tests whose arms have these numbers, the first seed first."""
    claim = Claim("one", "A claim.", tests)
    found = verdict.judge([claim], lambda each: dict(enumerate(values[each.arm])))
    return found["one"]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("end", [3, 1, 2], 2),
        ("beginning", [3, 1, 2], 3),
        ("best", [3, 1, 2], 1),
        ("second_half", [9, 9, 1, 2], 1.5),
        ("second_half", [9, 1, 2], 1.5),
        ("rise", [3, 2, 3], 0.5),
        ("rise", [3, 2, 1], 0.0),
        ("roughness", [0, 0, 0, 1, 3, 6], 1 / math.sqrt(6)),  # second difference: 1
        ("roughness", [0, 0, 0, 0, 5, 4, 3, 2], 0.0),  # a straight line is smooth
    ],
)
def test_quantities_by_hand(name, values, expected):
    assert QUANTITIES[name](values) == pytest.approx(expected, abs=1e-12)


def test_roughness_is_the_deviation_of_the_noise():
    rng = np.random.default_rng(0)
    trend = np.linspace(0, 50, 20_000)
    noisy = trend + 2.5 * rng.standard_normal(20_000)
    assert QUANTITIES["roughness"](noisy) == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize(("name", "least"), [("rise", 2), ("second_half", 2), ("roughness", 6)])
def test_too_few_marks_give_no_number(name, least):
    assert math.isnan(QUANTITIES[name]([1.0] * (least - 1)))
    assert not math.isnan(QUANTITIES[name]([1.0] * least))
    assert math.isnan(QUANTITIES["end"]([]))


def test_holms_correction_by_hand():
    # Sorted .01, .02, .03, .04 are multiplied by 4, 3, 2, 1 and never fall.
    assert verdict.holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert verdict.holm([0.6, 0.9]) == [1.0, 1.0]
    assert verdict.holm([]) == []


def test_two_arms_are_compared_by_welchs_test():
    (found,) = judged(Test(side("a"), side("b"), "less"), a=[10, 12, 11], b=[20, 21, 25])
    assert found.gap.value == pytest.approx(-11)
    assert found.p == pytest.approx(welch_p([10, 12, 11], [20, 21, 25]), rel=1e-6)
    assert found.corrected == found.p  # the only test
    assert found.verdict == verdict.SUPPORTED


def welch_p(one, other):
    """Welch's test by hand, with Student's distribution integrated numerically."""
    parts = [np.var(each, ddof=1) / len(each) for each in (one, other)]
    t = abs(np.mean(one) - np.mean(other)) / math.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (one, other), strict=True)
    )
    x = np.linspace(0, t, 200_001)
    scale = math.gamma((df + 1) / 2) / (math.sqrt(df * math.pi) * math.gamma(df / 2))
    density = scale * (1 + x**2 / df) ** (-(df + 1) / 2)
    return 1 - 2 * np.trapezoid(density, x)


def test_two_numbers_of_one_run_are_paired_by_seed():
    def values(each):
        return {0: 10.0, 1: 30.0, 2: 50.0} if each.measure == "FD" else {0: 12.0, 1: 32.1, 2: 51.9}

    test = Test(side("a"), side("a", "raw FD"), "less")
    found = verdict.outcome(test, values)
    assert found.gap.value == pytest.approx(-2.0)
    assert found.gap.half == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-3)  # t of 2 degrees
    assert found.p < 0.001  # unpaired, the seeds' spread of 20 would hide it


def test_a_fixed_number_is_compared_with_the_mean():
    (found,) = judged(Test(side("a"), 0.5, "more"), a=[0.6, 0.7, 0.8])
    # t = 0.2 / (0.1 / √3) = 3.4641 of 2 degrees of freedom: p = 0.07418
    assert found.p == pytest.approx(0.07418, abs=1e-5)
    assert found.verdict == verdict.NOT_SEEN
    assert found.other.value == 0.5


def test_a_share_moves_the_bound():
    values = {"a": [97.0, 97.1, 96.9], "b": [100.0, 100.1, 99.9]}
    (plain,) = judged(Test(side("a"), side("b"), "more"), **values)
    (moved,) = judged(Test(side("a"), side("b"), "more", by=-0.05), **values)
    assert (plain.verdict, moved.verdict) == (verdict.CONTRADICTED, verdict.SUPPORTED)
    assert moved.gap.value == pytest.approx(2.0)


def test_all_tests_of_a_study_share_the_correction():
    values = {"a": [1.0, 1.1, 1.2], "b": [1.4, 1.5, 1.6], "c": [1.0, 1.1, 1.2]}
    tests = [Test(side("a"), side("b"), "less"), Test(side("a"), side("c"), "less"),
             Test(side("b"), side("c"))]  # fmt: skip
    found = judged(*tests, **values)
    assert found[0].corrected == pytest.approx(2 * found[0].p)  # the third expects nothing
    assert math.isnan(found[2].corrected)
    assert found[2].verdict == ""


def test_a_test_that_waits_for_its_runs_counts_in_the_correction():
    values = {"a": [1.0, 1.1, 1.2], "b": [1.4, 1.5, 1.6], "c": [1.0]}
    tests = [Test(side("a"), side("b"), "less"), Test(side("a"), side("c"), "less")]
    found = judged(*tests, **values)
    assert found[0].corrected == pytest.approx(2 * found[0].p)
    assert (found[1].verdict, math.isnan(found[1].corrected)) == (verdict.WAITING, True)


def test_a_share_of_an_uncertain_number_is_uncertain_too():
    """Half as much again of b has one and a half times its spread."""
    values = {"a": [10.0, 12.0, 11.0], "b": [20.0, 21.0, 25.0]}
    (found,) = judged(Test(side("a"), side("b"), "less", by=0.5), **values)
    assert found.gap.value == pytest.approx(11 - 33)
    assert found.p == pytest.approx(welch_p([10, 12, 11], [30, 31.5, 37.5]), rel=1e-6)


def test_runs_that_are_all_the_same_differ_surely_or_not_at_all():
    (same,) = judged(Test(side("a"), side("b"), "less"), a=[1.0, 1.0], b=[1.0, 1.0])
    (other,) = judged(Test(side("a"), side("b"), "less"), a=[1.0, 1.0], b=[2.0, 2.0])
    assert (same.p, same.verdict) == (1.0, verdict.NOT_SEEN)
    assert (other.p, other.verdict) == (0.0, verdict.SUPPORTED)


def test_one_seed_decides_nothing():
    (found,) = judged(Test(side("a"), side("b"), "less"), a=[1.0], b=[2.0])
    assert found.verdict == verdict.WAITING
    assert found.gap.value == -1.0
    (none,) = judged(Test(side("a"), side("b"), "less"), a=[], b=[2.0])
    assert math.isnan(none.gap.value)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "not seen"], "not seen"),
        (["supported", "waiting", "not seen"], "waiting"),
        (["waiting", "contradicted"], "contradicted"),
        (["", "supported"], "supported"),
        ([""], ""),
    ],
)
def test_a_claim_needs_all_its_tests(verdicts, expected):
    class Decided:
        def __init__(self, words):
            self.verdict = words

    assert verdict.of_claim([Decided(words) for words in verdicts]) == expected
