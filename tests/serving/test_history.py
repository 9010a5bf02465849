"""Quality against step: what runs logged, what is measured on their checkpoints."""

import dataclasses
import json
import re

import keras
import numpy as np
import pytest
from PIL import Image

import runs
from console.errors import UserError
from metrics.intervals import Estimate
from metrics.protocol import Record
from models import recipes
from models.systems.gan.turns import GAN
from models.version import VERSION
from serving import history, report
from serving.commands import evaluate, evaluate_jobs
from tests.models import tiny as models_tiny
from tests.serving import tiny

SETTINGS = {"data": "faces", "quality_samples": 20}


def make_run(folder, rows=(), settings=SETTINGS, recipe=None):
    """A run folder without checkpoints; `rows` are (step, distance)."""
    (folder / "checkpoints").mkdir(parents=True)
    recipe = recipe or models_tiny.recipe()
    record = {"precision": "float32", "settings": settings, "data": {"name": "f", "labels": None}}
    record["version"] = VERSION
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict()))
    (folder / "run.json").write_text(json.dumps(record))
    if rows:
        lines = [f"{step},{distance},2.5,0" for step, distance in rows]
        text = "\n".join(["step,distance,floor,duplicate_share", *lines]) + "\n"
        (folder / "quality.csv").write_text(text)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with two steps' checkpoints that can be read, of one two, and one that cannot."""
    folder = make_run(tmp_path_factory.mktemp("samples") / "00004-tiny-f", [(3, 9.0), (6, 4.5)])
    for step, seed in ((3, 1), (6, 2)):
        gan = GAN(models_tiny.recipe(), seed=seed)
        gan.steps_done.assign(step)
        gan.save_weights(folder / "checkpoints" / f"checkpoint-{step:08d}.weights.h5")
    (folder / "checkpoints" / "checkpoint-00000009.weights.h5").write_bytes(b"\x89HDF damaged")
    kept = folder / "checkpoints" / "checkpoint-00000003-best.weights.h5"
    kept.write_bytes(kept.with_name("checkpoint-00000003.weights.h5").read_bytes())
    return folder


@pytest.fixture(scope="module")
def reals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "real"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(24):
        pixels = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    keras.utils.set_random_seed(0)
    network = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 64), keras.layers.Conv2D(4, 3)]
    keras.Sequential(network).save(folder.parent / "net.keras")
    return folder


def measure(reals, *arguments):
    return evaluate.main(
        [
            *(*map(str, arguments), "--real", str(reals), "--samples", "10", "--bootstrap", "0"),
            *("--extractor", str(reals.parent / "net.keras")),
            *("--data-cache", str(reals.parent / "data")),
            *("--feature-cache", str(reals.parent / "features")),
        ]
    )


def test_logged_history(run):
    found = history.logged(runs.load(run))
    assert found.entries == ((3, Estimate(9.0)), (6, Estimate(4.5)))
    assert (found.run, found.measure, found.floor) == ("00004-tiny-f", "FD-lite0@224", 2.5)
    assert found.summary() == (
        "00004-tiny-f: FD-lite0@224 9 at step 3, best 4.5 at step 6, 2.00 times lower; "
        "reals against reals 2.5"
    )


def test_the_best_step_is_the_kept_one(tmp_path):
    """The network was kept by its kernel distance, so that step is named and starred."""
    folder = make_run(tmp_path / "00000-a-b")
    log = "step,distance,kernel,duplicate_share\n1,4,0.5,0\n2,2,0.3,0\n3,3,0.1,0\n"
    (folder / "quality.csv").write_text(log)
    found = history.logged(runs.load(folder))
    assert found.kept == 3
    assert found.summary().endswith("FD-lite0@224 4 at step 1, best 3 at step 3, 1.33 times lower")


def test_a_run_that_logged_nothing(tmp_path, capsys):
    assert history.logged(runs.load(make_run(tmp_path / "00000-a-b"))) is None
    folder = make_run(tmp_path / "00001-a-b", [(1, 2.0)])
    (folder / "quality.csv").write_text("step,distance\n1,far\n")
    assert history.logged(runs.load(folder)) is None
    assert f"{folder}/quality.csv: lines that cannot be read are left out: 1" in (
        capsys.readouterr().err
    )


