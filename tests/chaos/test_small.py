"""A small part of the campaign of `benchmarks/chaos`: the same seeds find the same each time."""

import json
import random
import subprocess
import sys

import pytest

from benchmarks.chaos import mutator
from benchmarks.chaos.__main__ import table
from benchmarks.chaos.campaign import Tally, attack, outcome
from benchmarks.chaos.launch import ROOT
from benchmarks.chaos.options import VALUES, attack_options
from benchmarks.chaos.target import Target
from benchmarks.chaos.targets import TARGETS

pytestmark = pytest.mark.usefixtures("eagerly")
# A change takes seconds: they are tried in the whole campaign only.
HEAVY = {".keras of pggan", ".keras of stylegan", ".keras of deoldify", "checkpoint of pggan"}


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in HEAVY])
def test_changed_files_are_read_or_refused(name):
    target = TARGETS[name]
    count = 12 if target.slow else 60
    tally = attack(target, count, seed=20)
    assert tally.failures == []
    assert tally.counts.total() == tally.counts["read"] + tally.counts["refused"] == count
    assert bool(target.refusals) == bool(tally.counts["refused"])  # some change was seen
    assert tally.counts["read"]  # and after it the file can be whole again


@pytest.mark.parametrize(
    "script",
    [
        "prepare",
        "generate",
        "explore interpolate",
        "explore mix",
        "toy",
        "translate ages",
        "train biggan",
        "train srgan",
        "train pggan",
    ],
)
def test_absurd_options_are_taken_or_refused(script):
    few = VALUES if script in ("prepare", "generate") else VALUES[3::6]
    (tally,) = attack_options(lambda name: name == script, few).values()
    assert tally.failures == []
    assert min(tally.counts["read"], tally.counts["refused"]) > 5


def test_the_campaign_sees_what_is_wrong(tmp_path):
    def fails(path):
        text = path.read_text()
        if text == "whole":
            return
        if len(text) > 5:
            raise KeyError(text)
        raise ValueError("two\nlines")

    def change(path, rng):
        return rng.choice((b"longer than that", b"short"))

    def make(folder):
        folder.mkdir()
        (folder / "a").write_text("whole")
        return folder / "a"

    tally = attack(Target(make, change, fails, (ValueError,)), 20, 0)
    assert tally.failed == 20
    assert set(tally.counts) == {"no proper line", "KeyError in test_small.py"}
    assert "no proper line: 'two\\nlines'" in tally.failures[0] + tally.failures[1]
    assert "   20       0        0      20" in table({"a": tally, "b": Tally()})
    assert outcome(lambda: print("Traceback (most"), ()) == "prints a traceback"


def test_the_same_seed_changes_the_same():
    text = json.dumps({"a": [1, {"b": "c"}], "d": None}).encode()
    for change in (mutator.changed, mutator.changed_json):
        first, second = ([change(text, random.Random(n)) for n in range(50)] for _ in range(2))
        assert first == second
        assert len({*first, text}) > 30


def test_ctrl_c_while_a_script_is_imported_is_one_line():
    code = "from console import quietly; raise {}"
    for error, words in (("KeyboardInterrupt", "\ninterrupted\n"), ("KeyError", "Traceback")):
        done = subprocess.run(
            [sys.executable, "-c", code.format(error)], cwd=ROOT, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode != 0
        assert done.stderr.startswith(words)
    for script in ROOT.glob("*.py"):  # before all that takes long
        first = next(
            line for line in script.read_text().splitlines()
            if line.startswith(("from ", "import ")) and line != "import sys"
        )  # fmt: skip
        assert first.startswith("from console import quietly"), script.name
