"""Exports of networks from pictures to pictures, and of an autoencoder's decoder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow")

import serving
from models import files, recipes
from models.systems.cyclegan import networks
from serving.commands import export as command
from serving.export import formats
from serving.export.export import export
from serving.export.graph import PortableTranslator
from tests.serving.mistakes import failed
from tests.serving.test_export import FORMS, snippet

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(3)
PICTURES = RNG.integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_makes_the_pictures_of_the_trained_network(form, run, system, tmp_path):
    made = export(serving.load_any(run), form, tmp_path / form)
    assert made.error < 1e-5
    model = formats.FORMS[form].read(tmp_path / form, PortableTranslator)
    floats = PICTURES.astype("float32") / 127.5 - 1.0
    found = model({"pictures": floats})
    np.testing.assert_allclose(found, system.translate(PICTURES), atol=1e-5)
    known = json.loads((tmp_path / form / "model.json").read_text())
    assert known["inputs"]["pictures"]["shape"] == ["N", 16, 16, 3]
    assert known["recipe"]["system"] == "cyclegan"
    assert (known["passport"]["verb"], known["passport"]["title"]) == ("translate", "day → night")
    assert "translate, day → night" in (tmp_path / form / "README.md").read_text()


def test_bytes_go_in_and_come_out_of_a_saved_model(run, system, tmp_path):
    import tensorflow as tf

    export(serving.load_any(run), "saved_model", tmp_path / "m")
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    made = loaded.signatures["serving_default"](pictures=tf.constant(PICTURES))["images"]
    assert made.dtype == tf.uint8
    expected = (system.translate(PICTURES) + 1.0) * 127.5
    assert np.abs(made.numpy() - expected).max() <= 0.51


@pytest.mark.parametrize("form", FORMS)
def test_the_readme_runs_as_it_stands(form, run, system, tmp_path):
    if form == "litert":
        pytest.importorskip("ai_edge_litert")
    export(serving.load_any(run), form, tmp_path / form)
    Image.fromarray(PICTURES[0]).save(tmp_path / "picture.png")
    done = subprocess.run(
        [sys.executable, "-c", snippet(tmp_path / form)],
        cwd=tmp_path,
        # Only plain Keras is said to need this project.
        env={**os.environ, "PYTHONPATH": str(ROOT) if form == "keras" else ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(tmp_path / "pictures.png") as made:
        error = np.asarray(made) - (system.translate(PICTURES[:1])[0] + 1.0) * 127.5
    assert np.abs(error).max() <= 1


def test_the_way_back_is_exported_by_its_name(run, system, tmp_path):
    words = [str(run), "--format", "keras", "--out", str(tmp_path), "--network", "translator_back"]
    assert command.main(words) == 0
    network, known = files.load(tmp_path / "keras" / "translator.keras")
    assert known["title"] == "night → day"
    made = network.predict_on_batch(PICTURES / np.float32(127.5) - 1)
    np.testing.assert_allclose(made, system.translate(PICTURES, back=True), atol=1e-5)


def test_unknown_networks_are_refused_with_the_known_ones(run, tmp_path, capsys):
    out = ("--out", tmp_path / "x")
    line = failed(capsys, command.main, run, *out, "--network", "translators")
    assert "no network 'translators' that makes pictures. Known: translator, translator_ba" in line
    lone = run / "translator.keras"
    line = failed(capsys, command.main, lone, *out, "--network", "translator_back")
    assert "holds one network; --network translator_back needs a run folder" in line
    assert not (tmp_path / "x").exists()


def test_the_networks_of_the_paper_pass_through_every_form(tmp_path):
    """Instance norms, mirrored borders and the change of a picture, as at full size."""
    recipe = recipes.load("cyclegan_cpu")
    from serving.source import Source
    from serving.translator import Translator

    made = Translator(
        Source(networks.generator(recipe, "g"), recipe, {"verb": "translate"}, Path("x.keras"))
    )
    for form in ("saved_model", "onnx", "litert"):
        if form == "onnx":
            pytest.importorskip("tf2onnx")
        assert export(made, form, tmp_path / form).error < 5e-4
