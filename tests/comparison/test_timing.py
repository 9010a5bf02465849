"""Comparisons at equal training time, in several processes, in a precision."""

import contextlib
import json
import types

import pytest

from comparison import command, plan, report, timing, trials
from console.errors import UserError
from runs.folder import hold
from training import device

pytestmark = pytest.mark.usefixtures("eagerly")

WORDS = ["gan", "lsgan"]


def make(tmp_path, **changes):
    values = {"data": "ring", "seeds": 1, "marks": 2, "width": 4, "count": 500, "minutes": 2.0}
    settings = plan.CompareSettings(**{**values, "out": str(tmp_path), **changes})
    return plan.make(WORDS, {"batch_size": 8}, settings)


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """A plan whose recipes' steps take 0.5 and 1.25 s, and its folder."""
    made = make(tmp_path)
    seconds = iter((0.5, 1.25))
    monkeypatch.setattr(timing, "step_seconds", lambda gan, feed, least: next(seconds))
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    return timing.timed(made, folder, data), folder


def test_minutes_hold_more_of_the_faster_steps(timed):
    made, folder = timed
    assert made.timed == {
        "gan": 240,
        "lsgan": 90,
    }  # 120 s / 1.25 s = 96, in tens
    assert made.recipe("lsgan").steps == 90
    assert made.marks("gan") == [120, 240]
    assert json.loads((folder / "steps.json").read_text()) == {"steps": made.timed}


def test_the_steps_are_timed_once(timed, tmp_path):
    made, folder = timed
    again = make(tmp_path, seeds=3)  # another timing would raise StopIteration
    assert again.name == made.name == folder.name
    data = trials.open_data(again)
    assert timing.timed(again, trials.open_plan(again, data), data).timed == made.timed


@pytest.mark.parametrize(
    "text", ['{"steps": {"gan": 5}}', '{"steps": {"gan": 5, "lsgan": 0}}', "{", '{"steps": 1}']
)
def test_damaged_steps_are_named(timed, text):
    made, folder = timed
    (folder / "steps.json").write_text(text)
    with pytest.raises(UserError, match=r"steps\.json .*; delete .* to begin anew"):
        timing.timed(made, folder, None)


def test_a_process_waits_while_another_one_times(tmp_path, monkeypatch):
    made = make(tmp_path)
    folder = trials.open_plan(made, trials.open_data(made))
    other = contextlib.ExitStack()
    assert other.enter_context(hold(folder))

    def wait(seconds):
        (folder / "steps.json").write_text('{"steps": {"gan": 30, "lsgan": 20}}')
        other.close()

    monkeypatch.setattr(timing.time, "sleep", wait)
    monkeypatch.setattr(timing, "step_seconds", None)  # it would be called by a process that times
    assert timing.timed(made, folder, None).timed == {"gan": 30, "lsgan": 20}


def test_too_few_steps_for_a_schedule_are_named(tmp_path, monkeypatch):
    settings = plan.CompareSettings(
        data="ring", seeds=1, width=4, count=500, minutes=0.01, out=str(tmp_path)
    )
    made = plan.make(["gan:decay=linear,decay_start=400"], {"batch_size": 8}, settings)
    monkeypatch.setattr(timing, "step_seconds", lambda gan, feed, least: 0.005)
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    with pytest.raises(UserError, match=r"gan:decay=linear.*: decay_start 400 leaves no steps"):
        timing.timed(made, folder, data)


def test_without_minutes_nothing_is_timed(tmp_path):
    made = make(tmp_path, minutes=0.0, steps=7)
    assert timing.timed(made, tmp_path, None) is made
    assert made.marks("gan") == [3, 7]


def test_a_run_trains_the_timed_steps(tmp_path, monkeypatch):
    made = make(tmp_path, minutes=0.001)
    monkeypatch.setattr(timing, "step_seconds", lambda gan, feed, least: 0.005)
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    made = timing.timed(made, folder, data)
    judge = types.SimpleNamespace(measure=lambda gan, data: {"x": 1.0}, sheet=_sheet)
    trials.train(made, folder, data, judge, lambda: False, lambda words: None)
    for title in WORDS:
        curve = trials.result(trials.folder_of(folder, title, 0))["curve"]
        assert [row["step"] for row in curve] == [5, 10]
    text = report.write(made, folder, {"x": "min"}, "p")[0].read_text()
    assert "0.001 minutes of training each" in text
    assert "these are the steps: gan 10, lsgan 10, 1 seed, float32." in text


def _sheet(gan, data):
    from PIL import Image

    return Image.new("RGB", (8, 8))


def test_the_fastest_window_counts(monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    gan = types.SimpleNamespace(step=0, steps_per_execution=5)
    costs = iter([9.0, 0.5, *[0.125] * 4, *[0.25] * 9])  # seconds a step, by call

    def advance(gan, feed, step):
        clock.now += next(costs) * (step - gan.step)
        gan.step = step

    monkeypatch.setattr(timing, "advance", advance)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock.now)
    # The first call compiles. Windows of 2 s: one call at 0.5 s a step, four at 0.125 s, …
    assert timing.step_seconds(gan, None, 2.0) == 0.125


