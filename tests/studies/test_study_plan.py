"""The plan of a study: what its scales change, what it lists and costs, what it may not say."""

import math
import re

import pytest

from console.errors import UserError
from models.systems import system_class
from studies import command, cost, plan
from tests.studies.small_study import load

pytestmark = pytest.mark.usefixtures("eagerly")


def test_a_scale_changes_what_it_names(written, tmp_path):
    study = load(written(), tmp_path)
    points = study.plans["points"]
    assert list(points.entries) == ["base", "other", "short"]
    assert [points.recipe(arm).steps for arm in points.entries] == [4, 4, 2]
    assert points.entries["other"].loss == "least_squares"
    assert {recipe.batch_size for recipe in points.entries.values()} == {8}
    assert study.words["points"]["short"] == "gan:batch_size=8,steps=2"
    order = [(arm, seed) for _, arm, seed in study.runs()]
    assert order[:4] == [("base", 0), ("other", 0), ("short", 0), ("base", 1)]
    assert load(written(), tmp_path, seeds=5).seeds == 5


def test_a_claim_alone_needs_its_own_arms(written, tmp_path):
    study = load(written(), tmp_path)
    assert study.arms("points") == ["base", "other", "short"]
    alone = study.only(["loss"])
    assert alone.arms("points") == ["base", "other"]
    assert [arm for _, arm, _ in alone.runs()] == 2 * ["base", "other"]
    assert alone.plans == study.plans  # so that its steps are timed once, for all arms
    with pytest.raises(UserError, match=r"there is no claim 'lost' \(did you mean loss\?\); kno"):
        study.only(["lost"])