def test_a_run_that_only_got_worse():
    found = history.History("r", "FD", ((1, Estimate(3.0)), (2, Estimate(4.0))))
    assert found.summary() == "r: FD 3 at step 1, never better after"


def test_run_of_finds_the_run_of_a_file(run, tmp_path):
    for place in (run, run / "generator.keras", run / "checkpoints" / "x.weights.h5"):
        assert history.run_of(place).folder.resolve() == run.resolve()
    assert history.run_of(tmp_path / "generator.keras") is None


def test_different_protocols_do_not_share_a_plot(tmp_path):
    found = [
        history.logged(
            runs.load(make_run(tmp_path / f"0000{n}-a-b", [(1, 2.0)], {**SETTINGS, **more}))
        )
        for n, more in enumerate(({}, {"quality_samples": 50}, {}))
    ]
    groups = history.alike(found)
    assert [[one.run for one in group] for group in groups] == [
        ["00000-a-b", "00002-a-b"],
        ["00001-a-b"],
    ]
    words = report.histories(found, [])
    assert "00000-a-b, 00002-a-b: FD-lite0@224, N = 20" in words
    assert "00001-a-b: FD-lite0@224, N = 50" in words
    other_judge = dataclasses.replace(found[2], measure="FD-lite1@240")
    assert len(history.alike([found[0], other_judge])) == 2


def test_every_checkpoint_is_measured_and_drawn(run, reals, tmp_path, capsys):
    assert measure(reals, run, "--history", "checkpoints", "--out", tmp_path / "out") == 0
    printed = capsys.readouterr()
    assert re.search(r"measure +step 3 +step 6 +reals/reals", printed.out)
    assert "measured here: 00004-tiny-f: FD-net@16" in printed.out
    assert "logged while training: 00004-tiny-f: FD-lite0@224 9 at step 3" in printed.out
    assert "1 of 3 checkpoints were left out:" in printed.err
    assert "checkpoint-00000009.weights.h5 cannot be read" in printed.err
    records = json.loads((tmp_path / "out" / "records.json").read_text())
    assert [record["subject"]["step"] for record in records] == [3, 6]
    values = [record["results"]["FD-net@16"]["value"] for record in records]
    assert values[0] != values[1]
    for name in ("quality.png", "quality_logged.png"):
        with Image.open(tmp_path / "out" / name) as image:
            assert np.asarray(image.convert("L")).std() > 5
    # A checkpoint by itself gives the same number, and finds its run.
    one = run / "checkpoints" / "checkpoint-00000006.weights.h5"
    assert measure(reals, one, "--json", tmp_path / "one.json") == 0
    (record,) = json.loads((tmp_path / "one.json").read_text())
    assert record["results"]["FD-net@16"]["value"] == pytest.approx(values[1])
    assert record["subject"]["run"] == "00004-tiny-f"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weights", "best"], "has no --weights best"),
        (["--control", "9"], "leave out --history checkpoints"),
    ],
)
def test_what_checkpoints_cannot(run, reals, arguments, words, capsys):
    assert measure(reals, run, "--history", "checkpoints", *arguments) == 2
    assert words in capsys.readouterr().err


def test_checkpoints_of_nothing(reals, tmp_path, capsys):
    empty = make_run(tmp_path / "00000-a-b")
    assert measure(reals, empty, "--history", "checkpoints") == 2
    assert "holds no checkpoints" in capsys.readouterr().err
    (empty / "checkpoints" / "checkpoint-00000009.weights.h5").write_bytes(b"\x89HDF damaged")
    assert measure(reals, empty, "--history", "checkpoints") == 2
    assert "none of the 1 checkpoints can be measured" in capsys.readouterr().err
    assert measure(reals, tiny.saved(tmp_path), "--history", "checkpoints") == 2
    assert "no run folder" in capsys.readouterr().err


def test_a_checkpoint_of_another_version_is_one_line(run, tmp_path, recwarn):
    h5py = pytest.importorskip("h5py")
    folder = make_run(tmp_path / "00000-a-b")
    old = folder / "checkpoints" / "checkpoint-00000006.weights.h5"
    old.write_bytes((run / "checkpoints" / old.name).read_bytes())
    with h5py.File(old, "r+") as file:
        del file["vars/1"]
    import serving

    with pytest.raises(UserError, match=r"another version .* use the run's generator\.keras"):
        serving.load(old)
    assert not [warning for warning in recwarn if "optimizer" in str(warning.message)]


