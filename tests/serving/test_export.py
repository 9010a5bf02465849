import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow")

from console.errors import UserError
from models import latents
from serving.export import card, formats, generator_card
from serving.export.export import export, largest_error
from serving.export.graph import PortableGenerator, portable_of
from tests.serving import tiny

needs_onnx = pytest.mark.skipif(
    not all(map(__import__("importlib.util").util.find_spec, ("tf2onnx", "onnxruntime"))),
    reason="tf2onnx and onnxruntime are not installed",
)
FORMS = [
    "keras",
    "saved_model",
    pytest.param("onnx", marks=needs_onnx),
    "litert",
]


@pytest.mark.parametrize("kind", ["none", "attributes"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_equals_the_trained_generator(form, kind, request, tmp_path):
    generator = request.getfixturevalue("plain" if kind == "none" else kind)
    made = export(generator, form, tmp_path / form)
    assert made.error < 1e-5
    assert made.size > 1000
    assert [path.name for path in tmp_path.iterdir()] == [form]
    known = json.loads((tmp_path / form / "model.json").read_text())
    assert known["recipe"] == generator.recipe.to_dict()
    assert known["passport"]["step"] == 7
    assert known["inputs"]["latents"]["shape"] == ["N", 8]
    if kind == "attributes":
        assert known["inputs"]["labels"]["names"] == tiny.ATTRIBUTES["names"]


@pytest.mark.parametrize("form", FORMS)
def test_the_smoothing_of_finished_pictures_is_exported(form, tmp_path):
    made = export(tiny.generator(g_smoothing=40.0), form, tmp_path / form)
    assert made.error < 1e-5


def test_classes_with_any_batch_size(classes, tmp_path):
    made = export(classes, "saved_model", tmp_path / "m")
    assert made.error < 1e-5
    run = formats.FORMS["saved_model"].read(tmp_path / "m", PortableGenerator)
    for count in (1, 5):
        z, y = classes.draw_latents(count), classes.draw_labels(count)
        images = run({"latents": z, "labels": y, "truncation": np.float32(0.5)})
        np.testing.assert_allclose(images, classes.generate(0.5 * z, y), atol=1e-5)


def test_the_card_says_which_statistics_an_export_has(classes):
    changes = {"resolution": 32, "attention_resolution": 16, "name": "biggan"}
    told = "batch norm keeps the statistics of training, as generate.py does below 1 only with "
    for generator, said in ((tiny.generator("classes", **changes), True), (classes, False)):
        portable = PortableGenerator(generator)
        known = card.card(portable, "onnx", 0.0)
        text = card.readme(portable, "onnx", "m", 0.0)
        assert (told in known["inputs"]["truncation"]["meaning"]) is said
        assert (f"{told}--statistics running; smaller values" in text) is said


@pytest.mark.parametrize(
    ("latent", "low", "high", "deviation"),
    [
        # Cutting at two deviations of 0.5 leaves 0.5 · √0.774.
        ("truncated_normal", -1, 1, 0.44),
        ("normal", -np.inf, np.inf, 1),
        ("uniform", -1, 1, 1 / np.sqrt(3)),
        ("binomial", 0, 1, 0.5),
    ],
)
def test_the_readme_draws_latents_as_the_training_did(latent, low, high, deviation):
    lines = generator_card._DRAW[latent].format(dim=4096)
    known = {"np": np, "rng": np.random.default_rng(0)}
    exec(lines, known)
    drawn = known["latents"]
    assert (drawn.shape, drawn.dtype) == ((16, 4096), np.float32)
    assert low <= drawn.min() < low + 0.01 or low == -np.inf
    assert high - 0.01 < drawn.max() <= high or high == np.inf
    np.testing.assert_allclose(drawn.mean(), (low + high) / 2 if high < np.inf else 0, atol=0.01)
    np.testing.assert_allclose(drawn.std(), deviation, atol=0.01)
    np.testing.assert_allclose(latents.sample(latent, 16, 4096, known["rng"]).std(), deviation,
                               atol=0.01)  # fmt: skip


def test_the_card_says_where_its_truncation_is_not_that_of_generate():
    """It draws normal latents again beyond a threshold; exports multiply all."""
    for latent in ("normal", "truncated_normal"):
        generator = tiny.generator(latent=latent)
        told = generator_card.inputs_of(generator, "onnx")["truncation"]["meaning"]
        assert ("generate.py draws normal latents again" in told) is (latent == "normal")
        assert told in generator_card.notes_of(generator)[1]


def snippet(folder):
    """The Python in a README."""
    return (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]


def test_the_readme_of_a_keras_network_runs_where_it_says(attributes, tmp_path):
    """In the folder that holds the export, with PYTHONPATH as its first lines say."""
    export(attributes, "keras", tmp_path / "keras")
    text = (tmp_path / "keras" / "README.md").read_text()
    assert "`PYTHONPATH=FOLDER`, the project's folder" in text
    assert "Run this in the folder that holds `keras`:" in text
    done = subprocess.run(
        [sys.executable, "-c", snippet(tmp_path / "keras")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(card.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(tmp_path / "pictures.png") as made:
        assert made.size == (16 * 16, 16)


@pytest.mark.parametrize("form", FORMS[1:])
def test_the_readme_runs_without_this_project(form, attributes, tmp_path):
    export(attributes, form, tmp_path / form)
    guard = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('models', 'layers', 'serving'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    # TensorFlow imports Keras by itself; what matters is that the others do without both.
    unused = (
        "" if form == "saved_model" else "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    if form == "litert":
        pytest.importorskip("ai_edge_litert")
    done = subprocess.run(
        [sys.executable, "-c", guard + snippet(tmp_path / form) + unused],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(tmp_path / "pictures.png") as made:
        assert made.size == (16 * 16, 16)
        assert np.asarray(made).std() > 5


def test_uint8_is_the_default_signature(plain, tmp_path):
    import tensorflow as tf

    from datasets.pixels import to_uint8

    export(plain, "saved_model", tmp_path / "m")
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    z = plain.draw_latents(3)
    made = loaded.signatures["serving_default"](latents=tf.constant(z), truncation=tf.constant(1.0))
    assert made["images"].dtype == tf.uint8
    expected = to_uint8(plain.generate(z)).astype(int)
    assert np.abs(made["images"].numpy() - expected).max() <= 1


def test_a_wrong_export_is_refused_and_not_kept(attributes, tmp_path, monkeypatch):
    form = formats.FORMS["keras"]

    def read(folder, kind):
        run = form.read(folder, kind)
        return lambda inputs: run(inputs) + 0.002

    monkeypatch.setitem(formats.FORMS, "keras", form._replace(read=read))
    with pytest.raises(UserError, match=r"differs from the Keras generator by 0\.002.*not kept"):
        export(attributes, "keras", tmp_path / "keras")
    assert not list(tmp_path.iterdir())


def test_half_precision_is_half_the_size_and_within_two_levels(tmp_path):
    generator = tiny.generator("attributes", g_filters=64)
    whole, half = (
        export(generator, "keras", tmp_path / name, half=name == "half")
        for name in ("whole", "half")
    )
    assert 1e-5 < half.error < 4 / 255
    sizes = [(one.folder / "generator.keras").stat().st_size for one in (whole, half)]
    assert sizes[1] < 0.6 * sizes[0]
    assert (half.folder / "model.json").exists()


def test_half_precision_that_changes_colours_is_not_kept(attributes, tmp_path, monkeypatch):
    form = formats.FORMS["keras"]

    def read(folder, kind):
        run = form.read(folder, kind)
        return lambda inputs: run(inputs) + 4.1 / 255

    monkeypatch.setitem(formats.FORMS, "keras", form._replace(read=read))
    with pytest.raises(UserError, match=r"more than 0\.016; it was not kept"):
        export(attributes, "keras", tmp_path / "keras", half=True)
    assert not list(tmp_path.iterdir())


def test_nan_is_refused(attributes, tmp_path, monkeypatch):
    nothing = formats.Form(
        lambda *_: None, lambda *_: lambda inputs: np.full((4, 16, 16, 3), np.nan)
    )
    monkeypatch.setitem(formats.FORMS, "keras", nothing)
    assert np.isnan(largest_error(portable_of(attributes), "keras", tmp_path))
    with pytest.raises(UserError, match="not kept"):
        export(attributes, "keras", tmp_path / "keras")


def test_missing_packages_are_named(plain, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(UserError, match="pip install tf2onnx onnxruntime"):
        export(plain, "onnx", tmp_path / "onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="Known: keras, saved_model, onnx, litert"):
        export(plain, "tfjs", tmp_path / "x")