def test_the_beginning_of_a_call_is_not_taken_for_steps(monkeypatch):
    """A call of `fit` takes 30 ms and each step 1 ms: in windows of 2 s they are 1.5 % of it."""
    clock = types.SimpleNamespace(now=0.0)
    gan = types.SimpleNamespace(step=0, steps_per_execution=25)

    def advance(gan, feed, step):
        clock.now += 0.03 + 0.001 * (step - gan.step)
        gan.step = step

    monkeypatch.setattr(timing, "advance", advance)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock.now)
    assert 0.001 < timing.step_seconds(gan, None, 2.0) < 0.00105


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path):
    made = make(tmp_path, minutes=0.0, steps=2, marks=1)
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    judge = types.SimpleNamespace(measure=lambda gan, data: {"x": 1.0}, sheet=_sheet)
    place = trials.folder_of(folder, "gan", 0)
    place.mkdir(parents=True)
    with hold(place) as mine:
        assert mine
        trials.train(made, folder, data, judge, lambda: False, lambda words: None)
    assert trials.result(place)["state"] == "waiting"
    assert trials.result(trials.folder_of(folder, "lsgan", 0))["state"] == "done"
    trials.train(made, folder, data, judge, lambda: False, lambda words: None)
    assert trials.result(place)["state"] == "done"


@pytest.mark.parametrize(("bfloat16", "precision"), [(True, "mixed_bfloat16"), (False, "float32")])
def test_the_precision_reaches_the_networks(tmp_path, monkeypatch, bfloat16, precision):
    found = device.Device("cpu", "a", 2, None, bfloat16)
    monkeypatch.setattr(device, "find", lambda: found)
    made = command._with_precision(make(tmp_path, precision="auto"))
    assert made.settings.precision == precision
    gan, _, _ = trials.build(made, "gan", 0, trials.open_data(made))
    assert gan.precision == precision
    assert command._with_precision(make(tmp_path)).settings.precision == "float32"


@pytest.mark.thorough
def test_the_command(tmp_path, capsys):
    options = ["--data", "line", "--seeds", "1", "--marks", "1", "--width", "4"]
    words = ["lsgan", *options, "--batch-size", "8", "--count", "100", "--out", str(tmp_path)]
    assert command.run([*words, "--steps", "2"]) == 0
    assert "| lsgan |" in capsys.readouterr().out
    assert command.run([*words, "--minutes", "0.002"]) == 0
    assert "timing a step of 1 recipe …" in capsys.readouterr().out
    assert command.run(["lsgan", "--steps", "0"]) == 2
    assert "--steps must be a whole number of at least 1, not 0" in capsys.readouterr().err
    assert command.run([*words, "--minutes", "1", "--steps", "2"]) == 2
    assert "--minutes says how long a run trains; leave out --steps" in capsys.readouterr().err


def test_a_comparison_goes_on_behind_a_run_that_has_ended(tmp_path):
    made = make(tmp_path, minutes=0.0, steps=1, marks=1)
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    place = trials.folder_of(folder, "gan", 0)
    place.mkdir(parents=True)
    ended = {"curve": [], "state": "done", "seconds": 0.0}
    (place / "result.json").write_text(json.dumps(ended))
    judge = types.SimpleNamespace(measure=lambda gan, data: {"x": 1.0}, sheet=_sheet)
    trials.train(made, folder, data, judge, lambda: False, lambda words: None)
    assert trials.result(trials.folder_of(folder, "lsgan", 0))["state"] == "done"


def test_minutes_that_are_too_short_hold_the_fewest_steps(tmp_path, monkeypatch):
    made = make(tmp_path, minutes=0.001)
    monkeypatch.setattr(timing, "step_seconds", lambda gan, feed, least: 1.0)
    data = trials.open_data(made)
    found = timing.timed(made, trials.open_plan(made, data), data)
    assert found.timed == {"gan": 10, "lsgan": 10}


def test_the_seconds_of_a_run_are_those_of_its_steps(tmp_path, monkeypatch):
    """Two marks of a second each, and 50 s of measuring after either."""
    clock = types.SimpleNamespace(now=0.0)

    def take(seconds, found):
        clock.now += seconds
        return found

    monkeypatch.setattr(trials, "advance", lambda gan, feed, step: take(1.0, {}))
    monkeypatch.setattr(trials.time, "perf_counter", lambda: clock.now)
    made = make(tmp_path, minutes=0.0, steps=2)
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    judge = types.SimpleNamespace(measure=lambda *_: take(50.0, {"x": 1.0}), sheet=_sheet)
    trials.train(made, folder, data, judge, lambda: False, lambda words: None)
    assert trials.result(trials.folder_of(folder, "gan", 0))["seconds"] == 2.0
