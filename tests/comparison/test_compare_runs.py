"""Comparisons that are trained: measured, resumed after a kill, and reported."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from comparison import plan, report, table, trials
from console.errors import TrainingStopped, UserError
from tests.comparison.tiny import WORDS, make, settings, train

pytestmark = pytest.mark.usefixtures("eagerly")


def test_a_vae_is_compared_with_a_gan_on_pictures(tmp_path):
    words = ["vae:filters=8,latent_dim=4", "gan:g_filters=8,d_filters=4"]
    settings_ = settings(tmp_path, data="triangles", samples=4, marks=1, seeds=1, steps=2, count=64)
    made = plan.make(words, {"batch_size": 4, "resolution": 32}, settings_)
    folder, judge, _ = train(made)
    for title in words:
        (row,) = trials.result(trials.folder_of(folder, title, 0))["curve"]
        assert set(judge.better) <= set(row)
    assert "kl" in trials.result(trials.folder_of(folder, words[0], 0))["curve"][0]["logs"]


def test_logs_are_means_over_the_calls(tmp_path, monkeypatch):
    from training import loop

    heard = loop._MeanLogs()
    for d_loss in (1.0, 2.0, 6.0):
        heard.on_train_batch_end(0, {"d_loss": d_loss})
    assert heard.means() == {"d_loss": 3.0}
    heard.on_train_batch_end(0, {"d_loss": float("nan")})
    assert heard.means()["d_loss"] != heard.means()["d_loss"]
    assert loop._MeanLogs().means() == {}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    made = make(tmp_path_factory.mktemp("finished"))
    return made, *train(made)


def test_every_run_is_measured_at_every_mark(finished):
    made, folder, judge, told = finished
    assert len(told) == 2 * 2 * 2
    for title, seed in made.runs():
        known = trials.result(trials.folder_of(folder, title, seed))
        assert known["state"] == "done"
        assert [row["step"] for row in known["curve"]] == [2, 4]
        assert set(judge.better) <= set(known["curve"][0])
    assert not list(folder.rglob("*.h5"))
    curves = [trials.result(trials.folder_of(folder, *run))["curve"] for run in made.runs()]
    assert all(curves[0] != other for other in curves[1:])  # a seed and a recipe of its own each


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only there")
def test_a_run_leaves_no_graph_behind(tmp_path):
    from tensorflow.python.framework import ops

    few = {"seeds": 1, "marks": 1, "steps": 1, "samples": 2, "count": 16}
    made = make(tmp_path, ["dcgan:resolution=16,g_filters=8,d_filters=4"], data="triangles", **few)
    train(made)
    kept = [name for name in ops.gradient_registry._registry if name.startswith("CustomGradient")]
    assert kept == []


def test_a_finished_comparison_is_not_trained_again(finished):
    made, folder, _, _ = finished
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")}
    assert train(made)[2] == []
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")} == before


def test_a_killed_comparison_ends_as_if_it_had_not_been(finished, tmp_path):
    _, folder, _, _ = finished
    again = make(tmp_path, WORDS[1:], seeds=1)
    calls = iter(range(100))
    other, _, told = train(again, out_of_time=lambda: next(calls) >= 2)  # after the first mark
    first = trials.folder_of(other, WORDS[1], 0)
    assert trials.result(first)["state"] == "unfinished"
    assert len(told) == 1
    # Killed between the curve and the weights: the second mark is in one but not in the other.
    known = trials.result(first)
    known["curve"].append({**known["curve"][0], "step": 4})
    (first / "result.json").write_text(json.dumps(known))
    assert len(train(again)[2]) == 1
    whole = trials.result(trials.folder_of(folder, WORDS[1], 0))
    assert trials.result(first)["curve"] == whole["curve"]
    assert trials.result(first)["seconds"] > known["seconds"] > 0


def test_a_run_that_fails_is_named_and_not_tried_again(tmp_path, monkeypatch):
    def stop(gan, feed, step):
        raise TrainingStopped("d_loss is nan by step 2")

    monkeypatch.setattr(trials, "advance", stop)
    made = make(tmp_path, WORDS[:1], seeds=1)
    folder, judge, told = train(made)
    assert told == ["gan seed 0: d_loss is nan by step 2"]
    assert train(made)[2] == []
    report.write(made, folder, judge.better, judge.protocol)
    assert "a loss that was not finite: gan (1)." in (folder / "report.md").read_text()


def test_the_table_holds_means_and_intervals(finished):
    made, folder, judge, _ = finished
    report.write(made, folder, judge.better, judge.protocol)
    name = "EM distance"
    values = []
    for seed in (0, 1):
        path = trials.folder_of(folder, "gan", seed) / "result.json"
        values.append(json.loads(path.read_text())["curve"][-1][name])
    row = next(row for row in table.rows(made, folder, [name]) if row.title == "gan")
    assert row.measures[name].value == pytest.approx(np.mean(values))
    # Student's t for 2 values: 12.706 standard errors.
    error = abs(values[0] - values[1]) / 2
    assert row.measures[name].half == pytest.approx(12.7062 * error, rel=1e-4)
    text = (folder / "report.md").read_text()
    assert str(row.measures[name]) in text
    assert "2 recipes on ring" in text
    page = (folder / "report.html").read_text()
    assert page.count("<tr>") == 3
    for picture in ("curves.png", "samples.png"):
        assert f"]({picture})" in text
        assert f'src="{picture}"' in page
        assert np.asarray(Image.open(folder / picture)).std() > 5


def test_the_report_says_what_differs(finished):
    made, folder, judge, _ = finished
    report.write(made, folder, judge.better, judge.protocol)
    text, page = ((folder / f"report.{end}").read_text() for end in ("md", "html"))
    ((title, sentence),) = table.verdicts(table.rows(made, folder, [*judge.better]), judge.better)
    assert "## Against gan\n" in text
    assert f"- **{title}**: {sentence}" in text
    assert f"<b>{title}</b>: " in page


def test_damaged_files_of_a_run_are_named(tmp_path):
    made = make(tmp_path, ["gan"])
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    place = trials.folder_of(folder, "gan", 0)
    place.mkdir(parents=True)
    (place / "unfinished.weights.h5").write_bytes(b"cut")
    words = r"unfinished\S+ cannot be read .*gan-0 to train this run again"
    with pytest.raises(UserError, match=words):
        trials.train(made, folder, data, None, lambda: False, print)
    (place / "result.json").write_text("{")
    with pytest.raises(UserError, match=r"result\.json .*gan-0 to train this run again"):
        trials.result(place)
