"""What serves as classes in the intra-class distance: classes, or a one-of group of attributes."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import datasets
from console.errors import UserError
from metrics import extractors, frechet, measure
from serving import evaluation, subjects
from serving.commands import evaluate
from tests.serving import tiny

NAMES = tuple(tiny.ATTRIBUTES["names"])
GROUPS = {"hair colour": ("blue hair", "red hair")}
FAST = measure.Settings(bootstrap=3, prd_runs=1, prd_clusters=3)


def data(labels, count=60):
    images = np.random.default_rng(5).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    return datasets.ImageData(images, labels, "made", "f" * 12, [], [], Path())


def attributes(count=60, names=NAMES):
    values = (np.random.default_rng(6).random((count, 5)) < 0.5).astype("float32")
    values[:, 1] *= 1 - values[:, 0]  # one-of: blue, red or neither
    return datasets.Labels("attributes", names, values, GROUPS)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return extractors.load(str(tiny.extractor_file(tmp_path_factory.mktemp("net"))))


def test_a_group_of_attributes_serves_as_classes(attributes_generator, extractor, tmp_path):
    known = attributes()
    real = evaluation.Reference(data(known), seed=1, cache_folder=tmp_path)
    drawn = subjects.Drawn.of(attributes_generator, subjects.Sampling())
    found = evaluation.evaluate(extractor, drawn, real, 30, FAST, group="hair colour")
    fakes = attributes_generator.sample(30, seed=0)
    features = extractors.extract(extractor, fakes.images).pool
    ours, rows = real.features(extractor, slice(0, 30)).pool, real.pictures(30)
    expected = {}
    for column, name in enumerate(GROUPS["hair colour"]):
        sides = ours[known.values[rows, column] == 1], features[fakes.labels[:, column] == 1]
        count = min(map(len, sides))
        expected[name] = frechet.frechet_distance(*(side[:count] for side in sides))
    one = found.record.results["Intra-FD-net@16"]
    assert one["classes"] == pytest.approx(expected, rel=1e-5)
    assert one["value"] == pytest.approx(np.mean(list(expected.values())), rel=1e-5)
    assert one["floor"] > 0
    assert found.record.protocol["classes"] == "hair colour"


@pytest.fixture(scope="module")
def attributes_generator():
    return tiny.generator("attributes")


def test_without_a_group_the_way_is_told(attributes_generator, extractor, tmp_path):
    real = evaluation.Reference(data(attributes()), seed=1, cache_folder=tmp_path)
    drawn = subjects.Drawn.of(attributes_generator, subjects.Sampling())
    found = evaluation.evaluate(extractor, drawn, real, 20, FAST)
    assert "Intra-FD-net@16" not in found.record.results
    assert any("--classes takes a group" in note for note in found.record.notes)
    assert any("('hair colour')" in note for note in found.record.notes)


def test_groups_that_cannot_serve(attributes_generator, plain):
    drawn = subjects.Drawn.of(attributes_generator, subjects.Sampling())
    real = evaluation.Reference(data(attributes()), seed=1)
    with pytest.raises(UserError, match=r"no one-of group 'hair'\. Known: 'hair colour'"):
        evaluation.grouping_of(drawn, real, "hair")
    other = evaluation.Reference(data(attributes(names=NAMES[::-1])), seed=1)
    with pytest.raises(UserError, match="the two have different labels"):
        evaluation.grouping_of(drawn, other, "hair colour")
    unlabelled = subjects.Drawn.of(plain, subjects.Sampling())
    with pytest.raises(UserError, match="one of the two has no labels"):
        evaluation.grouping_of(unlabelled, real, "hair colour")


def test_classes_of_other_names_are_no_classes(classes, extractor, tmp_path):
    values = np.arange(60, dtype=np.int32) % 3
    drawn = subjects.Drawn.of(classes, subjects.Sampling())
    same = datasets.Labels("classes", ("cat", "dog", "owl"), values)
    real = evaluation.Reference(data(same), seed=1, cache_folder=tmp_path)
    found = evaluation.evaluate(extractor, drawn, real, 30, FAST).record.results
    assert set(found["Intra-FD-net@16"]["classes"]) == {"cat", "dog", "owl"}
    renamed = datasets.Labels("classes", ("dog", "cat", "owl"), values)
    real = evaluation.Reference(data(renamed), seed=1, cache_folder=tmp_path)
    record = evaluation.evaluate(extractor, drawn, real, 30, FAST).record
    assert "Intra-FD-net@16" not in record.results
    assert any("have other labels" in note for note in record.notes)


def test_the_floor_is_measured_once(extractor, tmp_path, monkeypatch):
    real = evaluation.Reference(data(None), seed=1, cache_folder=tmp_path)
    first = real.floor(extractor, 30, FAST)
    monkeypatch.setattr(measure, "floor_of", None)
    assert real.floor(extractor, 99, FAST) is first  # there are 30 of each at most
    assert evaluation.Reference(data(None, 3), seed=1).floor(extractor, 30, FAST) is None


def test_sub_folders_are_classes(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for side in ("real", "fake"):
        for kind, top in (("cat", 90), ("dog", 250)):
            (tmp_path / side / kind).mkdir(parents=True)
            for index in range(12):
                pixels = rng.integers(0, top, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / side / kind / f"{index}.png")
    keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3)]).save(
        tmp_path / "net.keras"
    )
    arguments = [
        *("--fake", str(tmp_path / "fake"), "--real", str(tmp_path / "real"), "--bootstrap", "3"),
        *("--extractor", str(tmp_path / "net.keras"), "--json", str(tmp_path / "r.json")),
        *("--data-cache", str(tmp_path / "d"), "--feature-cache", str(tmp_path / "f")),
    ]
    assert evaluate.main([*arguments, "--labels", "folders"]) == 0
    assert "2 classes (class), 12 to 12 pictures of each" in capsys.readouterr().out
    (record,) = json.loads((tmp_path / "r.json").read_text())
    assert set(record["results"]["Intra-FD-net@16"]["classes"]) == {"cat", "dog"}
    assert evaluate.main([*arguments, "--overwrite", "--classes", "hair colour"]) == 2
    assert "one of the two has no labels" in capsys.readouterr().err


def test_control_and_gan_train_are_told_and_written(
    attributes_generator, monkeypatch, tmp_path, capsys
):
    from metrics import classifier
    from serving.commands import evaluate_jobs

    monkeypatch.setattr(classifier, "MOST", 300)
    monkeypatch.setattr(classifier, "EPOCHS", 1)
    made = dataclasses.replace(data(attributes(300), 300), folder=tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    real = evaluation.Reference(made, seed=1, cache_folder=tmp_path)
    drawn = subjects.Drawn.of(attributes_generator, subjects.Sampling())
    monkeypatch.setattr(evaluate_jobs, "jobs", lambda options: [(drawn, real)])
    monkeypatch.setattr(evaluate_jobs, "unseen", lambda *_: [])
    arguments = ["X", "--samples", "20", "--bootstrap", "0", "--control", "200", "--gan-train"]
    network = tmp_path / "net.keras"
    keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3)]).save(network)
    arguments += ["--extractor", str(network), "--floor", "none", "--out", str(tmp_path / "out")]
    assert evaluate.main(arguments) == 0, capsys.readouterr().err
    table = capsys.readouterr().out
    assert "generator.keras: control accuracy" in table
    assert "generator.keras: GAN-train, a classifier trained on 200 fakes" in table
    written = (tmp_path / "out" / "gan_train_0.md").read_text()
    assert "| HAIR COLOUR |" in written
    assert written.strip() in table
    assert (tmp_path / "out" / "control_0.md").is_file()
    assert evaluate.main([*arguments[:-1], str(tmp_path / "o"), "--control", "280"]) == 2
    assert "'made' has 270 to train on, not 280; ask for fewer" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()  # before anything was measured
    assert evaluate.main([*arguments[:-3], "none", "--control", "100"]) == 2
    assert "--gan-train needs --control 200 or more, not 100" in capsys.readouterr().err
