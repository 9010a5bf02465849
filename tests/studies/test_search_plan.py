"""The plan of a search: the settings drawn from it, what it costs, what it may not say."""

import re

import numpy as np
import pytest

from console.errors import UserError
from studies import command, searches
from tests.studies.small_search import PLAN, load, write

pytestmark = pytest.mark.usefixtures("eagerly")


def test_the_first_setting_is_the_plans_and_others_are_drawn(tmp_path):
    search = load(tmp_path)
    ring = search.plans["ring"].entries
    assert list(ring) == [f"{model} {k}" for model in ("plain", "squares") for k in range(3)]
    assert search.words["ring"]["plain 0"] == "gan:batch_size=8"
    first = search.words["ring"]["squares 1"]
    assert re.fullmatch(
        r"gan:batch_size=8,loss=least_squares,d_steps=2,g_learning_rate=(\S+),"
        r"d_learning_rate=\1,beta_1=[\d.e-]+,steps=2",
        first,
    )
    rates = {recipe.g_learning_rate for recipe in ring.values()}
    assert len(rates) == 5  # one of the recipe, four drawn
    assert all(recipe.g_learning_rate == recipe.d_learning_rate for recipe in ring.values())
    assert (
        ring["plain 1"].g_learning_rate != search.plans["grid"].entries["plain 1"].g_learning_rate
    )
    assert {plan.settings.seeds for plan in search.plans.values()} == {1}


def test_a_setting_depends_on_its_names_and_number_alone(tmp_path):
    few, more = load(tmp_path), load(tmp_path, ("settings = 3", "settings = 5"))
    for arm, word in few.words["ring"].items():
        assert more.words["ring"][arm] == word
    assert len(more.words["ring"]) == 10


def test_d_sees_as_many_batches_in_every_run(tmp_path):
    search = load(tmp_path, ("steps = 4", "steps = 40"))
    for recipe in search.plans["ring"].entries.values():
        assert recipe.steps * recipe.d_steps == 40
    assert {recipe.d_steps for recipe in search.plans["ring"].entries.values()} == {1, 2}


@pytest.mark.parametrize(
    ("ends", "log", "digits"),
    [
        ((0.9995, 0.9999), False, 5),
        ((0.9995, 0.9999), True, 5),
        ((0.9, 1.0), False, 3),
        ((0.0, 1.0), False, 3),
        ((1e-5, 1e-2), True, 3),
        ((-0.5001, -0.5), False, 5),
        ((100_000.0, 100_001.0), False, 7),
    ],
)
def test_a_narrow_range_has_as_many_digits_as_it_needs(ends, log, digits):
    narrow = searches.Range((), (), ends, log=log)
    rng = np.random.Generator(np.random.Philox(0))
    drawn = [narrow.draw(rng) for _ in range(200)]
    assert narrow.digits == digits
    assert all(ends[0] <= float(word) < ends[1] for word in drawn)
    assert len(set(drawn)) >= 10


def test_rounding_does_not_pass_the_beginning_of_a_range():
    rng = np.random.Generator(np.random.Philox(0))
    drawn = [searches.Range((), (), (0.12345, 0.2)).draw(rng) for _ in range(4_000)]
    assert min(map(float, drawn)) == 0.12345


def test_values_are_drawn_evenly_from_their_ranges():
    rng = np.random.Generator(np.random.Philox(0))
    log = [float(searches.Range((), (), (1e-4, 1e-2), log=True).draw(rng)) for _ in range(4_000)]
    assert 1e-4 <= min(log) < 1.02e-4
    assert 0.98e-2 < max(log) < 1e-2
    assert abs(np.mean(np.array(log) < 1e-3) - 0.5) < 0.03  # half of them in each decade
    even = [float(searches.Range((), (), (0.0, 1.0)).draw(rng)) for _ in range(4_000)]
    assert 0 <= min(even) < 0.01
    assert 0.99 < max(even) < 1
    assert abs(np.mean(even) - 0.5) < 0.02
    drawn = [searches.Range((), (), choices=("none", 5)).draw(rng) for _ in range(400)]
    assert abs(drawn.count("none") - 200) < 50
    assert set(drawn) == {"none", "5"}


