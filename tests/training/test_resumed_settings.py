"""The settings of a run that goes on: which are recorded, which are found before the backend."""

import pytest

import runs
from console.errors import UserError
from models import recipes
from tests.training.test_command import asked
from training import command
from training.settings import Settings


@pytest.mark.parametrize(
    ("resume", "asked_recipe", "given", "way"),
    [
        ("0", None, {}, "mirrored"),
        ("newest", "SAGAN_V6", {}, "mirrored"),
        ("0", None, {"distribute": "none"}, "none"),
        ("newest", "sagan_cpu", {}, "none"),
        ("newest", None, {}, "mirrored"),  # that of a GPU, if there is one
        (None, None, {}, "none"),
        (None, None, {"distribute": "mirrored"}, "mirrored"),
    ],
)
def test_a_run_goes_on_on_as_many_devices(monkeypatch, tmp_path, resume, asked_recipe, given, way):
    monkeypatch.setattr(command.device, "surely_no_gpu", lambda: False)
    record = {"settings": Settings(distribute="mirrored").to_dict()}
    for name in ("SAGAN_V6", "sagan"):
        runs.create(tmp_path, name, "x").write(recipes.load(name), record)
    plain = {"settings": Settings().to_dict()}
    runs.create(tmp_path, "sagan_cpu", "x").write(recipes.load("sagan_cpu"), plain)
    found = asked(
        settings={"out": str(tmp_path), **given}, resume=resume, asked_recipe=asked_recipe
    )
    assert found.distribute() == way


def test_a_run_does_not_go_on_from_other_networks(tmp_path):
    recipe = recipes.load("SAGAN_V6")
    run = runs.create(tmp_path, "SAGAN_V6", "x")
    run.write(recipe, {"settings": Settings().to_dict()})
    other = {"settings": Settings(from_="anime").to_dict()}
    with pytest.raises(UserError, match=r"settings\.from_ was '', now 'anime'"):
        runs.refuse_changes(run, recipe, other, Settings().to_dict())


def test_the_home_folder_in_out_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(out="~/runs").out == str(tmp_path / "runs")
    assert Settings(from_="~/runs/3").from_ == str(tmp_path / "runs/3")
    assert Settings(from_="anime").from_ == "anime"
    assert Settings().out == Settings.out == "samples"
    made = runs.create(tmp_path / "runs", "SAGAN_V6", "x")
    made.write(recipes.load("SAGAN_V6"), {})
    for resume in ("newest", "0"):
        found = asked(settings={"out": "~/runs"}, resume=resume)._run_to_resume("SAGAN_V6")
        assert found.folder == made.folder