def test_a_checkpoint_of_a_version_with_other_networks_is_one_line(run, tmp_path):
    h5py = pytest.importorskip("h5py")
    folder = make_run(tmp_path / "00000-a-b")
    (folder / "run.json").write_text(json.dumps({"precision": "float32"}))
    old = folder / "checkpoints" / "checkpoint-00000006.weights.h5"
    old.write_bytes((run / "checkpoints" / old.name).read_bytes())
    import serving

    assert serving.load(old).metadata["step"] == 6  # networks that are the same load
    with h5py.File(old, "r+") as file:
        del file["vars/1"]
    with pytest.raises(UserError, match=r"before 0\.2\.0.*; use the run's generator\.keras"):
        serving.load(old)


def record(run, step, value, count=10):
    return Record(
        {
            "fake": {"count": count},
            "real": {"count": count, "data": "f", "resolution": 16},
        },
        {"name": f"{run}/x", "run": run, "step": step},
        {"FD": {"value": value, "standard_error": 0.5, "floor": 1.0}},
        ("a note",),
    )


def test_only_runs_measured_twice_have_a_history():
    records = [record("a", 2, 3.0), record("a", 1, 5.0), record("b", 1, 4.0), record(None, 1, 4.0)]
    (found,) = history.measured(records, "FD")
    assert [(step, one.value) for step, one in found.entries] == [(1, 5.0), (2, 3.0)]
    assert (found.run, found.floor) == ("a", 1.0)


def test_side_by_side(monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    records = [record("a", step, step / 2) for step in (1, 2, 3)]
    lines = report.table(records).splitlines()
    assert lines[1] == "a: 10 pictures against 10 of 'f' at 16 px each; ± is half the 95 % interval"
    assert [line.split() for line in lines if line.startswith("FD")] == [
        ["FD", "0.5", "±0.98", "1", "±0.98", "1"],  # as many as fit, then the rest
        ["FD", "1.5", "±0.98", "1"],
    ]
    assert lines.count("  · a note") == 1
    mixed = report.table([record("a", 1, 2.0), record("b", 1, 3.0, count=20)])
    assert "[1] b/x, step 1: 20 pictures against 20" in mixed


def test_runs_in_different_folders_may_have_one_name():
    """Their measurements are no history of one training."""
    names = [f"{out}/00000-a-b/checkpoints/checkpoint-0000000{step}.weights.h5"
             for out, step in (("x", 1), ("x", 2), ("y", 3), ("y", 4))]  # fmt: skip
    records = [
        Record(
            {"fake": {"count": 10}, "real": {"count": 10, "data": "f", "resolution": 16}},
            {"name": name, "run": "00000-a-b", "step": step},
            {"FD": {"value": float(step)}},
        )
        for step, name in enumerate(names, 1)
    ]
    found = history.measured(records, "FD")
    assert [one.run for one in found] == ["x/00000-a-b", "y/00000-a-b"]
    assert [[step for step, _ in one.entries] for one in found] == [[1, 2], [3, 4]]
    assert [one.run for one in history.measured(records[:2], "FD")] == ["00000-a-b"]
    assert report.headings(records) == ["[0]", "[1]", "[2]", "[3]"]
    assert report.headings(records[:2]) == ["step 1", "step 2"]


def test_the_judge_of_a_checkpoint_is_that_of_its_run(tmp_path):
    run = runs.create(tmp_path, "projected", "x")
    run.write(recipes.load("projected"), {})
    one = run.checkpoints / "checkpoint-00000002.weights.h5"
    one.parent.mkdir(exist_ok=True)
    one.touch()
    assert evaluate_jobs.judge_of([str(one)]) == "lite1"


def test_the_judge_of_a_run_that_began_with_another_is_not_what_that_learned_from(tmp_path, capsys):
    """A VAE that goes on with the networks of one that compared features of Lite0."""
    one = make_run(tmp_path / "00000-vae_cpu-f", recipe=recipes.load("vae_cpu"))
    assert evaluate_jobs.judge_of([str(one)]) == "lite0"
    record = json.loads((one / "run.json").read_text())
    (one / "run.json").write_text(json.dumps(record | {"judge": "lite1"}))
    assert evaluate_jobs.judge_of([str(one)]) == "lite1"
