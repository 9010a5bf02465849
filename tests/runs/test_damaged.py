"""Records of runs that are damaged or edited by hand: one line with the way out, or left out."""

import dataclasses
import json

import pytest

import runs
from console.errors import UserError
from models import recipes
from runs.rows import read_rows, sound_rows
from training.command import Command

RECIPE = recipes.load("SAGAN_V6").to_dict()
RECORD = {
    "version": "0.3.0", "settings": {"data": "faces", "seed": 0}, "overrides": {},
    "precision": "float32", "seed": 0, "backend": "tensorflow", "data": {"name": "faces"},
}  # fmt: skip


def make(out, recipe=None, record=None, number=0):
    """A run folder with these records; text is written as it is."""
    folder = out / f"{number:05d}-SAGAN_V6-faces"
    folder.mkdir(parents=True)
    for name, value in {"recipe.json": recipe or RECIPE, "run.json": record or RECORD}.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text)
    return runs.Run(folder)


def command(out, resume="newest"):
    return Command("train.py", None, "SAGAN_V6", {}, {"out": str(out)}, resume, False)


RECIPES = {
    "empty": (" ", "it is empty"),
    "cut": (json.dumps(RECIPE)[:200], "it is not JSON"),
    "a list": ("[1]", "it must be an object"),
    "a number": ("5", "it must be an object"),
    "no name": ({"steps": 3}, "must have a name"),
    "unknown field": (RECIPE | {"colour": 1}, "no field 'colour'"),
    "unknown system": (RECIPE | {"system": "x"}, "There is no system"),
    "system of another type": (RECIPE | {"system": 3}, "cannot be used"),
    "text for a number": (RECIPE | {"steps": "x"}, "steps must be a whole number"),
    "list for a number": (RECIPE | {"steps": [1]}, "steps must be"),
    "infinite": (json.dumps(RECIPE | {"beta_1": 0.5}).replace("0.5", "Infinity"), "beta_1 must"),
    "object": (RECIPE | {"resolution": {"a": 1}}, "resolution must be"),
    "text for a size": (RECIPE | {"resolution": "wide"}, "wide"),
    "number for a word": (RECIPE | {"loss": 5}, "unknown loss 5"),
    "beyond": (RECIPE | {"batch_size": 10**29}, "batch_size must be a whole number"),
}


@pytest.mark.parametrize(("recipe", "words"), RECIPES.values(), ids=RECIPES.keys())
def test_a_damaged_recipe_is_one_line(tmp_path, recipe, words):
    run = make(tmp_path, recipe=recipe)
    with pytest.raises(UserError, match=words) as raised:
        run.recipe()
    line = str(raised.value)
    assert line.startswith(f"{run.folder / 'recipe.json'} cannot be ")
    assert line.endswith("put back a whole copy of it; the run's .keras files work without it")
    assert "\n" not in line


RECORDS = {
    "empty": (" ", "it is empty"),
    "cut": (json.dumps(RECORD)[:50], "it is not JSON"),
    "a list": ("[]", "it must be an object"),
    "settings": (RECORD | {"settings": [1]}, "settings must be an object"),
    "a setting": (RECORD | {"settings": {"seed": [1]}}, "settings.seed must be"),
    "overrides": (RECORD | {"overrides": 5}, "overrides must be an object"),
    "precision": (RECORD | {"precision": 5}, "precision must be a text"),
    "data": (RECORD | {"data": "faces"}, "data must be an object"),
    "labels": (RECORD | {"data": {"labels": "x"}}, "data.labels must be an object"),
    "names": (RECORD | {"data": {"labels": {"names": [1]}}}, "names must be a text"),
    "domains": (RECORD | {"data": {"domains": {"a": 5}}}, "data.domains.a must be an object"),
    "digits": (json.dumps(RECORD)[:-1] + ', "x": ' + "9" * 400 + "}", "a number of 400 digits"),
}


@pytest.mark.parametrize(("record", "words"), RECORDS.values(), ids=RECORDS.keys())
def test_a_damaged_record_is_one_line(tmp_path, record, words):
    run = make(tmp_path, record=record)
    with pytest.raises(UserError, match=words) as raised:
        run.record()
    assert str(raised.value).startswith(f"{run.folder / 'run.json'} cannot be ")
    with pytest.raises(UserError, match=words):
        command(tmp_path, str(run.folder)).check()


SETTINGS = {
    "none": ({k: v for k, v in RECORD.items() if k != "settings"}, "says nothing of the settings"),
    "unknown": (RECORD | {"settings": {"colour": 1}}, "there is no setting 'colour'"),
    "kind": (RECORD | {"settings": {"count": "x"}}, "--count must be a whole number"),
    "range": (RECORD | {"settings": {"seed": -1}}, "--seed must be a whole number"),
    "choice": (RECORD | {"settings": {"precision": "float8"}}, "unknown --precision 'float8'"),
    "name": (RECORD | {"settings": {"data": ""}}, "--data '' is empty"),
}