@pytest.mark.parametrize(
    ("pattern", "text", "message"),
    [
        ("about = .*", "abuot = 3", "the plan: unknown 'abuot', known: title, about, models"),
        (r"\[models\]\nplain.*\n.*", "[models]", "says nothing of models"),
        ("settings = 3", "settings = 0", "settings must be 1 to 1,000, not 0"),
        ("settings = 3", "setings = 3", "scale small: unknown 'setings', known: seeds, about, sea"),
        (r"searches.grid\]\nsteps", "searches.gird]\nsteps", "there is no search 'gird'"),
        ("marks = 2", "minutes = 2", "search ring: unknown 'minutes', known: data"),
        ("failed = 1.5", "", "search ring has no failed"),
        ("steps = 4", "", "search ring has no steps"),
        ("measure = .*", "", "search ring has no measure"),
        ("marks = 2", "marks = 0", "search ring: --marks must be"),
        ("least_squares", "squares", "unknown loss 'squares'"),
        ('fields = "beta_1"', 'fields = "beta_3"', "beta_3"),
        ('fields = "beta_1"', "", "range beta needs fields, and one of between, log and choices"),
        (r"between = \[0.0, 1.0\]", "", "range beta needs fields, and one of between, log and ch"),
        (r"between = \[0.0, 1.0\]", "between = [1.0, 0.0]", "two rising numbers, not [1.0, 0.0]"),
        (r"log = \[1e-4, ", "log = [0.0, ", "log takes two rising numbers above 0, not [0.0, 0.0"),
        (r"log = \[1e-4, ", "log = [", "log takes two rising numbers above 0, not [0.01]"),
        (r"choices = \[1, 2\]", "choices = []", "range turns has no choices"),
        ('models = "squares"', 'models = "sqares"', "range beta: unknown model 'sqares', known"),
        ('models = "squares"', 'moodels = "squares"', "range beta: unknown 'moodels', known"),
        (r"choices = \[1, 2\]", "choices = [0]", "d_steps must be"),
        ("seeds = 2", "seeds = 0", "seeds must be 1 to 1,000, not 0"),
        ("seeds = 2", "seeds = 2000", "seeds must be 1 to 1,000, not 2000"),
        (r"between = \[0.0, 1.0\]", "between = [0.5, 0.5000000000000001]", "nothing to draw; give"),
        (r"between = \[0.0, 1.0\]", "between = [0.0, inf]", "range beta: from 0.0 to inf there is"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(tmp_path, pattern, text, message):
    with pytest.raises(UserError, match=re.escape(message)):
        load(tmp_path, (pattern, text))
    assert [path.name for path in tmp_path.iterdir()] == ["look.toml"]


def test_seeds_of_the_command_are_checked_before_the_search_begins(tmp_path, capsys):
    assert command.run([write(tmp_path), f"--out={tmp_path}", "--seeds=2000"]) == 2
    assert "seeds must be 1 to 1,000, not 2000" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["look.toml"]


def test_the_list_names_the_settings(tmp_path, capsys):
    assert command.run([write(tmp_path), f"--out={tmp_path}", "--list"]) == 0
    words = capsys.readouterr().out
    assert "ring: 6 arms × 1 seed on ring" in words
    assert "squares 0: 2 steps of gan:batch_size=8,loss=least_squares,d_steps=2,steps=2" in words
    assert [path.name for path in tmp_path.iterdir()] == ["look.toml"]


def test_the_cost_counts_the_best_settings_again(tmp_path, capsys):
    path = tmp_path / "search.toml"
    path.write_text(PLAN)
    assert command.run([str(path), "--cost", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = dict(re.match(r"([\w-]+): (\d+) runs?", line).groups() for line in lines[:-1])
    for name in ("ring", "grid"):
        assert int(found.pop(name)) == 2 * 3
        assert int(found.pop(f"{name}-again")) == 2 * 2
    assert not found
