"""A small search on points is carried out: the best setting of each model, and the report."""

import itertools
import json
import re

import numpy as np
import pytest

from comparison import trials
from comparison.table import Mean
from console.errors import TrainingStopped
from studies import choosing, command, plan, search_report, verdict
from studies.carrying_out import Work
from studies.folder import open_folder
from studies.results import Results
from tests.studies.small_search import load, write

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize("direction", ["min", "max"])
def test_the_best_of_a_smaller_budget_by_all_draws(direction):
    """Against every way to draw k of four values with replacement."""
    values, better = [3.0, 1.0, 7.0, 1.5], min if direction == "min" else max
    for k in (1, 2, 3):
        every = [better(drawn) for drawn in itertools.product(values, repeat=k)]
        found = choosing.best_of(values, k, direction)
        assert found.mean == pytest.approx(np.mean(every))
        low, high = np.quantile(every, [0.025, 0.975], method="inverted_cdf")
        assert (found.low, found.high) == (low, high)


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory):
    """The search from the command line: (its folder, the plan's path)."""
    folder = tmp_path_factory.mktemp("search")
    path = write(folder)
    assert command.run([path, f"--out={folder}"]) == 0
    return folder / "study-look-small", path


def stored(folder, comparison, arm, seed, measure):
    """What a run has come to, read from its file."""
    run = f"{arm.replace(' ', '-')}-{seed}"
    curve = json.loads((folder / comparison / "runs" / run / "result.json").read_text())["curve"]
    return curve[-1][measure]


def test_the_best_setting_of_each_model_runs_again_with_other_seeds(carried_out):
    """Not with seed 0, by which it was chosen."""
    folder, path = carried_out
    for comparison, measure, better in (
        ("ring", "EM distance", min), ("grid", "mode entropy", max),
    ):  # fmt: skip
        runs = sorted(p.parent.name for p in folder.glob(f"{comparison}-again/runs/*/result.json"))
        expected = []
        for model in ("plain", "squares"):
            arms = [f"{model} {number}" for number in range(3)]
            best = better(arms, key=lambda arm: stored(folder, comparison, arm, 0, measure))
            expected += [f"{best.replace(' ', '-')}-{seed}" for seed in (1, 2)]
        assert runs == sorted(expected)
    search = plan.load(path, "small", None, str(folder.parent))
    assert len(list(search.runs())) == 12
    assert Results(search, folder).ended()


def test_the_report_begins_with_a_table_for_each_data_set(carried_out):
    folder, _ = carried_out
    text = (folder / "report.md").read_text()
    tables = text.split("Rules first.")[0]
    assert "| ring: EM distance ↓ | best setting again | best | median | worst | failed |" in tables
    assert "| grid: mode entropy ↑ |" in tables
    values = sorted(stored(folder, "ring", f"plain {k}", 0, "EM distance") for k in range(3))
    bad = sum(value > 1.5 for value in values)
    (line,) = [line for line in tables.splitlines() if line.startswith("| plain |")][:1]
    assert line.endswith(
        f"| {values[0]:.3g} | {values[1]:.3g} | {values[2]:.3g} | {bad / 3:.0%} of 3 |"
    )
    best = min(range(3), key=lambda k: stored(folder, "ring", f"plain {k}", 0, "EM distance"))
    again = [stored(folder, "ring-again", f"plain {best}", seed, "EM distance") for seed in (1, 2)]
    assert line.startswith(f"| plain | {np.mean(again):.3g} ± ")
    for name in re.findall(r"\]\((.*?\.png)\)", text):
        assert (folder / name).stat().st_size > 1_000
    assert text.count(".png)") == 4
    assert "3 settings of each model, one run each: the plan's own" in text
    assert "The best one again with 2 other seeds: " in text
    assert "its EM distance is worse than 1.5.\n" in text
    assert "its mode entropy is worse than 0.1.\n" in text
    assert "Of 1 pair of models, " in text
    assert f"- `plain {best}`: `gan:batch_size=8" in text
    assert "Not begun" not in text