@pytest.mark.parametrize(("record", "words"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_that_cannot_go_on_are_refused_before_a_picture_is_drawn(tmp_path, record, words):
    run = make(tmp_path, record=record)
    with pytest.raises(UserError, match=words) as raised:
        command(tmp_path, str(run.folder)).check()
    assert f"{run.folder / 'run.json'}" in str(raised.value)


def test_one_damaged_recipe_does_not_block_the_others(tmp_path):
    good = make(tmp_path)
    bad = make(tmp_path, recipe=" ", number=1)
    told = []
    assert runs.newest(tmp_path, "SAGAN_V6", told.append).folder == good.folder
    assert len(told) == 1
    assert told[0].startswith(f"passed over {bad.folder}: {bad.folder / 'recipe.json'} cannot be")
    (good.folder / "recipe.json").unlink()
    with pytest.raises(UserError, match="nothing to resume: no run of recipe SAGAN_V6"):
        runs.newest(tmp_path, "SAGAN_V6")


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_folders_with_names_that_cannot_be(tmp_path, name):
    assert runs.folder.runs(tmp_path / name) == []
    with pytest.raises(UserError, match="cannot write to --out"):
        runs.create(tmp_path / name, "gan", "faces")
    with pytest.raises(UserError, match="no run folder"):
        runs.load(tmp_path / name, tmp_path)


TABLES = {
    "nothing": (b"", [], 0),
    "the head": (b"step,loss\n", [], 0),
    "rows": (b"step,loss\n1,2\n2,nan\n", [1, 2], 0),
    "cut off": (b"step,loss\n1,2\n2", [1], 0),
    "cut off in a cell": (b"step,loss\n1,2\n2,", [1], 0),
    "no number": (b"step,loss\n1,2\n2,x\n3,4\n", [1, 3], 1),
    "short in the middle": (b"step,loss\n1\n2,3\n", [2], 1),
    "long": (b"step,loss\n1,2,3\n2,3\n", [2], 1),
    "no UTF-8": (b"step,loss\n1,\xff\xfe\n2,3\n", [2], 1),
    "no step": (b"stop,loss\n1,2\n", [], 2),
    "step of none": (b"step,loss\nnan,2\n2,3\n", [2], 1),
    "step below 0": (b"step,loss\n-1,2\n2,3\n", [2], 1),
    "endless step": (b"step,loss\ninf,2\n2,3\n", [2], 1),
    "NUL": (b"step,loss\n1,\0\n2,3\n", [2], 1),
    "binary": (bytes(range(256)) * 20, [], None),
    "one field": (b"step,loss\n" + b"1" * 200_000, [], 1),
}


@pytest.mark.parametrize(("content", "steps", "damaged"), TABLES.values(), ids=TABLES.keys())
def test_tables_keep_the_rows_that_can_be_read(tmp_path, content, steps, damaged):
    path = tmp_path / "losses.csv"
    path.write_bytes(content)
    rows, left_out = sound_rows(path)
    assert [row["step"] for row in rows] == steps
    assert read_rows(path) == rows or content.count(b"nan")
    assert left_out == damaged if damaged is not None else left_out > 0


def test_a_table_without_a_column_that_is_needed(tmp_path):
    path = tmp_path / "quality.csv"
    path.write_text("step,distanse\n1,2\n")
    assert read_rows(path, ("step", "distance")) == []
    assert read_rows(path) == [{"step": 1.0, "distanse": 2.0}]


def test_what_may_differ_in_a_run_that_goes_on(tmp_path):
    run = make(tmp_path)
    free = {
        "distribute": "mirrored", "out": "x", "cache_dir": "x", "workers": 3,
        "memory_check": "off", "picture_every": 7, "picture_rows": 1, "picture_columns": 1,
        "quality_every": 7, "rollbacks": 2, "control_samples": 9, "steps_per_execution": 2,
        "checkpoint_every": 7, "checkpoints": 1,
    }  # fmt: skip
    longer = dataclasses.replace(run.recipe(), steps=7)
    now = RECORD | {"settings": RECORD["settings"] | free}
    runs.refuse_changes(run, longer, now, {})
    # What the record of an earlier version lacks was as the default is.
    added = RECORD["settings"] | {"only": ""}
    runs.refuse_changes(run, longer, RECORD | {"settings": added}, {"only": ""})
    hats = RECORD | {"settings": RECORD["settings"] | {"only": "hat"}}
    with pytest.raises(UserError, match=r"settings.only was '', now 'hat'"):
        runs.refuse_changes(run, longer, hats, {"only": ""})
    for changes, words in (
        ({"backend": "jax"}, "backend was 'tensorflow', now 'jax'"),
        ({"precision": "mixed_bfloat16"}, "precision was 'float32', now 'mixed_bfloat16'"),
        ({"data": {"name": "faces", "fingerprint": "f"}}, "data.fingerprint was None, now 'f'"),
        ({"settings": RECORD["settings"] | {"count": 5}}, "settings.count was None, now 5"),
    ):
        with pytest.raises(UserError, match=words):
            runs.refuse_changes(run, longer, RECORD | changes, {})
