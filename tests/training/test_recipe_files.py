"""A run whose recipe stands in a file of the user's."""

import json

import pytest

import runs
from console.errors import UserError
from models import recipes
from training.command import Command

pytestmark = pytest.mark.usefixtures("eagerly")


def test_a_run_by_a_file_goes_on_without_it(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text('recipe = "SAGAN_V6"\nema_decay = 0.5\nmirror = true\n')
    code, words = train("--recipe=mine.toml", "--steps=1")
    assert code == 0, words
    assert "recipe     mine: asked for" in words
    (run,) = runs.runs(tmp_path / "out")
    assert run.folder.name.startswith("00000-mine-")
    recipe = run.recipe()
    assert (recipe.name, recipe.ema_decay, recipe.mirror) == ("mine", 0.5, True)
    assert train("--recipe=mine.toml", "--steps=2", "--resume")[0] == 0
    file.write_text('recipe = "SAGAN_V6"\nema_decay = 0.5\nmirror = true\nd_filters = 4\n')
    code, words = train("--recipe=mine.toml", "--steps=3", "--resume")
    assert code == 0, words  # --d-filters stands on the command line
    file.write_text('recipe = "SAGAN_V6"\nema_decay = 0.75\nmirror = true\nsteps = 9\n')
    code, words = train("--recipe=mine.toml", "--resume")
    assert code == 2
    assert "mine.toml was changed: ema_decay was 0.5, now 0.75. Change it back" in words
    file.write_text('recipe = "SAGAN_V6"\nema_decay = 0.5\nmirror = true\nsteps = 4\n')
    code, words = train("--recipe=mine.toml", "--resume")
    assert code == 0, words
    file.write_text('recipe = "SAGAN_V6"\nema_decay = 0.5\n')
    code, words = train("--recipe=mine.toml", "--resume")
    assert code == 2
    assert "mine.toml was changed: mirror was True, now False. Change it back" in words
    assert run.record()["set_in_file"] == ["ema_decay", "mirror", "steps"]
    file.unlink()
    code, words = train("--steps=5", "--resume=0")
    assert code == 0, words
    assert [row.split(",")[0] for row in run.losses.read_text().splitlines()[1:]] == list("12345")
    code, words = train("--recipe=mine.toml", "--steps=1")
    assert code == 2
    assert (
        "There is no file mine.toml. A recipe is a file, or one of the project's"
        in words.splitlines()[-1]
    )
    assert len(runs.runs(tmp_path / "out")) == 1


def test_the_record_of_a_run_trains_another(train, tmp_path):
    assert train("--steps=1", "--mirror", "--labels=none")[0] == 0
    (run,) = runs.runs(tmp_path / "out")
    code, words = train(f"--recipe={run.folder / 'recipe.json'}")
    assert code == 0, words
    first, second = runs.runs(tmp_path / "out")
    before, after = (
        json.loads((each.folder / "recipe.json").read_text()) for each in (first, second)
    )
    assert before == after
    assert before["mirror"]
    assert before["steps"] == 1


@pytest.fixture
def resumed(tmp_path):
    """Write the file, and ask what a run by it is resumed with."""
    file = tmp_path / "mine.toml"

    def ask(text, **overrides):
        file.write_text(text)
        if not runs.runs(tmp_path / "out"):
            run = runs.create(tmp_path / "out", "mine", "tiny")
            run.write(recipes.load(str(file)), {"settings": {}, "overrides": {}})
        command = Command(
            "train.py", None, str(file), overrides, {"out": str(tmp_path / "out")}, "0", False
        )
        return command._recipe_of(runs.load("0", tmp_path / "out"))

    return ask


@pytest.mark.parametrize("base", ["vae_cpu", "pggan_cpu", "cyclegan_cpu", "srgan_cpu"])
def test_a_changed_file_is_seen_by_systems_without_labels_too(resumed, base):
    before = resumed(f'recipe = "{base}"\nbatch_size = 4\n')
    with pytest.raises(UserError, match=r"mine.toml was changed: batch_size was 4, now 5\. Change"):
        resumed(f'recipe = "{base}"\nbatch_size = 5\n')
    steps = before.steps + 7_000
    assert resumed(f'recipe = "{base}"\nbatch_size = 4\nsteps = {steps}\n').steps == steps


def test_a_file_with_width_and_height_goes_on(resumed):
    text = 'recipe = "sagan_cpu"\nresolution = "64x96"\nsteps = {}\n'
    assert resumed(text.format(10)).data_shape == (96, 64, 3)
    assert resumed(text.format(20)).steps == 20
    with pytest.raises(UserError, match=r"was changed: (aspect|resolution) was "):
        resumed('recipe = "sagan_cpu"\nresolution = "96x64"\nsteps = 20\n')
