"""`--only`: a run trains on the pictures that fulfil a condition, as all that follows knows."""

import dataclasses
import json

import numpy as np
import pytest

import runs
from console.errors import UserError
from datasets import ATTRIBUTES, faces
from models import recipes
from serving import training_data

pytestmark = pytest.mark.usefixtures("eagerly")

ASKED = ["--data=faces", "--count=60", "--workers=1", "--only=no hat + smile"]


def test_a_run_sees_those_pictures_alone(train, cache, tmp_path):
    labels = faces.labels(60).astype(bool)
    hat, smile = (labels[:, ATTRIBUTES.index(name)] for name in ("hat", "smile"))
    code, words = train("--steps=2", *ASKED)
    assert code == 0, words
    (run,) = runs.runs(tmp_path / "out")
    record = json.loads((run.folder / "run.json").read_text())
    assert record["settings"]["only"] == "no hat + smile"
    assert record["data"]["count"] == (~hat & smile).sum()
    assert record["data"]["name"] == "faces-no_hat___smile"
    again = training_data.open_own(run, cache)  # as explore.py and evaluate.py open them
    assert again.fingerprint == record["data"]["fingerprint"]
    assert again.images.rows.tolist() == np.flatnonzero(~hat & smile).tolist()
    assert training_data.chosen_by(run, "run").only == "no hat + smile"
    code, words = train("--steps=3", "--resume", *ASKED[:2])  # takes the condition from its record
    assert code == 0, words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only=no hut"], "There is no label 'hut'; nearest: hat"),
        (["--only=glasses + no glasses"], "contradicts itself: 'glasses'"),
        (["--batch-size=55"], "--batch-size 55 is larger than the data"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(options, words, train, tmp_path):
    code, said = train("--steps=2", *ASKED, *options)
    assert code == 2
    assert words in said.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_dry_run_prepares_enough_to_choose_from(train, tmp_path):
    code, said = train("--steps=2", *ASKED, "--count=0", "--only=hat", "--dry-run")
    assert code == 0, said
    assert not (tmp_path / "out").exists()


def test_pictures_that_have_changed_are_not_a_runs_own(pictures, cache, tmp_path):
    run = runs.Run(tmp_path / "00000-SAGAN_V6-tiny")
    run.folder.mkdir()
    recipe = dataclasses.replace(recipes.load("SAGAN_V6"), resolution=32)
    record = {"settings": {"data": str(pictures)}}
    run.write(recipe, record)
    found = training_data.open_own(run, cache)  # a record that does not say is believed
    assert len(found.images) > 0
    run.write(recipe, record | {"data": {"fingerprint": "0" * 12}})
    with pytest.raises(UserError, match=f"fingerprint is {found.fingerprint}, not 000000000000"):
        training_data.open_own(run, cache)