@pytest.mark.parametrize(
    ("pattern", "text", "message"),
    [
        ("title = .*", "", "says nothing of title"),
        ("about = .*", "= 3", "it is not TOML"),
        ("about = .*", "abuot = 3", "the plan: unknown 'abuot', known: title"),
        ("marks = 2", "makrs = 2", "comparison points: unknown 'makrs', known: data"),
        ("marks = 2", "marks = 0", "comparison points: --marks must be"),
        ('data = "ring"', 'data = "ring"\nalso = "raw"', "leave it out for ring"),
        ("least_squares", "squares", "comparison points: Recipe gan: unknown loss 'squares'"),
        ('"gan:steps=2"', '"gon"', "Unknown recipe 'gon'"),
        ("seeds = 2", "sedes = 2", "scale small: unknown 'sedes', known: seeds"),
        (r"comparisons.points\]\nsteps", "comparisons.lines]\nsteps", "no comparison 'lines'"),
        ('than = "other"', 'than = "othr"', "claim loss: unknown arm 'othr', known: base, other"),
        ('than = "other"', "than = true", "than must be an arm or a number, not True"),
        ('expect = "less"', 'expect = "fewer"', "unknown expect 'fewer', known: less, more"),
        ('quantity = "end"', 'quantity = "last"', "unknown quantity 'last', known: end"),
        ('quantity = "end"', "", "claim loss: a test has no quantity"),
        ('comparison = "points"', 'comparison = "p"', "unknown comparison 'p', known: points"),
        ('name = "length"', 'name = "loss"', "claim loss is made twice"),
        ("than = 0.5", 'than = "base"', "compares EM distance at the end of base with itself"),
        ('than = "short", ', "than = 0.5, ", "comparison points: no claim reads the arm 'short'"),
        ("than = 0.5", "than = 0.5, by = 0.1", "by is a share of another arm's number"),
        ('text = "The loss matters."', "", "claim 'loss' has no text"),
        ("marks = 2", "marks = 2\nminutes = 3", "points: it has both minutes and steps, of which"),
        ("marks = 2", 'marks = 2\nprecision = "auto"', 'points: precision = "auto" is another one'),
        (
            'base = "gan"',
            '"oth-r" = "gan"\n"oth+r" = "gan"',
            "points: oth-r and oth+r would have one",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(written, tmp_path, pattern, text, message):
    with pytest.raises(UserError, match=re.escape(message)):
        load(written((pattern, text)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["two.toml"]


def test_arms_of_several_sizes_are_refused(written, tmp_path):
    """Before the first one is trained: they are measured on the same pictures."""
    changes = [('data = "ring"', 'data = "faces"'), ("width = 4", ""),
               ("loss=least_squares", "resolution=64")]  # fmt: skip
    words = "comparison points: the recipes have different resolutions (base 32, other 64, short 32"
    with pytest.raises(UserError, match=re.escape(words)):
        load(written(*changes), tmp_path)


def test_minutes_of_none_leave_the_steps(written, tmp_path):
    study = load(written(("marks = 2", "marks = 2\nminutes = 0")), tmp_path)
    assert study.plans["points"].recipe("base").steps == 4


def test_unknown_plans_and_scales_are_answered_with_the_known_ones(written, tmp_path):
    with pytest.raises(UserError, match=r"no study 'clams' \(did you mean claims\?\)"):
        plan.load("clams", "small", None, str(tmp_path))
    with pytest.raises(UserError, match="no scale 'large'; known: small"):
        plan.load(written(), "large", None, str(tmp_path))
    with pytest.raises(UserError, match=r"nothing\.toml cannot be read: No such file"):
        plan.load(str(tmp_path / "nothing.toml"), "small", None, str(tmp_path))


@pytest.mark.parametrize("name", plan.names())
@pytest.mark.parametrize("scale", ["small", "notes"])
def test_the_plans_of_the_project_can_be_carried_out(name, scale, tmp_path):
    """Their arms are recipes, their claims read them: all is checked when a plan is read."""
    study = plan.load(name, scale, None, str(tmp_path))
    assert study.seeds >= 3
    for title, each in study.plans.items():
        assert study.arms(title) == list(each.entries), title


def test_the_list_names_arms_and_tests(written, tmp_path, capsys):
    assert command.run([written(), f"--out={tmp_path}", "--list", "--claims=length"]) == 0
    words = capsys.readouterr().out
    assert "short: 2 steps of gan:batch_size=8,steps=2" in words
    assert "d_loss at the end of base < d_loss at the end of short" in words
    assert "other" not in words
    assert [path.name for path in tmp_path.iterdir()] == ["two.toml"]


def test_the_cost_is_the_operations_of_all_runs(written, capsys, monkeypatch, tmp_path):
    """Multiply-adds count twice. A step: G draws, D sees both and learns; G and D go both ways."""
    monkeypatch.chdir(tmp_path)
    path = str(written())
    parsed = command.build_parser().parse([path])
    study, _ = command.build_study(parsed)
    recipe = study.plans["points"].entries["base"]
    system = system_class(recipe)(recipe)
    kernels = {
        name: sum(math.prod(v.shape) for v in network.trainable_variables if len(v.shape) == 2)
        for name, network in (("generator", system.generator), ("d", system.discriminator))
    }
    passes = 4 * kernels["generator"] + (3 * 2 + 2) * kernels["d"]
    operations = 2 * 8 * passes * (4 + 4 + 2) * 2  # 8 points; three arms of two seeds
    speed = operations / 7_200
    assert command.run([path, "--cost", f"{speed / 1e12}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    power = math.floor(math.log10(operations))
    assert f"points: 6 runs, {operations / 10**power:.2g}·10^{power} operations" in lines[0]
    hours, minutes = re.search(r"(?:(\d+) h )?(\d+) min", lines[-1]).groups()
    assert 60 * int(hours or 0) + int(minutes) == pytest.approx(120, abs=2)
    assert f"at {speed / 1e12:g} TFLOP/s" in lines[-1]
    assert list(tmp_path.glob("samples")) == []
    timed = [("steps = 4", "minutes = 90"), ('short = "gan:steps=2"', ""), ('"short"', '"other"')]
    wall_clock = str(written(*timed))
    assert command.run([wall_clock, "--claims", "loss", "--cost", "1"]) == 0
    assert "points: 4 runs, 90 min each: 6 h 00 min" in capsys.readouterr().out


MORE = """
[comparisons.lines]
data = "line"
minutes = 30
width = 4
changes = "batch_size=8"
[comparisons.lines.arms]
base = "gan"
[[claims]]
name = "line"
text = "It ends well."
comparison = "lines"
measure = "EM distance"
quantity = "end"
tests = [ { arm = "base", than = 1.0 } ]
"""


def test_the_cost_is_of_all_comparisons_and_of_the_claims_alone(written, tmp_path, capsys):
    timed = [("steps = 4", "minutes = 90"), ('short = "gan:steps=2"', ""), ('"short"', '"other"'),
             (r"\[scales.small\]", MORE + "[scales.small]")]  # fmt: skip
    path = written(*timed)
    assert command.run([path, "--cost", "1"]) == 0
    points, lines, together = capsys.readouterr().out.splitlines()
    assert points.startswith("points: 4 runs, 90 min each: 6 h 00 min")
    assert lines.startswith("lines: 2 runs, 30 min each: 60 min")
    assert together.startswith("together 7 h 00 min of training")
    assert command.run([path, "--cost", "1", "--claims=line"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == lines


def test_a_claim_alone_costs_its_own_arms(written, capsys, monkeypatch):
    """The mean of the arms that are trained, not of all."""
    monkeypatch.setattr(cost, "_operations", lambda recipe: 1e12 * recipe.steps)
    path = written(('short = "gan:steps=2"', 'short = "gan:steps=400"'))
    assert command.run([path, "--claims", "loss", "--cost", "0.01"]) == 0
    assert "points: 4 runs, 1.6·10^13 operations: " in capsys.readouterr().out
