"""A generator of captions in use: sentences, wishes, exports and its verbs."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datasets
from console.errors import UserError
from datasets.text import WordEncoder
from models import files
from models.systems.stackgan.turns import StackGAN
from serving.commands import evaluate, explore, export, generate
from serving.explore import stages
from serving.explore.explorer import Explorer
from serving.export.export import export as exported
from serving.source import Source
from serving.texts import TextSet
from tests.models import tiny_stackgan

pytestmark = pytest.mark.usefixtures("eagerly")
TEXTS = ["a girl with blue hair", "blue hair, a hat", "red hair and a smile", "green eyes"]


def made(text=None, **changes):
    """A StackGAN of 32 px as if trained: kernels are not near 0."""
    encoder = WordEncoder.learn(TEXTS)
    recipe = tiny_stackgan.recipe(text_dim=encoder.size, **changes)
    system = StackGAN(recipe, seed=3, phase=1)
    rng = np.random.default_rng(0)
    for network in (system.stage_1, system.ema_stage_2):
        for variable in network.trainable_variables:
            if len(variable.shape) > 1:
                spread = 1.0 / np.sqrt(np.prod(variable.shape[:-1]))
                variable.assign(2.0 * spread * rng.standard_normal(variable.shape))
    text = text or {"encoder": encoder.to_dict(), "examples": TEXTS}
    metadata = {"verb": "generate", "recipe": recipe.to_dict(), "labels": None, "step": 7,
                "data": "faces", "text": text}  # fmt: skip
    return Source(system.output("generator"), recipe, metadata, Path("generator.keras"))


@pytest.fixture(scope="module")
def source():
    return made()


@pytest.fixture(scope="module")
def painter(source):
    return Explorer(source)


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "generator.keras"
    files.save(source.network, path, source.metadata)
    return path


# === Sentences ===


def test_a_sentence_is_what_the_pictures_are_made_of(painter):
    asked = painter.sample(3, seed=1, attributes="She has BLUE hair!")
    expected = painter.labels.encoder.encode(["blue hair"])
    np.testing.assert_array_equal(asked.labels, np.repeat(expected, 3, axis=0))
    made = painter.generate(painter.draw_latents(3, seed=1), asked.labels)
    np.testing.assert_array_equal(asked.images, datasets.pixels.to_uint8(made))
    other = painter.sample(3, seed=1, attributes="red hair")
    np.testing.assert_array_equal(asked.latents, other.latents)
    assert (asked.images != other.images).any()


def test_without_a_sentence_captions_of_the_training_are_drawn(painter):
    drawn = painter.sample(200, seed=2).labels
    known = painter.labels.encoder.encode(TEXTS)
    which = [int((known == row).all(axis=1).argmax()) for row in drawn]
    assert set(which) == {0, 1, 2, 3}
    np.testing.assert_array_equal(drawn[:70], painter.sample(70, seed=2).labels)
    assert painter.labels.describe(known[2]) == TEXTS[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty; such as 'a girl with blue hair'"),
        ("   ", "the text is empty"),
        ("zzz", "no word of 'zzz' was in a caption it was trained on; such as 'a girl with blue"),
        ("blue " * 500, "the text has 2,500 letters; at most 2,000 are read"),
    ],
)
def test_sentences_that_say_nothing(text, message, painter):
    with pytest.raises(UserError, match=message):
        painter.sample(1, attributes=text)


def test_what_it_understood(painter):
    lines = painter.labels.understood("a girl with blue hiar, a hat and wings")
    assert lines == [
        "text       girl, blue, hat",
        "           never seen in training, passed over: 'hiar' (known: hair), 'wings'",
    ]


@pytest.mark.parametrize(
    "text",
    [
        {"encoder": {"kind": "words"}, "examples": TEXTS},
        {"encoder": WordEncoder.learn(TEXTS).to_dict(), "examples": []},
        {"encoder": WordEncoder.learn(TEXTS[:2]).to_dict(), "examples": TEXTS},
        {"examples": TEXTS},
        {"encoder": WordEncoder.learn(TEXTS).to_dict(), "examples": "odd"},
        {"encoder": {"kind": "vectors", "size": 3, "scale": 1.0}, "examples": ["a"]},
    ],
)
def test_damaged_records_are_refused(text):
    size = WordEncoder.learn(TEXTS).size
    with pytest.raises(UserError, match="text"):
        TextSet(text, size)


def test_a_file_that_does_not_say_how_to_read_captions(source, tmp_path):
    metadata = {key: value for key, value in source.metadata.items() if key != "text"}
    with pytest.raises(UserError, match="its file does not say how to read them"):
        Explorer(Source(source.network, source.recipe, metadata, Path("g.keras")))


def test_own_vectors(tmp_path):
    text = {"encoder": {"kind": "vectors", "size": 3, "scale": 0.5}, "examples": ["a", "b"],
            "vectors": [[1, 2, 3], [4, 5, 6]]}  # fmt: skip
    known = TextSet(text, 3)
    np.save(tmp_path / "v.npy", np.array([2.0, 4.0, 6.0]))
    np.testing.assert_allclose(known.read(tmp_path / "v.npy"), [1, 2, 3])
    rng = np.random.default_rng(0)
    assert {tuple(row) for row in known.draw(20, rng)} == {(1, 2, 3), (4, 5, 6)}
    with pytest.raises(UserError, match="it reads no sentences"):
        known.parse("a")
    for array, words in ((np.zeros(2), "a vector of 3 floats is needed"),
                         (np.full(3, np.nan), "not finite")):  # fmt: skip
        np.save(tmp_path / "v.npy", array)
        with pytest.raises(UserError, match=words):
            known.read(tmp_path / "v.npy")
    with pytest.raises(UserError, match="cannot be read"):
        known.read(tmp_path / "none.npy")
    words = TextSet({"encoder": WordEncoder.learn(TEXTS).to_dict(), "examples": TEXTS},
                    WordEncoder.learn(TEXTS).size)  # fmt: skip
    with pytest.raises(UserError, match="describe the picture with --text"):
        words.read(tmp_path / "v.npy")


# === Tools ===


def test_films_lead_from_sentence_to_sentence(painter):
    film = painter.interpolate(through=["blue hair", "red hair"], steps=3, attributes="a hat")
    assert len(film.frames) == 6
    known = painter.labels
    a = known.parse("a hat, blue hair")
    first = painter.generate(painter.draw_latents(1), a[None])
    shown = np.asarray(film.frames[0])[:: film.frames[0].shape[0] // 32][:32]
    expected = datasets.pixels.to_uint8(first)[0]
    scale = film.frames[0].shape[1] // 32
    assert np.abs(shown[:, ::scale].astype(int) - expected).max() <= 1


def test_a_search_leaves_the_sentence_alone(painter):
    picture = painter.sample(1, seed=77, attributes="blue hair").images[0]
    found = painter.project(picture, steps=20, starts=2, attributes="blue hair", progress=False)
    expected = painter.labels.parse("blue hair")
    np.testing.assert_allclose(found.label, expected, rtol=1e-6)
    assert found.rmse < found.start


def test_stage_1_is_shown_above_stage_2(painter, source):
    page = np.asarray(stages.stages_sheet(painter, ["blue hair", "a hat"], rows=1, seed=5))
    side, gap = 160, 2

    def at(row, column):
        top, left = (gap + place * (side + gap) for place in (row, column))
        return page[top : top + side, left : left + side]

    asked = painter.sample(1, seed=5, attributes="a hat")
    np.testing.assert_array_equal(at(2, 1), asked.images[0].repeat(5, axis=0).repeat(5, axis=1))
    first = stages.first_stage(painter)
    small = first.predict_on_batch([asked.latents, asked.labels])[0]
    pixels = datasets.pixels.to_uint8(small[None])[0].repeat(10, axis=0).repeat(10, axis=1)
    np.testing.assert_array_equal(at(1, 1), pixels)
    assert (at(0, 0) < 100).any()  # the caption
    assert (at(0, 0)[:20] > 200).all()
    drawn = stages.stages_sheet(painter, None, rows=2, columns=3)
    assert drawn.size == (3 * (side + gap) + gap, 5 * (side + gap) + gap)


def test_stage_1_alone_is_shown_alone(source):
    system = StackGAN(source.recipe, seed=1, phase=1)
    alone = Explorer(dataclasses.replace(source, network=system.output("stage_1")))
    assert not stages.has_second_stage(alone)
    page = np.asarray(stages.stages_sheet(alone, ["blue hair", "a hat"], rows=2, seed=5))
    assert page.shape[0] == 3 * 162 + 2  # captions, and a row of pictures for each latent
    small = alone.sample(2, seed=5, attributes="a hat").images
    np.testing.assert_array_equal(
        page[326 : 326 + 160, 164 : 164 + 160], small[1].repeat(5, axis=0).repeat(5, axis=1)
    )


# === Commands ===


def test_wishes_of_the_wrong_kind(file, tmp_path, capfd):
    from tests.serving import tiny

    out = [f"--out={tmp_path / 'o'}", "--count=2"]
    plain = str(tiny.saved(tmp_path))
    (tmp_path / "l").mkdir()
    labelled = str(tiny.saved(tmp_path / "l", "attributes"))
    np.save(tmp_path / "v.npy", np.zeros(3))
    vector = f"--vector={tmp_path / 'v.npy'}"
    for command, words in (
        (
            [str(file), "--attributes=blue hair"],
            "was trained on captions; describe faces with --text",
        ),
        ([plain, "--text=blue hair"], "--text is for captions; .* was trained without labels"),
        ([labelled, "--text=blue hair"], "was trained on labels; choose them with --attributes"),
        ([plain, vector], "--vector is for captions; .* was not trained on any"),
        ([str(file), vector, "--text=a"], "--vector says all; leave out --text"),
        ([str(file), vector], "it was trained on sentences"),
        ([str(file), "--vector=v.npy"], "v.npy cannot be read: No such file"),
    ):
        assert generate.main([*command, *out]) == 2
        assert re.search(words, capfd.readouterr().err), words
        assert not (tmp_path / "o").exists()


def test_the_arrays_hold_the_text(file, tmp_path, painter):
    out = tmp_path / "o"
    command = [str(file), "--count=2", "--write", "npz", "--text=a hat", f"--out={out}"]
    assert generate.main(command) == 0
    found = np.load(out / "pictures.npz")
    np.testing.assert_array_equal(found["text"], np.repeat(painter.parse("a hat")[None], 2, axis=0))
    assert "labels" not in found


def test_control_of_labels_is_not_for_captions(file, tmp_path, capfd):
    for number in range(4):
        Image.new("RGB", (32, 32), (9 * number, 0, 0)).save(tmp_path / f"{number}.png")
    command = [str(file), f"--real={tmp_path}", f"--data-cache={tmp_path / 'c'}", "--control=10"]
    assert evaluate.main(command) == 2
    assert "takes captions; on faces evaluate.py measures these" in capfd.readouterr().err


def test_stages_are_of_generators_of_two_stages(tmp_path, capfd):
    from tests.serving import tiny

    page = tmp_path / "s.png"
    command = ["stages", str(tiny.saved(tmp_path)), "--captions", "x", f"--out={page}"]
    assert explore.main(command) == 2
    assert "takes no captions" in capfd.readouterr().err
    assert not page.exists()


# === Exports ===


@pytest.mark.parametrize("form", ["keras", "saved_model", "onnx", "litert"])
def test_exports_take_text_and_their_readme_encodes_it(form, painter, tmp_path):
    pytest.importorskip("tensorflow")
    if form == "onnx":
        pytest.importorskip("tf2onnx")
    done = exported(painter, form, tmp_path / form)
    assert done.error < 1e-5
    known = json.loads((tmp_path / form / "model.json").read_text())
    assert known["inputs"]["text"]["shape"] == ["N", painter.labels.size]
    text = (tmp_path / form / "README.md").read_text()
    assert "def encode(sentence):" in text
    if form != "onnx":  # the same Python in all; this form's starts quickly
        return
    code = text.split("```python\n")[1].split("```")[0]
    code += "\nfor each, vector in WANTED.items():\n"
    code += "    assert abs(encode(each) - np.array(vector)).max() < 1e-6\n"
    wanted = {each: painter.labels.encoder.encode([each])[0].tolist() for each in TEXTS}
    script = tmp_path / "run.py"
    root = Path(__file__).parents[2]
    script.write_text(f"import sys\nsys.path.insert(0, {str(root)!r})\nWANTED = {wanted!r}\n{code}")
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-800:]
    assert Image.open(tmp_path / "pictures.png").size == (16 * 32, 32)


def test_export_from_the_command_line(file, tmp_path):
    pytest.importorskip("tensorflow")
    assert export.main([str(file), "--format", "saved_model", f"--out={tmp_path / 'e'}"]) == 0
