"""A small study on points is carried out, stopped, resumed and reported."""

import dataclasses
import json
import re

import pytest

from comparison import trials
from console.errors import TrainingStopped, UserError
from models import recipes
from studies import command, plan, report
from studies.carrying_out import Work
from studies.folder import open_folder
from studies.results import Results
from tests.studies.small_study import PLAN, load

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory):
    """The study from the command line: (its folder, the plan's path)."""
    folder = tmp_path_factory.mktemp("study")
    path = folder / "two.toml"
    path.write_text(PLAN)
    assert command.run([str(path), f"--out={folder}"]) == 0
    return folder / "study-two-small", str(path)


def test_every_arm_is_trained_with_every_seed(carried_out):
    folder, path = carried_out
    study = plan.load(path, "small", None, str(folder.parent))
    assert len(list(study.runs())) == 6
    for name, arm, seed in study.runs():
        state = trials.result(trials.folder_of(folder / name, arm, seed))
        assert state["state"] == "done"
        assert state["curve"][-1]["step"] == (2 if arm == "short" else 4)


def test_the_report_begins_with_the_verdicts(carried_out):
    folder, path = carried_out
    text = (folder / "report.md").read_text()
    study = plan.load(path, "small", None, str(folder.parent))
    results = Results(study, folder)
    head, _, first, second = text.split("\n\n")[1].splitlines()
    assert head == "| claim | at the scale `small` | what was seen |"
    assert first.startswith("| 1. The loss matters. | **")
    assert second.startswith("| 2. More steps help. | **")
    base = results.numbers("points", "base", "EM distance")
    stored = [
        json.loads((folder / f"points/runs/base-{seed}/result.json").read_text())["curve"][-1]
        for seed in (0, 1)
    ]
    assert base == {seed: row["EM distance"] for seed, row in enumerate(stored)}
    logs = results.numbers("points", "base", "d_loss")
    assert logs == {seed: row["logs"]["d_loss"] for seed, row in enumerate(stored)}
    assert "correction for all 2 tests" in text
    for name in re.findall(r"\]\((.*?\.png)\)", text):
        assert (folder / name).stat().st_size > 1_000
    assert text.count(".png)") == 4
    assert "- `other`: `gan:batch_size=8,loss=least_squares`" in text


