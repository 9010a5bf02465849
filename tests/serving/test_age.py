"""An ager in use: translate.py, export.py, evaluate.py, on drawn persons and on a user's own."""

import dataclasses
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import runs
import serving
from console.errors import UserError
from datasets import ages, open_data
from metrics import recognition
from models import files
from models.systems.caae.turns import CAAE
from serving import ageing
from serving.ager import index_of
from serving.commands import evaluate, export, translate
from serving.export import formats
from serving.export.graph import PortableAger
from tests.models import tiny_caae
from tests.serving.test_commands import failed
from tests.serving.test_export import snippet

ROOT = Path(__file__).parents[2]
COUNT, SIDE = 400, 16
GROUPS = {"age": list(ages.AGES), "sex": list(ages.SEXES)}


def system_of(second):
    """A CAAE of the five ages whose pictures differ from age to age."""
    changes = {"ages": 5, "num_labels": 7 if second else 5, "initializer": "he_normal"}
    return CAAE(tiny_caae.recipe(second, **changes), seed=1)


def run_of(system, folder, data="ages"):
    """The folder of a run as if trained on `data`, with its ager."""
    here = runs.create(folder, "caae_cpu", "ages")
    groups = dict(list(GROUPS.items())[: len(system.recipe.conditions)])
    labels = {
        "kind": "attributes",
        "names": [name for members in groups.values() for name in members],
        "groups": groups,
    }
    settings = {"data": str(data), "count": COUNT if data == "ages" else 0}
    record = {"settings": settings, "data": {"labels": labels}, "precision": "float32"}
    here.write(system.recipe, record)
    metadata = {"verb": "age", "recipe": system.recipe.to_dict(), "labels": labels, "step": 4}
    files.save(system.output("ager"), here.output("ager"), metadata)
    return here.folder


@pytest.fixture(scope="module")
def both():
    return system_of(True)


