"""The collapse guard on synthetic histories: it speaks when it should, and only then."""

import dataclasses
import json

import numpy as np
import pytest

from metrics.collapse import ALARM, WARNING, CollapseGuard, Rollback, Thresholds
from metrics.errors import MetricError


def feed(guard, zero_share, g_loss=None, start=0, seed=0, every=250):
    """Feed shares (per step), judging every so many steps; returns {kind: first step}."""
    noise = np.random.default_rng(seed).normal(0, 0.4, len(zero_share))
    g_loss = (np.zeros(len(zero_share)) if g_loss is None else g_loss) + noise
    first = {}
    for low in range(0, len(zero_share), every):
        part = slice(low, low + every)
        steps = range(start + low + 1, start + low + 1 + len(zero_share[part]))
        guard.losses(steps, zero_share[part], g_loss[part])
        for finding in guard.findings():
            first.setdefault(finding.kind, (guard.step, finding))
    return first


def flicker(mean, steps, seed=1):
    """Zero-loss shares of single steps around a mean: 0 or 1, like the notes count them."""
    return (np.random.default_rng(seed).random(steps) < mean).astype(float)


def notes_pattern():
    """The anime BigGAN: 0.2 % at first, 18 % at 13–14 thousand steps, then G's loss jumps."""
    mean = np.interp(np.arange(15_000), [0, 8000, 13_500, 15_000], [0.002, 0.002, 0.18, 0.2])
    zero_share = flicker(mean, 15_000)
    g_loss = np.where(np.arange(15_000) < 14_000, 0.0, 4.0)
    return zero_share, g_loss


def test_the_notes_pattern_is_a_warning_then_a_collapse():
    first = feed(CollapseGuard(), *notes_pattern())
    step, finding = first["d_wins"]
    assert 12_000 <= step <= 14_000  # before the jump
    assert finding.level == WARNING
    assert finding.message.startswith("D is winning: zero loss in 1")
    assert "up from 0.1 %" in finding.message or "up from 0.0 %" in finding.message
    step, finding = first["g_jump"]
    assert 14_000 < step <= 14_250
    assert first["collapse"][0] == step
    assert first["collapse"][1].level == ALARM
    assert set(first) == {"d_wins", "g_jump", "collapse"}


def test_d_has_won_in_plain_words():
    mean = np.interp(np.arange(6000), [0, 2000, 5000], [0.06, 0.06, 0.46])
    first = feed(CollapseGuard(), flicker(mean, 6000))
    guard = CollapseGuard()
    feed(guard, flicker(mean, 6000))
    (finding,) = guard.findings()
    assert first["d_wins"][1].level == WARNING
    assert finding.level == ALARM
    assert finding.message in {
        f"D has won: zero loss in {share} % of the last 1 000 steps." for share in range(43, 50)
    }


@pytest.mark.parametrize(
    "zero_share",
    [
        flicker(0.02, 20_000),  # calm
        flicker(np.interp(np.arange(6000), [0, 250, 500, 750], [0.44, 0.44, 0.06, 0.0]), 6000),
        flicker(0.30, 8000),  # high from the start, as with batch norm in D: not a change
        flicker(0.47, 8000),
        np.zeros(6000),  # other losses
    ],
)
def test_healthy_histories_raise_nothing(zero_share):
    guard = CollapseGuard()
    assert feed(guard, zero_share) == {}
    assert guard.healthy_until == len(zero_share)


def test_slow_drift_of_gs_loss_is_no_jump():
    assert feed(CollapseGuard(), np.zeros(10_000), np.linspace(0, 3, 10_000)) == {}


def test_a_small_step_of_a_calm_loss_is_no_jump():
    guard = CollapseGuard()
    calm = np.where(np.arange(3000) < 2900, 1.0, 1.4)
    guard.losses(range(3000), np.zeros(3000), calm)
    assert guard.findings() == []
    guard.losses(range(3000, 3100), np.zeros(100), np.full(100, 2.0))
    (finding,) = guard.findings()
    assert finding.message == "G's loss has jumped from 1.00 to 2.00 within 100 steps."