def test_a_finished_study_is_not_trained_again(carried_out, capsys):
    folder, path = carried_out
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")}
    assert command.run([path, f"--out={folder.parent}"]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")} == before
    assert "wrote" in capsys.readouterr().out


def test_a_changed_plan_is_refused_and_no_run_is_lost(carried_out, tmp_path, capsys):
    folder, _ = carried_out
    for old, new, place in (
        ('expect = "less" }, {', 'expect = "more" }, {', "claims/1/tests/1/expect"),
        ("loss=least_squares", "loss=hinge", "comparisons/points/entries/other/loss"),
        ("marks = 2", "marks = 1", "comparisons/points/settings/marks"),
    ):
        changed = tmp_path / "two.toml"
        changed.write_text(PLAN.replace(old, new, 1))
        assert command.run([str(changed), f"--out={folder.parent}"]) == 2
        words = capsys.readouterr().err.strip()
        assert f"had begun: {place} differs" in words
        assert len(words.splitlines()) == 1
    other = tmp_path / "three.toml"
    other.write_text(PLAN)
    study = plan.load(str(other), "small", None, str(tmp_path))
    with pytest.raises(UserError, match="holds the study two at the scale small; give another"):
        open_folder(study, folder)
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(UserError, match="give another --out, or delete"):
        open_folder(study, tmp_path)


def test_a_plan_of_an_earlier_version_goes_on(carried_out, tmp_path):
    """Its recipes lack the fields that were added since."""
    folder, path = carried_out
    study = plan.load(path, "small", None, str(folder.parent))
    known = json.loads((folder / "plan.json").read_text())
    for recipe in known["comparisons"]["points"]["entries"].values():
        del recipe["diversity_ratio"]
    (tmp_path / "plan.json").write_text(json.dumps(known))
    assert open_folder(study, tmp_path) == tmp_path
    known["comparisons"]["points"]["entries"]["base"]["loss"] = "lost"
    (tmp_path / "plan.json").write_text(json.dumps(known))
    with pytest.raises(UserError, match=r"unknown loss 'lost'.*give another --out, or delete"):
        open_folder(study, tmp_path)


def test_a_run_that_diverges_counts_as_the_worst(written, tmp_path, monkeypatch):
    study = load(written(), tmp_path, seeds=1)
    folder = open_folder(study, tmp_path / "here")
    work = Work(folder, lambda words: None, lambda: False)
    real = trials.advance

    def stop(gan, feed, step):
        if gan.recipe.loss == "least_squares" and step == 4:
            raise TrainingStopped("d_loss is nan by step 4")
        return real(gan, feed, step)

    monkeypatch.setattr(trials, "advance", stop)
    work.go(study)
    results = Results(study, folder)
    every = [
        row["EM distance"]
        for path in folder.rglob("result.json")
        for row in json.loads(path.read_text())["curve"]
    ]
    assert results.numbers("points", "other", "EM distance") == {0: max(every)}
    assert results.numbers("points", "other", "mode entropy")[0] <= min(
        results.numbers("points", "base", "mode entropy").values()
    )
    text = report.write(study, folder).read_text()
    assert "Diverged, and counted as the worst: points: other, seed 0." in text
    assert "**waiting**" in text  # one seed decides nothing


def test_a_stopped_study_says_what_is_left_and_goes_on(written, tmp_path):
    study = load(written(), tmp_path, seeds=1)
    folder = open_folder(study, tmp_path / "here")
    told, calls = [], iter(range(100))
    work = Work(folder, told.append, lambda: next(calls) >= 4)
    work.go(study)
    assert "run 1 of 3 · about " in "\n".join(told)
    assert (
        "Not begun: points: other, seed 0, points: short, seed 0."
        in report.write(study, folder).read_text()
    )
    told.clear()
    Work(folder, told.append, lambda: False).go(study)
    assert told[-1].startswith("run 3 of 3")
    assert "Not " not in report.write(study, folder).read_text()


SETS = """
title = "Two sets"
about = "Rules first."
[comparisons.every]
data = "faces"
count = 60
marks = 1
samples = 2
steps = 1
changes = "resolution=32,batch_size=2,g_filters=8,d_filters=4"
[comparisons.every.arms]
base = "gan"
[comparisons.some]
data = "faces"
count = 60
only = "no hat"
marks = 1
samples = 2
steps = 1
changes = "resolution=32,batch_size=2,g_filters=8,d_filters=4"
[comparisons.some.arms]
base = "gan"
tuned = "gan:from=RUN"
[scales.small]
seeds = 1
about = "tiny"
[[claims]]
name = "hats"
text = "Hats matter."
comparison = "some"
measure = "FD-lite0@224"
quantity = "end"
tests = [ { arm = "tuned", than = "base", expect = "less" } ]
[[claims]]
name = "end"
text = "It ends well."
comparison = "every"
measure = "FD-lite0@224"
quantity = "end"
tests = [ { arm = "base", than = 1.0 } ]
"""


def test_comparisons_have_their_own_pictures_judges_and_beginnings(tmp_path, monkeypatch):
    (tmp_path / "sets.toml").write_text(SETS)
    study = plan.load(str(tmp_path / "sets.toml"), "small", None, str(tmp_path))
    assert [each.starts for each in study.plans.values()] == [{}, {"tuned": "RUN"}]
    monkeypatch.setattr("training.finetuning.check", lambda *_: None)
    chosen = []
    monkeypatch.setattr("comparison.judges.choose", lambda *given: chosen.append(given) or given)
    work = Work(tmp_path, print, lambda: False)
    counts = [len(work._open(each).images) for each in study.plans.values()]
    assert counts[0] == 60
    assert 0 < counts[1] < 60
    first, second = (work._judge(each) for each in study.plans.values())
    assert [len(each[1].images) for each in (first, second)] == counts
    assert work._judge(study.plans["some"]) is second
    seen = dataclasses.replace(recipes.load("projected"), resolution=32, batch_size=2)
    entries = dict.fromkeys(study.plans["some"].entries, seen)
    other = work._judge(dataclasses.replace(study.plans["some"], entries=entries))
    assert other is not second
    assert other[1] is second[1]


def test_a_run_comes_to_the_quantity_that_is_asked_for(written, tmp_path):
    study = load(written(), tmp_path, seeds=1)
    place = trials.folder_of(tmp_path / "here" / "points", "base", 0)
    place.mkdir(parents=True)
    curve = [{"step": n + 1, "EM distance": value} for n, value in enumerate((3.0, 1.0, 2.0))]
    known = {"curve": curve, "state": "done", "seconds": 1.0}
    (place / "result.json").write_text(json.dumps(known))
    results = Results(study, tmp_path / "here")
    for quantity, number in (("beginning", 3.0), ("best", 1.0), ("end", 2.0), ("rise", 1.0)):
        assert results.numbers("points", "base", "EM distance", quantity) == {0: number}


def test_comparisons_that_differ_in_a_number_share_neither_data_nor_judge(
    written, tmp_path, monkeypatch
):
    def changed(made, **changes):
        return dataclasses.replace(made, settings=dataclasses.replace(made.settings, **changes))

    points = load(written(), tmp_path).plans["points"]
    work = Work(tmp_path, print, lambda: False)
    counts = [len(work._open(each).images) for each in (points, changed(points, count=50))]
    assert counts == [500, 50]
    (tmp_path / "sets.toml").write_text(SETS)
    every = plan.load(str(tmp_path / "sets.toml"), "small", None, str(tmp_path)).plans["every"]
    data = object()
    monkeypatch.setattr(trials, "open_data", lambda made: data)
    monkeypatch.setattr("comparison.judges.choose", lambda *given: object())
    work = Work(tmp_path, print, lambda: False)
    found = [
        work._judge(changed(every, **each))
        for each in ({}, {"few": 10}, {"samples": 3}, {"also": "raw"})
    ]
    assert len(set(map(id, found))) == 4


def test_arms_at_equal_minutes_are_timed(written, tmp_path, monkeypatch):
    monkeypatch.setattr("comparison.timing.step_seconds", lambda system, feed, least: 0.005)
    changes = [("steps = 4", "minutes = 0.001"), ('short = "gan:steps=2"', ""),
               ('"short"', '"other"')]  # fmt: skip
    study, told = load(written(*changes), tmp_path), []
    made = Work(tmp_path, told.append, lambda: False)._plan(study, "points")
    assert made.timed == {"base": 10, "other": 10}  # 12 fit, in multiples of 5 · 2 marks
    assert told == ["points: timing a step of 2 arms …"]
    assert json.loads((tmp_path / "points/steps.json").read_text()) == {"steps": made.timed}


def test_a_study_on_other_pictures_does_not_go_on(written, tmp_path):
    study = load(written(), tmp_path, seeds=1)
    folder = open_folder(study, tmp_path / "here")
    calls = iter(range(100))
    Work(folder, print, lambda: next(calls) >= 4).go(study)  # one run of three
    path = folder / "points" / "data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprint": "0" * 12}))
    with pytest.raises(UserError, match="holds runs on other pictures than"):
        Work(folder, print, lambda: False).go(study)