@pytest.fixture(scope="module")
def run(both, tmp_path_factory):
    """The run of a network that takes age and sex."""
    return run_of(both, tmp_path_factory.mktemp("g"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The run of a network that takes the age alone."""
    return run_of(system_of(False), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def picture():
    return ages.draw(3, SIDE, 0)


def levels(system, picture, age, sex=None):
    """The picture at that age by the system itself, in levels."""
    labels = np.zeros((1, system.recipe.num_labels), "float32")
    labels[0, [age] if sex is None else [age, 5 + sex]] = 1
    return np.clip(np.rint((system.age(picture[None], labels)[0] + 1) * 127.5), 0, 255)


def aged(*arguments):
    assert translate.main([str(each) for each in arguments]) == 0


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


# === translate.py ===


@pytest.mark.parametrize("word", ["4", "age 4", "AGE 4"])
def test_one_age_keeps_the_name(word, run, both, picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    aged(run, tmp_path / "a.png", "--out", tmp_path / "out", "--age", word, "--sex", "Male")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    assert np.abs(pixels(tmp_path / "out" / "a.png") - levels(both, picture, 4, 1)).max() <= 1


def test_without_an_age_every_age_in_a_file_of_its_own(run, both, picture, tmp_path, capsys):
    place = tmp_path / "in"
    (place / "deep").mkdir(parents=True)
    Image.fromarray(picture).save(place / "deep" / "a.b.png")
    Image.fromarray(ages.draw(8, SIDE)).save(place / "c.png")
    (place / "broken.png").write_bytes(b"nothing")
    out, sheet = tmp_path / "out", tmp_path / "sheet.png"
    aged(run, place, "--out", out, "--sex", "female", "--sheet", sheet)
    words = capsys.readouterr().err
    assert "age        to age 0, female; age 1, female" in words
    assert words.count("left out   1 that cannot be read") == 1
    assert "done: 10 files" in words
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert found == [f"{n}.age_{a}.png" for n in ("c", "deep/a.b") for a in range(5)]
    for age in range(5):
        made = pixels(out / "deep" / f"a.b.age_{age}.png")
        assert np.abs(made - levels(both, picture, age, 0)).max() <= 1
    with Image.open(sheet) as page:  # a row a person, the picture and five ages, captions
        assert page.size == (6 * (SIDE + 2) + 2, 12 + 2 * (SIDE + 2) + 2)
        top = np.asarray(page)[14:, :]
    np.testing.assert_array_equal(top[:SIDE, 2 : 2 + SIDE], ages.draw(8, SIDE))
    np.testing.assert_array_equal(
        top[SIDE + 2 : 2 * SIDE + 2, 5 * (SIDE + 2) + 2 :][:, :SIDE],
        pixels(out / "deep" / "a.b.age_4.png"),
    )


def test_without_a_sex_each_of_them(run, picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    aged(run, tmp_path / "a.png", "--out", tmp_path / "one", "--age", "2")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["a.female.png", "a.male.png"]
    aged(run, tmp_path / "a.png", "--out", tmp_path / "all")
    assert len(list((tmp_path / "all").iterdir())) == 10
    assert (tmp_path / "all" / "a.age_3.male.png").exists()


def test_ages_whose_names_become_the_same_file_are_numbered(run):
    """Both of these lose their sign."""
    ager = serving.load_translator(run)
    ager.groups = {**ager.groups, "age": ("<20", ">20")}
    ager.at = lambda *classes: ager
    assert [each.tag for each in ager.targets(second="male")] == ["_20_0", "_20_1"]


def test_a_network_of_ages_alone_and_a_lone_file(plain, picture, tmp_path, capsys):
    Image.fromarray(picture).save(tmp_path / "a.png")
    where = (tmp_path / "a.png", "--out", tmp_path / "out")
    aged(plain, *where)
    assert len(list((tmp_path / "out").iterdir())) == 5
    line = failed(capsys, translate.main, plain, *where, "--sex", "male")
    assert "unknown option --sex" in line
    lone = tmp_path / "my.keras"
    lone.write_bytes((plain / "ager.keras").read_bytes())
    aged(lone, tmp_path / "a.png", "--out", tmp_path / "b.png", "--age", "1")
    np.testing.assert_array_equal(
        pixels(tmp_path / "b.png"), pixels(tmp_path / "out" / "a.age_1.png")
    )


def test_a_film_at_every_age(plain, tmp_path):
    frames = [Image.fromarray(ages.draw(i, SIDE)) for i in range(3)]
    frames[0].save(tmp_path / "f.gif", save_all=True, append_images=frames[1:], duration=100)
    aged(plain, tmp_path / "f.gif", "--out", tmp_path / "out")
    for age in range(5):
        with Image.open(tmp_path / "out" / f"f.age_{age}.gif") as made:
            assert (made.n_frames, made.size) == (3, (SIDE, SIDE))


def test_mistakes_are_one_line(run, plain, picture, tmp_path, capsys):
    Image.fromarray(picture).save(tmp_path / "a.png")
    where = (tmp_path / "a.png", "--out", tmp_path / "out")
    line = failed(capsys, translate.main, run, *where, "--age", "9")
    assert line.endswith("unknown age '9'. Known: age 0, age 1, age 2, age 3, age 4")
    line = failed(capsys, translate.main, run, *where, "--sex", "mal")
    assert line.endswith("unknown sex 'mal' (did you mean male?). Known: female, male")
    line = failed(capsys, translate.main, run, *where, "--back")
    assert "holds a caae, which has no way back" in line
    assert not (tmp_path / "out").exists()
    line = failed(capsys, translate.main, plain, where[0], "--out", tmp_path / "b.png")
    assert "several pictures are made of" in line
    assert "must be a folder" in line
    (tmp_path / "out").mkdir()
    sheet = tmp_path / "out" / "a.age_3.png"
    line = failed(capsys, translate.main, plain, *where, "--sheet", sheet)
    assert "a.age_3.png is one of the results; choose another" in line
    aged(plain, *where, "--sheet", tmp_path / "out" / "a.png")
    line = failed(capsys, translate.main, plain, *where)
    assert "a.age_0.png exist already; --overwrite replaces such files" in line
    with pytest.raises(SystemExit):
        translate.main([str(run), "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "--sex NAME the sex to show; without it every sex" in words
    assert "faces at another age." in words


@pytest.mark.parametrize(
    ("label", "option"),
    [
        ("sex", "--sex"),
        ("Hair colour", "--hair-colour"),
        ("100 %", "--100-%"),
        ("render size", "--second-render-size"),
        ("back", "--second-back"),
        ("weights", "--second-weights"),
        ("help", "--second-help"),
    ],
)
def test_a_second_label_called_as_an_option_of_translate(label, option, capsys):
    parser = translate.build_parser(second=label)
    given = parser.parse_args(["run", "in", "--out", "o", option, "x"])
    assert (given.second, given.back, given.weights) == ("x", False, "ema")
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert f"{option} NAME the {label} to show" in " ".join(capsys.readouterr().out.split())


def test_an_age_is_for_networks_that_age(tmp_path, capsys, request):
    here = request.getfixturevalue("run_of_cyclegan")
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "a.png")
    out = ("--out", tmp_path / "out")
    line = failed(capsys, translate.main, here, tmp_path / "a.png", *out, "--age", "1")
    assert "--age is for networks that age faces;" in line
    assert "holds a cyclegan" in line


@pytest.fixture(scope="module")
def run_of_cyclegan(tmp_path_factory):
    from models.systems.cyclegan.turns import CycleGAN
    from tests.models import tiny_cyclegan

    system = CycleGAN(tiny_cyclegan.recipe(), seed=1)
    here = runs.create(tmp_path_factory.mktemp("c"), "cyclegan_cpu", "x")
    here.write(system.recipe, {"data": {}, "precision": "float32"})
    metadata = {"verb": "translate", "title": "", "recipe": system.recipe.to_dict()}
    files.save(system.output("translator"), here.output("translator"), metadata)
    return here.folder


def test_names_and_numbers_of_a_label():
    years = ("age 0-9", "age 10-19", "age 20+")
    assert [index_of("age", w, years) for w in ("10-19", "Age 20+", "0", "2")] == [1, 2, 0, 2]
    whole = ("age 1", "age 2", "age 3")
    assert index_of("age", "3", whole) == 2  # the name, not the place
    with pytest.raises(UserError, match="unknown age '0'"):
        index_of("age", "0", whole)
    with pytest.raises(UserError, match=r"unknown age '3'\. Known: age 0-9"):
        index_of("age", "3", years)
    signs = ("sex M", "sex m", "Other  one")
    assert [index_of("sex", w, signs) for w in ("m", "sex M", "other one")] == [1, 0, 2]
    with pytest.raises(UserError, match="'SEX M' could be 'sex M' or 'sex m'"):
        index_of("sex", "SEX M", signs)


# === export.py ===


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_exports_take_pictures_an_age_and_a_sex(form, run, both, tmp_path):
    if form == "onnx" and not find_spec("tf2onnx"):
        pytest.skip("tf2onnx is not installed")
    assert export.main([str(run), "--format", form, "--out", str(tmp_path)]) == 0
    network = formats.FORMS[form].read(tmp_path / form, PortableAger)
    faces = np.stack([ages.draw(index, SIDE) for index in range(5)])
    age, sex = np.array([4, 0, 1, 3, 2], "int32"), np.array([0, 1, 1, 0, 1], "int32")
    found = network({"pictures": faces / np.float32(127.5) - 1, "age": age, "sex": sex})
    labels = np.concatenate([np.eye(5)[age], np.eye(2)[sex]], axis=1)
    np.testing.assert_allclose(found, both.age(faces, labels), atol=1e-5)
    known = json.loads((tmp_path / form / "model.json").read_text())
    assert next(iter(known["inputs"])) == "pictures"
    assert known["inputs"]["age"]["names"] == list(ages.AGES)
    assert known["inputs"]["sex"]["names"] == ["female", "male"]
    assert known["outputs"]["images"] == f"float32 (N, {SIDE}, {SIDE}, 3), RGB from -1 to 1"


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_the_readme_runs_as_it_stands(form, run, both, picture, tmp_path):
    if form == "litert":
        pytest.importorskip("ai_edge_litert")
    if form == "onnx" and not find_spec("tf2onnx"):
        pytest.skip("tf2onnx is not installed")
    assert export.main([str(run), "--format", form, "--out", str(tmp_path)]) == 0
    Image.fromarray(picture).save(tmp_path / "picture.png")
    path = str(ROOT) if form == "keras" else ""
    done = subprocess.run(
        [sys.executable, "-c", snippet(tmp_path / form)], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    made = pixels(tmp_path / "pictures.png")
    assert made.shape == (SIDE, 5 * SIDE, 3)
    for age in range(5):
        part = made[:, age * SIDE : (age + 1) * SIDE]
        assert np.abs(part - levels(both, picture, age, 0)).max() <= 1


def test_bytes_go_in_and_come_out_of_a_saved_model(plain, picture, tmp_path):
    import tensorflow as tf

    assert export.main([str(plain), "--out", str(tmp_path)]) == 0
    loaded = tf.saved_model.load(str(tmp_path / "saved_model"))
    ask = {"pictures": tf.constant(picture[None]), "age": tf.constant([2])}
    made = loaded.signatures["serving_default"](**ask)["images"]
    assert made.dtype == tf.uint8
    expected = serving.load_translator(plain).at(2).translate(picture[None])
    assert np.abs(made.numpy().astype(int) - expected).max() <= 1


# === evaluate.py ===


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def measured(run, cache, out, *options):
    words = [str(run), "--samples", "16", "--bootstrap", "0", "--floor", "none", "--out", str(out),
             "--data-cache", str(cache), "--feature-cache", str(cache / "f")]  # fmt: skip
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


def test_an_ager_begins_at_the_first_age(run):
    assert serving.load_translator(run).target == (0, 0)


def test_a_sheet_keeps_the_first_pictures_over_several_batches():
    from serving.commands.ageing import _keeper

    before, after = [], []
    keep = _keeper(before, after, 4)
    for start in (0, 3, 6):
        keep([*range(start, start + 3)], [*range(10 + start, 13 + start)])
    assert before == [0, 1, 2, 3]
    assert after == [10, 11, 12, 13]


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
    assert "held-out: 45 pictures that were not trained on, at every age" in words
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
