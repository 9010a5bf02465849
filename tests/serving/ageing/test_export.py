"""export.py with an ager: every form takes pictures, an age and a sex."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import serving
from datasets import ages
from serving.commands import export
from serving.export import formats
from serving.export.graph import PortableAger
from tests.serving.ageing.tiny import SIDE, levels, pixels
from tests.serving.test_export import snippet

ROOT = Path(__file__).parents[3]


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