def test_a_jump_is_measured_in_the_losss_own_spread():
    # Block means ±1 around 0: their median is 0, their robust deviation 1.48, six of them 8.9.
    blocks = np.array([1.0, -1.0] * 5)
    for last, kinds in ((8.8, []), (9.0, ["g_jump"])):
        guard = CollapseGuard()
        guard.losses(range(1100), np.zeros(1100), np.repeat([*blocks, last], 100))
        assert [finding.kind for finding in guard.findings()] == kinds


def test_the_lowest_share_is_found_within_a_long_addition():
    share = np.repeat([0.5, 0.1, 0.5], 1000)
    guard, slow = CollapseGuard(), CollapseGuard()
    guard.losses(range(3000), share, np.zeros(3000))
    feed(slow, share, every=1)
    assert guard.lowest_zero_share == pytest.approx(0.1)
    assert slow.lowest_zero_share == pytest.approx(0.1)


def test_nan_is_an_alarm():
    guard = CollapseGuard()
    guard.losses([1], [0.0], [float("nan")])
    assert [finding.kind for finding in guard.findings()] == ["diverged"]


def test_measure_must_be_worse_twice_in_a_row():
    guard = CollapseGuard()
    for step, value in ((1000, 90), (2000, 40), (3000, 70), (4000, 45), (5000, 80)):
        guard.measured(step, value)
        assert guard.findings() == []
    guard.measured(6000, 85)
    (finding,) = guard.findings()
    assert (finding.kind, finding.level) == ("worse", ALARM)
    assert finding.message == (
        "The samples are getting worse: 85 at step 6000, after 40 at step 2000."
    )


def test_duplicates():
    guard = CollapseGuard()
    guard.measured(100, 50.0, duplicate_share=0.19)
    assert guard.findings() == []
    guard.measured(200, 50.0, duplicate_share=0.25)
    assert [(f.kind, f.level) for f in guard.findings()] == [("twins", WARNING)]
    guard.measured(300, 50.0, duplicate_share=0.41)
    (finding,) = guard.findings()
    assert finding.level == ALARM
    assert finding.message.startswith("Mode collapse: 41 % of the samples at step 300")


def test_singular_value_spike_names_the_layer():
    guard = CollapseGuard()
    for step in range(6):
        guard.singular_values(step, {"g.first": 5 + 0.2 * step, "d.last": 2.0})
    assert guard.findings() == []
    almost = CollapseGuard()
    for step in range(7):
        almost.singular_values(step, {"g.first": 8.3 if step == 6 else 5 + 0.2 * step})
    assert almost.findings() == []  # 1.48 times the median of the five before, 5.6
    guard.singular_values(6, {"g.first": 9.5, "d.last": 2.1})
    (finding,) = guard.findings()
    assert (
        finding.message == "The top singular value of g.first has spiked from 5.6 to 9.5 at step 6."
    )


# A value of each threshold under which `troubled` is judged otherwise.
OTHERWISE = {
    "window": 3000, "block": 50, "winning": 0.3, "rise": 5.0, "won": 0.18, "jump": 7.0,
    "least_jump": 12.0, "worse": 2.5, "patience": 3, "duplicates": 0.3, "spike": 2.0,
    "spike_history": 6,
}  # fmt: skip


def troubled(**thresholds):
    """What is found in a run where everything goes wrong: D wins, G's loss jumps and more."""
    guard = CollapseGuard(Thresholds(**thresholds))
    blocks = [*[1.0, -1.0] * 9, 1.0, 10.0]
    guard.losses(range(2000), np.repeat([0.05, 0.2], 1000), np.repeat(blocks, 100))
    for step, value in enumerate((40.0, 70.0, 80.0)):
        guard.measured(step, value, duplicate_share=0.25)
    for step in range(6):
        guard.singular_values(step, {"g": 9.5 if step == 5 else 5.0})
    return {(finding.kind, finding.level, finding.message) for finding in guard.findings()}


