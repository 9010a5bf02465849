"""The table of a comparison: the best, differences with intervals, verdicts, times."""

import dataclasses
import json

import pytest

from comparison import pictures, report, table, trials
from tests.comparison.tiny import make

pytestmark = pytest.mark.usefixtures("eagerly")


def test_steps_of_ones_own_are_reported(tmp_path):
    judge = {"x": "min"}
    for words, told in (
        (["gan", "lsgan"], "4 generator steps each"),
        (["gan:steps=6", "lsgan:steps=6"], "6 generator steps each"),
        (["gan", "lsgan:steps=6"], "Generator steps: gan 4, lsgan:steps=6 6,"),
    ):
        made = make(tmp_path, words)
        folder = trials.open_plan(made, trials.open_data(made))
        assert told in report.write(made, folder, judge, "p")[0].read_text()


def row(title, **values):
    return table.Row(title, values, len(next(iter(values.values()), [])), 0, 0.1)


def test_the_best_is_the_least_where_less_is_better():
    lines = [row("a", x=[1.0], y=[1.0]), row("b", x=[2.0], y=[2.0]), row("c")]
    assert table.best(lines, {"x": "max", "y": "min"}) == {"x": {"b"}, "y": {"a"}}


def test_ties_are_best_together_and_not_at_all_where_all_are_equal():
    lines = [row("a", x=[8.0], y=[0.0]), row("b", x=[8.0], y=[0.0]), row("c", x=[7.0], y=[0.0])]
    assert table.best(lines, {"x": "max", "y": "max"}) == {"x": {"a", "b"}, "y": set()}


def test_differences_have_welchs_interval():
    from scipy import stats

    a, b = [1.0, 2.0, 4.0], [2.5, 2.6, 2.4, 2.5]
    found = table.difference(a, b)
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert found.value == pytest.approx((low + high) / 2)
    assert found.half == pytest.approx((high - low) / 2)
    assert table.difference([8.0, 8.0], [7.0, 7.0]) == table.Mean(1.0, 0.0)


def test_verdicts_tell_better_from_worse_from_unclear():
    better = {"modes": "max", "distance": "min", "quality": "max"}
    lines = [
        row("a", modes=[4.0, 4.1], distance=[1.0, 1.01], quality=[0.1, 0.9]),
        row("b", modes=[8.0, 8.1], distance=[2.0, 2.01], quality=[0.2, 0.8]),
        row("c", modes=[8.0], distance=[2.0], quality=[0.5]),  # one seed says nothing
    ]
    ((title, sentence),) = table.verdicts(lines, better)
    assert title == "b"
    assert sentence.startswith("better in modes (+4 ± ")
    assert "; worse in distance (+1 ± " in sentence
    assert sentence.endswith("; no clear difference in quality.")


def test_long_captions_break_after_commas():
    words = pictures._wrapped("wgan:weight_clip=0.1,g_learning_rate=5e-4", 240)
    assert words == "wgan:weight_clip=0.1,\ng_learning_rate=5e-4"
    assert pictures._wrapped("gan", 240) == "gan"


def test_the_runs_that_are_left_of_one_that_fails_are_not_compared():
    """They would be its better ones. The other way round, too."""
    rows = [row("a", x=[3.0, 3.1]), row("b", x=[1.0, 1.1]), row("c", x=[2.0, 2.1])]
    failed = [rows[0], dataclasses.replace(rows[1], failed=1), rows[2]]
    assert table.best(rows, {"x": "min"}) == {"x": {"b"}}
    assert table.best(failed, {"x": "min"}) == {"x": {"c"}}
    assert [title for title, _ in table.verdicts(rows, {"x": "min"})] == ["b", "c"]
    assert [title for title, _ in table.verdicts(failed, {"x": "min"})] == ["c"]
    assert table.verdicts(failed[1:], {"x": "min"}) == []


def test_nothing_is_told_against_an_entry_with_one_finished_run():
    lines = [row("a", x=[1.0]), row("b", x=[2.0, 2.1])]
    assert table.verdicts(lines, {"x": "min"}) == []


def test_the_time_of_a_step_counts_the_entrys_own_steps(tmp_path):
    made = make(tmp_path, ["gan", "gan:steps=6"], seeds=3)
    for title, steps in (("gan", 4), ("gan:steps=6", 6)):
        for seed, seconds in enumerate((1.0, 2.0, 9.0)):
            place = trials.folder_of(tmp_path, title, seed)
            place.mkdir(parents=True)
            curve = [{"step": steps, "x": 0.5}]
            known = {"curve": curve, "state": "done", "seconds": seconds * steps}
            (place / "result.json").write_text(json.dumps(known))
    assert [each.step_seconds for each in table.rows(made, tmp_path, ["x"])] == [2.0, 2.0]
