"""What a study's runs have come to: those that diverged, the words of a verdict, the seconds."""

import json

import keras
import pytest

from comparison import timing, trials
from comparison.table import Mean
from console.errors import UserError
from studies import report
from studies.carrying_out import Work
from studies.claims import Side, Test
from studies.results import Results
from studies.verdict import Outcome
from tests.studies.small_study import load

pytestmark = pytest.mark.usefixtures("eagerly")
Test.__test__ = False  # pytest: it is none of its tests


def ended(folder, arm, seed, values, state="done", seconds=1.0, measure="EM distance"):
    place = trials.folder_of(folder / "points", arm, seed)
    place.mkdir(parents=True)
    curve = [{"step": step, measure: value} for step, value in enumerate(values, start=1)]
    known = {"curve": curve, "state": state, "seconds": seconds}
    (place / "result.json").write_text(json.dumps(known))


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("end", 9.0),  # of any mark
        ("beginning", 9.0),
        ("best", 3.0),
        ("second_half", 5.0),
        ("rise", pytest.approx(8 / 3 - 1)),
        ("roughness", pytest.approx(6 / 6**0.5)),
    ],
)
@pytest.mark.parametrize("values", [[], [1.0]])
def test_a_run_that_diverges_is_the_worst_in_every_quantity(
    written, tmp_path, quantity, expected, values
):
    """Also if it had no marks, or too few of them."""
    study = load(written(), tmp_path, seeds=1)
    ended(tmp_path, "base", 0, [9.0, 5.0, 5.0, 2.0, 2.0, 2.0])
    ended(tmp_path, "short", 0, [8.0, 8.0, 8.0, 4.0, 3.0, 8.0])
    ended(tmp_path, "other", 0, values, state="failed")
    found = Results(study, tmp_path).numbers("points", "other", "EM distance", quantity)
    assert found == {0: expected}


def test_where_more_is_better_the_least_is_the_worst_but_not_of_roughness(written, tmp_path):
    study = load(written(), tmp_path, seeds=1)
    ended(tmp_path, "base", 0, [2.0, 1.0, 3.0, 3.0, 3.0, 3.0], measure="modes covered")
    ended(tmp_path, "short", 0, [5.0, 4.0, 4.0, 4.0, 3.0, 8.0], measure="modes covered")
    ended(tmp_path, "other", 0, [], state="failed", measure="modes covered")
    judge = {"better": {"modes covered": "max"}, "protocol": ""}
    (tmp_path / "points" / "judge.json").write_text(json.dumps(judge))
    results = Results(study, tmp_path)
    for quantity, expected in (("end", 1.0), ("second_half", 3.0), ("roughness", 6 / 6**0.5)):
        found = results.numbers("points", "other", "modes covered", quantity)
        assert found == {0: pytest.approx(expected)}, quantity


def test_the_seconds_of_a_study_are_those_of_all_runs(written, tmp_path):
    study = load(written(), tmp_path, seeds=1)
    for arm, seconds in (("base", 100.0), ("other", 200.0), ("short", 60.0)):
        ended(tmp_path, arm, 0, [1.0, 1.0], seconds=seconds)
    assert Results(study, tmp_path).seconds() == 360.0
    assert "All runs trained for 6 min together." in report.write(study, tmp_path).read_text()


@pytest.mark.parametrize(
    ("gap", "p", "corrected", "mark"),
    [
        (-1.0, 0.01, 0.02, "yes"),
        (1.0, 0.01, 0.02, "no"),
        (-1.0, 0.04, 0.08, "?"),
        (-1.0, float("nan"), float("nan"), "…"),
    ],
)
def test_the_mark_of_a_test_says_whether_it_held(gap, p, corrected, mark):
    side, other = (Side("points", arm, "FD", "end") for arm in ("base", "other"))
    number = Mean(1.0, 0.1)
    outcome = Outcome(Test(side, other, "less"), number, number, Mean(gap, 0.5), p, corrected)
    assert report._brief(outcome).endswith(f" ± 0.5 ({mark})")


def test_a_claim_alone_builds_its_own_arms(written, tmp_path, monkeypatch):
    """What is wrong with another one does not stop it, and a comparison may have none."""
    study = load(written(), tmp_path)
    built, opened = [], []
    monkeypatch.setattr(trials, "open_data", lambda plan: opened.append([*plan.entries]) or "data")
    monkeypatch.setattr(trials, "check", lambda plan, data, titles: built.append(titles))
    Work(tmp_path, print, lambda: False).check(study.only(["loss"]))
    assert (opened, built) == ([["base", "other"]], [["base", "other"]])
    claim = study.claims[0]
    none = study.only(["loss"]).__class__(**{**vars(study), "claims": (claim,)})
    assert none.representatives("points") == ["base", "other"]
    empty = none.__class__(**{**vars(study), "claims": ()})
    Work(tmp_path, print, lambda: False).check(empty)
    assert len(built) == 1


def test_no_titles_to_check_are_none(written, tmp_path, monkeypatch):
    study, built = load(written(), tmp_path), []

    def build(plan, title, *_):
        built.append(title)
        raise UserError("stop")

    monkeypatch.setattr(trials, "build", build)
    trials.check(study.plans["points"], None, [])
    assert built == []
    with pytest.raises(UserError, match="base: stop"):
        trials.check(study.plans["points"], None)


def test_a_study_of_another_backend_is_refused_before_its_steps_are_timed(
    written, tmp_path, monkeypatch
):
    changes = [("steps = 4", "minutes = 0.001"), ('short = "gan:steps=2"', ""),
               ('"short"', '"other"')]  # fmt: skip
    study = load(written(*changes), tmp_path, seeds=1)
    monkeypatch.setattr(trials, "train", lambda *_, **__: None)
    monkeypatch.setattr(timing, "step_seconds", lambda system, feed, least: 0.005)
    calls = iter(range(9))
    Work(tmp_path, print, lambda: next(calls) >= 1).go(study)
    (tmp_path / "points" / "steps.json").unlink()
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    with pytest.raises(UserError, match=r"holds runs of the backend .*, and this is another"):
        Work(tmp_path, print, lambda: False).go(study)
    assert not (tmp_path / "points" / "steps.json").exists()