def test_every_threshold_decides_something():
    assert sorted(OTHERWISE) == sorted(field.name for field in dataclasses.fields(Thresholds))
    usual = troubled()
    assert {kind for kind, _, _ in usual} == {"d_wins", "g_jump", "worse", "twins", "spike"}
    for name, value in OTHERWISE.items():
        assert troubled(**{name: value}) != usual, name


def test_a_state_holds_everything_that_was_heard():
    """Each field of the guard is a setting or comes back with its state."""
    guard = CollapseGuard()
    guard.losses(range(2000), np.repeat([0.05, 0.2], 1000), np.arange(2000.0))
    guard.measured(3, 40.0, duplicate_share=0.25)
    guard.singular_values(4, {"g": 5.0})
    guard.healthy_until, guard.rollbacks = 2, 1
    again = CollapseGuard()
    for field in dataclasses.fields(guard):
        if field.name not in ("thresholds", "max_rollbacks", "factor"):
            assert getattr(guard, field.name) != getattr(again, field.name), field.name
    again.restore(json.loads(json.dumps(guard.state())))
    assert again == guard


def test_rollback_goes_to_a_healthy_checkpoint_a_bounded_number_of_times():
    guard = CollapseGuard(max_rollbacks=2)
    zero_share, g_loss = notes_pattern()
    feed(guard, zero_share[:14_250], g_loss[:14_250])
    plan = guard.rollback(range(1000, 15_000, 1000))
    assert plan is not None
    assert 11_000 <= plan.step <= 13_000  # from before D began to win
    assert plan.factor == 0.5
    assert plan.message.endswith("0.5 times the learning rates (return 1 of 2).")
    guard.rolled_back(plan)
    assert guard.step == plan.step
    assert guard.findings() == []
    for number in (2, None):
        low = guard.step
        feed(guard, zero_share[low:14_250], g_loss[low:14_250], start=low, seed=low)
        plan = guard.rollback(range(1000, 15_000, 1000))
        assert (plan.number if plan else None) == number
        if plan:
            guard.rolled_back(plan)


def test_no_rollback_without_an_alarm_or_a_good_checkpoint():
    guard = CollapseGuard()
    feed(guard, flicker(0.02, 3000))
    assert guard.rollback([1000, 2000]) is None
    guard.measured(3100, 1.0, duplicate_share=0.9)
    assert guard.rollback([3050]) is None
    assert guard.rollback([1000, 2000, 3050]).step == 2000


def test_what_was_seen_at_the_step_gone_back_to_is_kept():
    guard = CollapseGuard()
    guard.losses([1, 2, 3], [0.0, 0.1, 0.2], [1.0, 2.0, 3.0])
    for step in (2, 3):
        guard.measured(step, 10.0 * step, 0.01)
        guard.singular_values(step, {"g": 1.0 * step})
    assert guard.findings() == []
    assert guard.healthy_until == 3
    guard.forget_after(2)
    assert (guard.steps, guard.zero_share, guard.g_loss) == ([1, 2], [0.0, 0.1], [1.0, 2.0])
    assert (guard.measures, guard.duplicates) == ([(2, 20.0)], [(2, 0.01)])
    assert guard.spectra == {"g": [(2, 2.0)]}
    assert guard.healthy_until == 2


def test_state_goes_through_json():
    guard, other = CollapseGuard(), CollapseGuard()
    zero_share, g_loss = notes_pattern()
    feed(guard, zero_share[:13_900], g_loss[:13_900])
    guard.measured(13_900, 12.5, 0.1)
    guard.singular_values(13_900, {"g": 3.0})
    guard.rolled_back(Rollback(13_900, 0.5, 1, ""))
    other.restore(json.loads(json.dumps(guard.state())))
    assert other == guard
    assert other.findings() == guard.findings() != []
    CollapseGuard().restore(json.loads(json.dumps(CollapseGuard().state(), allow_nan=False)))


def test_bad_settings_are_refused():
    with pytest.raises(MetricError, match="3 blocks"):
        Thresholds(window=100)
    with pytest.raises(MetricError, match="differ in number"):
        CollapseGuard().losses([1, 2], [0.0], [0.0])
