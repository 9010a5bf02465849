"""evaluate.py with an ager, on drawn persons and on a user's own."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import serving
from datasets import ages, open_data
from metrics import recognition
from serving import ageing
from serving.commands import evaluate
from tests.serving.ageing.tiny import COUNT, SIDE, levels
from tests.serving.mistakes import failed
from tests.serving.tiny import extractor_file


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def measured(run, cache, out, *options):
    words = [str(run), "--samples", "16", "--bootstrap", "0", "--floor", "none", "--out", str(out),
             "--data-cache", str(cache), "--feature-cache", str(cache / "f"),
             "--extractor", str(extractor_file(cache))]  # fmt: skip
    assert evaluate.main([*words, *options]) == 0
    return json.loads((out / "held_out_0.json").read_text())


def test_evaluation_on_infants_whose_future_is_known(run, both, cache, tmp_path, capsys):
    found = measured(run, cache, tmp_path / "report")
    words = capsys.readouterr().out
    assert "16 pictures against 16 of 'ages-held-out' at 16 px" in words
    assert "held-out: 40 infants that were not trained on, at every age" in words
    assert "sex kept from age 2" in words
    assert found["counterparts"]
    assert found["count"] == 40
    measures = found["measures"]
    # The distance to the truth, drawn and aged once more by hand.
    infants = np.stack([ages.draw(index, SIDE, 0) for index in range(0, COUNT, 10)]).astype(int)
    gaps, copied = [], []
    for age in range(1, 5):
        truth = np.stack([ages.draw(index, SIDE, age) for index in range(0, COUNT, 10)])
        sexes = [ages.person(index)[1] for index in range(0, COUNT, 10)]
        made = [
            levels(both, x.astype("uint8"), age, s) for x, s in zip(infants, sexes, strict=True)
        ]
        gaps.append(np.abs(np.stack(made) - truth).mean())
        copied.append(np.abs(infants - truth).mean())
    assert measures["L1 to the truth"]["value"]["value"] == pytest.approx(np.mean(gaps), rel=1e-3)
    assert measures["L1 to the truth"]["others"]["input"] == pytest.approx(
        np.mean(copied), rel=1e-5
    )
    assert measures["age as asked"]["others"]["chance"] == 0.2
    assert measures["person found (rank 1)"]["others"]["chance"] == 1 / 40
    # Infants are more like themselves when older than others are, even unchanged.
    assert measures["person found (rank 1)"]["others"]["input"] > 0.2
    assert measures["sex kept from age 2"]["others"]["chance"] == 0.5
    assert measures["… at age 0"]["others"]["truth"] <= 1
    with Image.open(tmp_path / "report" / "held_out_0.png") as page:
        assert page.size == (6 * (SIDE + 2) + 2, 12 + 2 * 6 * (SIDE + 2) + 2)
        shown = np.asarray(page)[12 + 2 :, 2:]
    cell = lambda row, column: shown[row * (SIDE + 2) :, column * (SIDE + 2) :][:SIDE, :SIDE]  # noqa: E731
    for person, index in enumerate((0, 10, 20)):
        np.testing.assert_array_equal(cell(2 * person, 0), ages.draw(index, SIDE, 0))
        for age in range(5):
            truth = ages.draw(index, SIDE, age)
            np.testing.assert_array_equal(cell(2 * person + 1, 1 + age), truth)
            sex = ages.person(index)[1]
            made = levels(both, ages.draw(index, SIDE, 0), age, sex)
            assert np.abs(cell(2 * person, 1 + age) - made).max() <= 1


def test_a_truncation_is_for_latents(run, capsys):
    line = failed(capsys, evaluate.main, run, "--truncation", "0.5")
    assert "--truncation applies to latents, and " in line
    assert line.endswith("can age pictures; leave it out")


def test_the_judge_sees_what_is_drawn(run, cache):
    """At 16 px a judge of 400 faces sees beards and grey hair, so the truth is far above chance."""
    ager = serving.load_translator(run)
    data = open_data("ages", SIDE, count=COUNT, cache_dir=cache, progress=False)
    case = ageing.case_of(ager, _part(data))
    for measure in ageing._judged(case, case.truths, data, seed=0):
        assert measure.value.value == measure.others.get("truth", measure.value.value)
        if measure.name.startswith("sex"):
            assert measure.value.value > 0.9
        if measure.name == "age as asked":
            assert measure.value.value > 0.35

    # Intervals are over persons: forty times the same one has none.
    same = [np.repeat(truth[:1], 40, axis=0) for truth in case.truths]
    asked = next(iter(ageing._judged(case, same, data, seed=0))).value
    assert asked.standard_error < 1e-9
    assert 0 < asked.value < 1  # right at some ages, wrong at others


def test_persons_are_looked_for_at_other_ages_alone(run, cache, monkeypatch):
    """By their pixels: unchanged infants among the older ones, and the older ones themselves."""
    pixels = lambda extractor, x, progress: SimpleNamespace(pool=x.reshape(len(x), -1) / 255.0)  # noqa: E731
    monkeypatch.setattr(ageing, "extract", pixels)
    data = open_data("ages", SIDE, count=COUNT, cache_dir=cache, progress=False)
    case = ageing.case_of(serving.load_translator(run), _part(data))
    (measure,) = ageing._recognised(case, case.truths, None, seed=0)
    flat = [truth.reshape(40, -1) / 255.0 for truth in case.truths]
    found = [recognition.rank_one(flat[0], older).mean() for older in flat[1:]]
    assert measure.value.value == 1
    assert measure.others["input"] == pytest.approx(np.mean(found))
    assert measure.others["input"] < 1


def _part(data):
    from datasets import hold_out

    return hold_out(data, 10)[1]


def test_the_case_of_drawn_persons(run, cache):
    ager = serving.load_translator(run)
    data = open_data("ages", SIDE, count=COUNT, cache_dir=cache, progress=False)
    case = ageing.case_of(ager, _part(data))
    assert len(case.pictures) == 40
    np.testing.assert_array_equal(case.pictures[7], ages.draw(70, SIDE, 0))
    np.testing.assert_array_equal(case.truths[3][7], ages.draw(70, SIDE, 3))
    assert case.classes[0].max() == 0
    assert case.classes[1].tolist() == [ages.person(10 * i)[1] for i in range(40)]
    assert case.shown_from == 2


def test_an_age_that_nobody_held_out_has_is_asked_for_too(run, cache):
    ager = serving.load_translator(run)
    data = _part(open_data("ages", SIDE, count=COUNT, cache_dir=cache, progress=False))
    rows = np.flatnonzero(data.labels.values[:, ages.NAMES.index("age 3")] == 0)
    few = dataclasses.replace(
        data, images=np.asarray(data.images[rows]), name="mine",
        labels=dataclasses.replace(data.labels, values=data.labels.values[rows]),
    )  # fmt: skip
    case = ageing.case_of(ager, few)
    assert [np.unique(each[0]).tolist() for each in case.asked] == [[n] for n in range(5)]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A user's own folder: persons of three ages, sorted into sub-folders."""
    place = tmp_path_factory.mktemp("own") / "mine"
    for index in range(90):
        age = index % 3
        (place / f"age {age}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(ages.draw(index, SIDE, age)).save(place / f"age {age}" / f"{index}.png")
    return place


def test_evaluation_on_a_folder_says_what_cannot_be_known(plain, own, cache, tmp_path, capsys):
    options = ["--real", str(own), "--labels", "folders"]
    found = measured(plain, cache, tmp_path / "report", *options)
    words = capsys.readouterr().out
    assert f"45 pictures of {own}, at every age; some may have been trained on" in words
    assert "there are no counterparts at other ages" in words
    assert not found["counterparts"]
    names = list(found["measures"])
    assert "L1 at the own age" in names
    assert "L1 to the truth" not in names
    assert not [name for name in names if "kept" in name]


@pytest.mark.parametrize(
    ("names", "labels", "words"),
    [
        (("7", "9"), "folders", "have the age '7', which"),
        (("age 0", "age 1"), "none", "is measured on pictures with ages"),
        (("age 0",), "folders", "all pictures have the same age, 'age 0'; two are needed"),
    ],
)
def test_pictures_that_do_not_fit(names, labels, words, plain, cache, tmp_path, capsys):
    for name in names:
        (tmp_path / "d" / name).mkdir(parents=True)
        for index in range(30):
            Image.fromarray(ages.draw(index, SIDE)).save(tmp_path / "d" / name / f"{index}.png")
    options = ("--real", tmp_path / "d", "--labels", labels, "--data-cache", cache)
    line = failed(capsys, evaluate.main, plain, *options)
    assert words in line