def test_a_finished_search_is_not_trained_again(carried_out):
    folder, path = carried_out
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")}
    assert command.run([path, f"--out={folder.parent}"]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")} == before


def test_what_is_claimed_or_changed_is_refused(carried_out, tmp_path, capsys):
    folder, path = carried_out
    assert command.run([path, f"--out={folder.parent}", "--claims=all"]) == 2
    assert "look searches and claims nothing; leave out --claims" in capsys.readouterr().err
    for pattern, text, place in (
        ("failed = 1.5", "failed = 1.6", "judged/ring/failed differs"),
        ("1e-4", "1e-5", "comparisons/ring/entries/plain 1/g_learning_rate differs"),
    ):
        assert command.run([write(tmp_path, (pattern, text)), f"--out={folder.parent}"]) == 2
        assert place in capsys.readouterr().err


def test_a_measure_that_nobody_takes_is_refused_before_anything_is_trained(tmp_path, capsys):
    path = write(tmp_path, ('measure = "mode entropy"', 'measure = "mode entrophy"'))
    assert command.run([path, f"--out={tmp_path}"]) == 2
    words = capsys.readouterr().err.strip().splitlines()[-1]
    assert "search grid: unknown measure 'mode entrophy' (did you mean mode entropy?)" in words
    assert "known: modes covered, " in words
    assert [each.name for each in tmp_path.iterdir()] == ["look.toml"]


def test_a_run_that_diverges_has_failed(tmp_path, monkeypatch):
    search = load(tmp_path, seeds=1)
    folder = open_folder(search, tmp_path / "here")
    real = trials.advance

    def stop(gan, feed, step):
        if gan.recipe.loss == "least_squares":
            raise TrainingStopped("d_loss is nan by step 4")
        return real(gan, feed, step)

    monkeypatch.setattr(trials, "advance", stop)
    Work(folder, lambda words: None, lambda: False).go(search)
    assert choosing.failed(search, folder, "ring", "squares") == 1.0
    assert choosing.failed(search, folder, "grid", "squares") == 1.0
    worst = max(choosing.numbers(search, folder, "ring", "plain").values())
    numbers = choosing.numbers(search, folder, "ring", "squares")
    assert min(numbers.values()) >= worst
    assert choosing.chosen(search, folder)["ring"]["squares"] == "squares 0"


def test_the_best_wait_for_runs_of_other_processes(tmp_path, monkeypatch):
    search = load(tmp_path, seeds=1)
    folder = open_folder(search, tmp_path / "here")
    held = trials.folder_of(folder / "grid", "squares 2", 0)
    order = []
    monkeypatch.setattr("studies.carrying_out.WAIT", 0.0)
    real = trials.train

    def train(plan, place, *rest, runs):
        """The other process ends its run when this one has looked twice."""
        (run,) = runs
        order.append((place.name, *run))
        if place.name == "grid" and run == ("squares 2", 0) and len(order) < 14:
            return
        real(plan, place, *rest, runs=runs)

    monkeypatch.setattr(trials, "train", train)
    Work(folder, lambda words: None, lambda: False).go(search)
    again = [name for name, *_ in order].index("ring-again")
    assert order[again - 1] == ("grid", "squares 2", 0)
    assert trials.result(held)["state"] == "done"


def test_a_stopped_search_reports_what_it_has(tmp_path):
    from studies import search_report

    search = load(tmp_path, seeds=1)
    folder = open_folder(search, tmp_path / "here")
    calls = iter(range(100))
    Work(folder, lambda words: None, lambda: next(calls) >= 3).go(search)
    text = search_report.write(search, folder).read_text()
    assert "| squares | – | – | – | – | – |" in text
    assert "Not begun: ring: plain 1, seed 0" in text


# === Numbers that are planned ===


def ended(folder, comparison, measure, better, numbers):
    """Runs (arm, seed) that have come to these numbers, and what their judge calls better."""
    for (arm, seed), number in numbers.items():
        place = trials.folder_of(folder / comparison, arm, seed)
        place.mkdir(parents=True)
        known = {"curve": [{"step": 2, measure: number}], "state": "done", "seconds": 1.0}
        (place / "result.json").write_text(json.dumps(known))
    judge = {"better": {measure: better}, "protocol": ""}
    (folder / comparison / "judge.json").write_text(json.dumps(judge))


@pytest.mark.parametrize(
    ("name", "measure", "better", "words"),
    [
        ("ring", "EM distance", "min", "- plain before squares by 1 ± "),
        ("grid", "mode entropy", "max", "- squares before plain by 1 ± "),
    ],
)
def test_the_model_that_is_ahead_is_named_first(tmp_path, name, measure, better, words):
    search = load(tmp_path, seeds=3)
    folder = open_folder(search, tmp_path / "here")
    ended(folder, name, measure, better, {("plain 0", 0): 1.0, ("squares 0", 0): 2.0})
    starts = {"plain 0": 1.0, "squares 0": 2.0}
    again = {(arm, n): start + n / 100 for arm, start in starts.items() for n in range(1, 4)}
    ended(folder, f"{name}-again", measure, better, again)
    best = choosing.again(search, folder)
    lines = search_report._differences(search, best, folder, name)
    assert lines[0].startswith("Of 1 pair of models, 1 differ by Welch's t-test")
    assert lines[2].startswith(words)


def test_where_more_is_better_the_least_is_the_worst_and_fails(tmp_path):
    search = load(tmp_path, seeds=2)
    folder = open_folder(search, tmp_path / "here")
    numbers = {(f"plain {k}", 0): value for k, value in enumerate((0.5, 0.05, 0.9))}
    ended(folder, "grid", "mode entropy", "max", numbers)  # below 0.1 it has failed
    assert choosing.failed(search, folder, "grid", "plain") == pytest.approx(1 / 3)
    assert choosing.chosen(search, folder)["grid"] == {"plain": "plain 2"}
    lines = search_report._table(search, choosing.again(search, folder), folder, "grid")
    assert lines[2] == "| plain | – | 0.9 | 0.5 | 0.05 | 33% of 3 |"


def test_differences_are_corrected_for_all_pairs(tmp_path, monkeypatch):
    """Thrice 0.03 is above the level."""
    monkeypatch.setattr(search_report, "_again", lambda *_: {key: [1.0, 2.0] for key in "abc"})
    monkeypatch.setattr(verdict, "welch", lambda one, other: (Mean(1.0, 0.5), 0.03))
    (head,) = search_report._differences(load(tmp_path), None, tmp_path, "ring")
    assert head.startswith("Of 3 pairs of models, 0 differ")


def test_models_that_lack_runs_make_no_pair(tmp_path, monkeypatch):
    known = {"a": [1.0, 1.1], "b": [2.0, 2.1], "c": [3.0]}
    monkeypatch.setattr(search_report, "_again", lambda *_: known)
    lines = search_report._differences(load(tmp_path), None, tmp_path, "ring")
    assert lines[0].startswith("Of 1 pair of models, ")


def test_the_curve_of_budgets_knows_what_is_better(tmp_path, monkeypatch):
    search, asked, real = load(tmp_path, seeds=2), [], choosing.best_of
    folder = open_folder(search, tmp_path / "here")
    numbers = {("plain 0", 0): 0.5, ("plain 1", 0): 0.9}
    ended(folder, "grid", "mode entropy", "max", numbers)
    monkeypatch.setattr(choosing, "best_of", lambda *how: asked.append(how) or real(*how))
    assert search_report._drawn(search, choosing.again(search, folder), folder, "grid")
    assert asked == [([0.5, 0.9], k, "max") for k in (1, 2)]
