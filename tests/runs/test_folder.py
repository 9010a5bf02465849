"""Run folders: their numbers, which no two share, and finding one by name or number."""

from pathlib import Path

import pytest

import runs
from console.errors import UserError


def made(out, *names):
    for name in names:
        (out / name).mkdir()
        for record in ("recipe.json", "run.json"):
            (out / name / record).write_text("{}")


@pytest.mark.parametrize("asked", ["00003-b-x", "3", "00003"])
def test_a_run_is_found_by_its_name_and_by_its_number(tmp_path, asked):
    made(tmp_path, "00002-a-x", "00003-b-x", "00013-c-x")
    assert runs.load(asked, tmp_path).folder == tmp_path / "00003-b-x"


@pytest.mark.parametrize("asked", ["3", "00003"])
def test_a_number_of_two_runs_is_refused_and_their_names_are_taken(tmp_path, asked):
    made(tmp_path, "00003-b-x", "00003-b-x-before", "00004-b-x")
    words = f"run {asked} could be each of 00003-b-x, 00003-b-x-before in .*; give the name"
    with pytest.raises(UserError, match=words):
        runs.load(asked, tmp_path)
    for name in ("00003-b-x", "00003-b-x-before"):
        assert runs.load(name, tmp_path).folder == tmp_path / name
    assert runs.load(tmp_path / "00003-b-x", tmp_path).folder == tmp_path / "00003-b-x"


def test_a_number_that_another_run_took_meanwhile_is_given_up(tmp_path, monkeypatch):
    """The other run has another recipe, so making the folder does not fail."""
    mkdir, taken = Path.mkdir, []

    def raced(path, *more, **options):
        if path.name == "00000-a-x" and not taken:
            taken.append(path)
            mkdir(tmp_path / "00000-b-y")
        mkdir(path, *more, **options)

    monkeypatch.setattr(Path, "mkdir", raced)
    assert runs.create(tmp_path, "a", "x").folder.name == "00001-a-x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000-b-y", "00001-a-x"]
