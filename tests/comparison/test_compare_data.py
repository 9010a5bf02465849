"""What the runs of a comparison are trained on, and what they begin with."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import runs
from comparison import plan, trials
from console.errors import UserError
from datasets import ATTRIBUTES
from models.systems.gan.turns import GAN
from runs import checkpoints
from tests.comparison.tiny import make, settings

pytestmark = pytest.mark.usefixtures("eagerly")


def test_few_of_the_pictures_are_trained_on(tmp_path, monkeypatch):
    """What a batch holds, and what is said where none are left to measure against."""
    changes = {"batch_size": 4, "resolution": 32, "g_filters": 8, "d_filters": 4}
    rng = np.random.default_rng(0)
    (tmp_path / "own").mkdir()
    for index in range(20):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "own" / f"{index:02}.png")
    own = {"data": str(tmp_path / "own"), "steps": 1, "marks": 1, "seeds": 1}
    made = plan.make(["gan"], changes, settings(tmp_path, **own, few=5))
    data = trials.open_data(made)
    assert len(data.images) == 20
    _, feed, trained = trials.build(made, "gan", 0, data)
    expected = {data.images[row].tobytes() for row in (0, 4, 8, 12, 16)}
    assert {each.tobytes() for each in trained.images} == expected
    seen = {each.tobytes() for step in range(5) for each in feed.batch(step)["images"]}
    assert seen == expected
    assert made.name != plan.make(["gan"], changes, settings(tmp_path, **own)).name
    with pytest.raises(UserError, match="20 of the pictures of 'own' leave none besides"):
        trials.open_data(plan.make(["gan"], changes, settings(tmp_path, **own, few=20)))
    auto = plan.make(["gan:augment=auto"], changes, settings(tmp_path, **own, few=5))
    told = []
    system, *_ = trials.build(auto, "gan:augment=auto", 0, data, told.append)
    assert system.recipe.augment == "diffaug"
    assert told == [
        "gan:augment=auto: augment    diffaug, chosen for 5 pictures; --augment overrides it"
    ]
    too_few = plan.make(["gan"], changes, settings(tmp_path, **own, few=3))
    with pytest.raises(UserError, match="A batch of 4 is larger than the data"):
        trials.check(too_few, data)


def test_an_entry_begins_with_the_networks_of_a_run(tmp_path, pictures, cache, train):
    assert train("--steps=2")[0] == 0  # run 0
    (run,) = (tmp_path / "out").iterdir()
    own = {
        "data": str(pictures), "steps": 1, "marks": 1, "seeds": 1, "samples": 4,
        "out": str(tmp_path / "out"), "precision": "float32",
    }  # fmt: skip
    changes = json.loads((run / "run.json").read_text())["overrides"]
    word = "SAGAN_V6:from=0,freeze_d=1"
    made = plan.make(["SAGAN_V6", word], changes, plan.CompareSettings(**own))
    assert (made.starts, made.given[word][-1]) == ({word: "0"}, "freeze_d")
    assert made.to_dict()["starts"] == {word: "0"}
    assert "starts" not in plan.make(["SAGAN_V6"], changes, plan.CompareSettings(**own)).to_dict()
    data = trials.open_data(made)
    theirs = runs.Run(run)
    source = GAN(theirs.recipe())
    source.load_weights(checkpoints.newest(theirs.checkpoints))
    for title, same in ((word, True), ("SAGAN_V6", False)):
        place = tmp_path / title.replace(":", "-")
        place.mkdir()
        began = trials._Run(made, title, 0, place, data, None)
        system = began.system
        assert began.known.get("from", {}).get("run") == (run.name if same else None)
        began._save()
        again = trials._Run(made, title, 0, place, data, None)  # as after a stop
        assert (system.begins_trained, again.system.begins_trained) == (same, same)
        for name in ("generator", "discriminator", "ema_generator"):
            pairs = zip(system.networks[name].variables, source.networks[name].variables,
                        strict=True)  # fmt: skip
            kernels = [(a.numpy() == b.numpy()).all() for a, b in pairs if "kernel" in a.path]
            assert all(kernels) == same, (title, name)
    first, second = (trials.folder_of(tmp_path / "compared", word, seed) for seed in (0, 1))
    first.mkdir(parents=True)
    record = {"curve": [], "state": "done", "seconds": 1.0, "from": {"step": 1}}
    (first / "result.json").write_text(json.dumps(record))
    other = plan.make([word], changes, plan.CompareSettings(**own | {"seeds": 2}))
    with pytest.raises(UserError, match=r"from=0,freeze_d=1: seed 0 began with step 1, and now th"):
        trials._Run(other, word, 1, second, data, None)
    alone = plan.make(["SAGAN_V6:freeze_d=1"], changes, plan.CompareSettings(**own))
    with pytest.raises(UserError, match=r"freeze_d=1: freeze_d 1 would keep blocks that were nev"):
        trials.open_data(alone)
    missing = plan.make(["SAGAN_V6:from=7"], changes, plan.CompareSettings(**own))
    with pytest.raises(UserError, match=r"SAGAN_V6:from=7: .*no run"):
        trials.open_data(missing)


def test_only_some_of_the_pictures(tmp_path, cache):
    chosen = settings(tmp_path, data="faces", count=60, only="no hat", samples=4)
    made = plan.make(["gan"], {"batch_size": 4, "resolution": 32}, chosen)
    found = trials.open_data(made)
    assert not found.labels.values[:, ATTRIBUTES.index("hat")].any()
    assert 0 < len(found.images) < 60
    assert made.name != make(tmp_path, ["gan"], data="faces", count=60, samples=4).name
    with pytest.raises(ValueError, match="--only chooses among pictures; leave it out for"):
        settings(tmp_path, only="hat")


def test_runs_on_other_pictures_are_not_mixed(tmp_path):
    (tmp_path / "own").mkdir()
    rng = np.random.default_rng(0)
    for index in range(6):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "own" / f"{index}.png")
    changes = {"batch_size": 2, "resolution": 32, "g_filters": 8, "d_filters": 4}
    made = plan.make(["gan"], changes, settings(tmp_path, data=str(tmp_path / "own"), count=0))
    folder = trials.open_plan(made, trials.open_data(made))
    assert trials.open_plan(made, trials.open_data(made)) == folder
    (tmp_path / "own" / "5.png").unlink()
    with pytest.raises(UserError, match=r"compare-own-.* holds runs on other pictures than 'own'"):
        trials.open_plan(made, trials.open_data(made))
    (folder / "data.json").unlink()
    data = trials.open_data(made)
    trials.open_plan(made, data, ["FD-lite0@224"])
    with pytest.raises(UserError, match="measured by FD-lite0@224, and these are by FD-lite1@240"):
        trials.open_plan(made, data, ["FD-lite1@240"])
    (folder / "data.json").write_text("{")
    with pytest.raises(UserError, match=r"data\.json .*; delete it if the pictures are the same"):
        trials.open_plan(made, trials.open_data(made))


def test_runs_of_two_backends_are_not_mixed(tmp_path, monkeypatch):
    made = make(tmp_path, ["gan"])
    data = trials.open_data(made)
    folder = trials.open_plan(made, data)
    known = json.loads((folder / "data.json").read_text())
    mine = keras.backend.backend()
    assert known.pop("backend") == mine
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    with pytest.raises(UserError) as refused:
        trials.open_plan(made, data)
    assert f"holds runs of the backend {mine}, and this is another" in str(refused.value)
    assert f"set KERAS_BACKEND={mine}, or give another --out" in str(refused.value)
    (folder / "data.json").write_text(json.dumps(known))  # of an earlier version
    assert trials.open_plan(made, data) == folder


def test_labels_that_are_needed_and_missing(tmp_path):
    with pytest.raises(UserError, match="cgan: it needs labels, and triangles has none of its own"):
        trials.open_data(
            plan.make(["cgan"], {"resolution": 32}, settings(tmp_path, data="triangles"))
        )


def test_a_seed_is_that_of_the_networks_and_of_the_batches(tmp_path):
    made = make(tmp_path, ["gan"])
    data = trials.open_data(made)
    (one, first, _), (two, second, _) = (trials.build(made, "gan", seed, data) for seed in (0, 1))
    kernels = [
        keras.ops.convert_to_numpy(each.generator.trainable_variables[0]) for each in (one, two)
    ]
    assert (kernels[0] != kernels[1]).any()
    assert (first.batch(0)["images"] != second.batch(0)["images"]).any()


def test_what_no_training_should_begin_with_is_refused(tmp_path):
    made = make(tmp_path, ["gan:augment=apa,augment_target=0"], data="faces", count=8)
    with pytest.raises(UserError, match=r"^gan:augment=apa.*: .*replaces every real picture"):
        trials.open_data(made)


def test_a_comparison_among_its_own_pictures_is_refused(tmp_path, pictures):
    made = make(pictures / "out", ["gan"], data=str(pictures))
    with pytest.raises(UserError, match="lies in the folder of pictures"):
        trials.open_data(made)
