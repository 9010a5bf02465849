"""--from: whether networks that a run begins with may have seen what it holds out."""

import json
from types import SimpleNamespace

import pytest

import runs
from models import recipes
from tests.training.test_vae import TINY
from training import finetuning

pytestmark = pytest.mark.usefixtures("eagerly")
SAID = "pictures of tiny that are held out here may be among those it was trained on"


def test_a_run_says_and_records_it_and_so_does_the_next(train_recipe, tmp_path):
    def begin(*options):
        code, words = train_recipe("vae_cpu", TINY, "--steps=1", *options)
        assert code == 0, words
        record = json.loads((runs.runs(tmp_path / "out")[-1].folder / "run.json").read_text())
        return SAID in words, record.get("from", {}).get("may_have_seen_held_out", False)

    assert begin("--held-out=0") == (False, False)
    assert begin("--from=0") == (True, True)
    assert begin("--from=1") == (True, True)  # the same division, but of networks that saw it
    code, words = train_recipe("vae_cpu", TINY, "--steps=2", "--resume=1")
    assert code == 0, words
    record = json.loads((runs.load("1", tmp_path / "out").folder / "run.json").read_text())
    assert record["from"]["may_have_seen_held_out"]


def test_the_judge_is_none_that_the_networks_learned_from_before(tmp_path):
    for number, (name, record) in enumerate([("dfc_vae_cpu", {}), ("vae_cpu", {}),
                                             ("vae_cpu", {"judge": "lite1"})]):  # fmt: skip
        run = runs.Run(tmp_path / f"0000{number}-{name}-x")
        (run.folder / "checkpoints").mkdir(parents=True)
        (run.folder / "checkpoints/checkpoint-00000001.weights.h5").touch()
        run.write(recipes.load(name), record)
    after = [
        finetuning.judge_after(recipes.load("vae_cpu"), start, str(tmp_path))
        for start in ("0", "1", "2", "")
    ]
    assert after == ["lite1", "lite0", "lite1", "lite0"]
    assert finetuning.judge_after(recipes.load("dfc_vae_cpu"), "1", str(tmp_path)) == "lite1"


@pytest.mark.parametrize(
    ("source", "held_out", "seen"),
    [
        ({}, 10, False),
        ({"held_out": 0}, 10, True),
        ({"held_out": 5}, 10, True),
        ({"held_out": 0}, 0, False),  # nothing is held out
        ({"fingerprint": "other"}, 10, True),
        ({"name": "others", "fingerprint": "other"}, 10, False),
        ({"saw": True}, 10, True),
    ],
)
def test_what_is_held_out_follows_from_the_data_and_the_recipe(source, held_out, seen):
    made = {"name": "x", "fingerprint": "one", "held_out": 10, "saw": False} | source
    begun = SimpleNamespace(
        data=made, recipe=SimpleNamespace(held_out=made["held_out"]), saw_held_out=made["saw"]
    )
    recipe = recipes.load("vae_cpu").changed(held_out=held_out)
    found = finetuning._may_have_seen(begun, recipe, {"name": "x", "fingerprint": "one"})
    assert found is seen
