"""The page that publish.py writes, as a folder or in one file: what it holds and says."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from console.errors import UserError
from serving.publish import half, page, single
from serving.publish.description import describe
from serving.publish.portable import page_network
from serving.style_generator import StyleGenerator
from tests.serving import test_styles, tiny
from tests.serving.stub_runtime import STUB

# === A folder ===


@pytest.fixture(scope="module")
def folder(attributes, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "out"
    page.write_folder(attributes, path, STUB, "My <faces>")
    return path


def test_the_folder_holds_all_that_its_files_name(folder):
    files = {path.name for path in folder.iterdir()}
    for path in folder.glob("*.mjs"):
        named = re.findall(r'from "\./([\w.-]+)"', path.read_text())
        assert set(named) <= files, path
    html = (folder / "index.html").read_text()
    assert set(re.findall(r'(?:href|src)="([\w.-]+)"', html)) <= files
    assert "ort.wasm.min.js" not in files  # only the page in one file needs it
    assert {"gifenc-LICENSE.md", "onnxruntime-LICENSE"} <= files
    assert (folder / "LICENSE").read_bytes() == page.LICENCE.read_bytes()
    assert not [path for path in folder.parent.iterdir() if path != folder]


def test_the_page_names_no_foreign_host(folder):
    """Its policy allows its own files alone, and nothing in it asks for others."""
    (policy,) = re.findall(r'content="(default-src[^"]*)"', (folder / "index.html").read_text())
    rules = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "http" not in policy
    for name in ("index.html", "style.css", *(p.name for p in page.WEB.glob("*.mjs"))):
        assert not re.findall(r"https?://", (folder / name).read_text()), name


def test_the_description(folder, attributes):
    known = json.loads((folder / "model.json").read_text())
    content = (folder / "generator.onnx").read_bytes()
    assert known["model"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert known["model"]["bytes"] == len(content)
    assert known["title"] == "My <faces>"
    assert known["latent"] == {"distribution": "truncated_normal", "dim": 8}
    assert known["labels"]["groups"] == {"hair colour": ["blue hair", "red hair"]}
    # Without recorded shares: half of a group of two, a quarter of the others.
    assert known["labels"]["shares"] == [0.5, 0.5, 0.25, 0.25, 0.25]
    facts = dict(known["facts"])
    assert (facts["Trained on"], facts["Training steps"]) == ("faces", "7")
    assert facts["Weights"].startswith("in half precision")


def test_the_measure_stands_in_the_card_with_its_protocol(attributes):
    passport = {
        "protocol": {"real": {"count": 200}},
        "results": {"FD-lite0@224": {"value": 133.04, "floor": 24.3}},
    }
    attributes.metadata["passport"] = passport
    model = {"file": "x", "bytes": 1, "sha256": "0", "precision": "half", "error": 0.001}
    try:
        facts = dict(describe(attributes, None, model)["facts"])
    finally:
        del attributes.metadata["passport"]
    assert facts["FD-lite0@224"] == (
        "133; real pictures among themselves 24.3 (N = 200, while training)"
    )
    assert facts["Weights"].endswith("by at most 0.13 of 255")


def test_a_file_that_does_not_say_what_it_was_trained_on(attributes):
    """All of these may be null in a file's metadata."""
    model = {"file": "x", "bytes": 1, "sha256": "0", "precision": "half", "error": 0.001}
    before = dict(attributes.metadata)
    attributes.metadata.update(step=None, data=None, data_fingerprint=None, passport=None)
    try:
        facts = dict(describe(attributes, None, model)["facts"])
    finally:
        attributes.metadata.clear(), attributes.metadata.update(before)
    for name in ("Trained on", "Fingerprint of the data", "Training steps"):
        assert facts[name] == "unknown"


def test_a_measure_of_truncated_pictures_says_so():
    from serving.publish.description import _measured

    drawn = {"real": {"count": 2000}, "fake": {"truncation": 0.5}}
    passport = {"protocol": drawn, "subject": {"name": "generator.keras"}}
    assert _measured({"value": 26.461}, passport) == "26.46 (N = 2,000, truncation 0.5)"
    drawn["fake"]["truncation"] = 1.0
    assert _measured({"value": 26.461}, passport) == "26.46 (N = 2,000)"


def test_a_record_of_evaluate_was_not_measured_while_training(attributes):
    from serving.publish.description import _measured

    passport = {"protocol": {"real": {"count": 2000}}, "subject": {"name": "generator.keras"}}
    found = _measured({"value": 26.461, "floor": 3.233}, passport)
    assert found == "26.46; real pictures among themselves 3.233 (N = 2,000)"


def test_half_precision_halves_the_file_and_keeps_what_it_cannot_hold():
    import onnx
    from onnx import helper, numpy_helper

    rng = np.random.default_rng(0)
    weights = {
        "kernel": rng.standard_normal((100, 64)).astype("float32"),
        "huge": 1e6 * np.eye(64, dtype="float32"),
        "few": np.ones((1, 1), "float32"),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "kernel"], ["a"]),
        helper.make_node("MatMul", ["a", "huge"], ["b"]),
        helper.make_node("Mul", ["b", "few"], ["y"]),
    ]
    value = lambda name, *shape: helper.make_tensor_value_info(name, 1, shape)  # noqa: E731
    graph = helper.make_graph(
        nodes, "g", [value("x", 1, 100)], [value("y", 1, 64)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    before = model.SerializeToString()
    after = half.halved(before)
    assert len(after) < 0.8 * len(before)
    kinds = {t.name: t.data_type for t in onnx.load_from_string(after).graph.initializer}
    assert kinds == {"kernel/half": 10, "huge": 1, "few": 1}
    import onnxruntime

    x = rng.standard_normal((1, 100)).astype("float32")
    (found,) = onnxruntime.InferenceSession(after).run(None, {"x": x})
    expected = x @ weights["kernel"].astype("float16").astype("float32") * 1e6
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=10)


def test_where_half_is_not_enough_the_weights_stay_single(tmp_path, monkeypatch, capsys):
    generator = tiny.generator("attributes", g_filters=64)
    errors = iter([0.02, 1e-6])
    monkeypatch.setattr(page, "largest_error", lambda *given: next(errors))
    made = page.write_folder(generator, tmp_path / "a", STUB, None)
    assert made.error == 1e-6
    assert "half precision would change colours by 2.6 of 255" in capsys.readouterr().err
    facts = dict(json.loads((tmp_path / "a" / "model.json").read_text())["facts"])
    assert facts["Weights"].startswith("in single precision")
    halved = (tmp_path / "a" / "generator.onnx").stat().st_size
    errors = iter([1e-6])
    page.write_folder(generator, tmp_path / "b", STUB, None)
    assert (tmp_path / "b" / "generator.onnx").stat().st_size < 0.8 * halved
    errors = iter([0.02, 0.02])
    with pytest.raises(
        UserError, match=r"differs from the Keras network by 0\.02, more than 0\.00"
    ):
        page.write_folder(generator, tmp_path / "c", STUB, None)
    assert not (tmp_path / "c").exists()


def test_styles_are_mixed_as_explore_does():
    """ONNX and Keras agree on it for every example; here the function itself against NumPy."""
    generator = StyleGenerator(test_styles.made())
    portable = page_network(generator)
    z = generator.draw_latents(2, seed=1)
    found = portable.images_of(z, z[::-1].copy(), np.int32(2), np.int32(4), np.float32(1.0))
    styles = generator.styles(z)
    mixed = np.array(styles)
    mixed[:, 2:4] = styles[::-1, 2:4]
    np.testing.assert_allclose(np.asarray(found), generator.of_styles(mixed), atol=1e-5)
    for inputs in portable.examples():
        made = portable.predict(portable.as_trained(), inputs)
        assert made.shape == (4, 16, 16, 3)


def test_the_card_says_which_statistics_a_page_has():
    """The paper's BigGAN alone stands below 1 in generate.py; others are alike everywhere."""
    changes = {"resolution": 32, "attention_resolution": 16, "name": "biggan"}
    model = {"file": "x", "bytes": 1, "sha256": "0", "precision": "half", "error": 0.001}
    facts = describe(tiny.generator("classes", **changes), None, model)["facts"]
    told = ("Truncations below 1", "the pictures of generate.py --statistics running")
    assert told in facts
    styled = StyleGenerator(test_styles.made())
    for other in (tiny.generator("classes"), styled):
        assert told not in describe(other, None, model)["facts"]


# === One file ===


def test_one_file_holds_everything(attributes, tmp_path):
    made = page.write_single(attributes, tmp_path / "a.html", STUB, None)
    html = (tmp_path / "a.html").read_text()
    assert made.size == len(html.encode())
    assert not re.findall(r'(?:href|src)="(?!data:)', html)
    script = html.split("<script>")[-1]
    assert not re.findall(r"^(?:import|export)\b", script, re.MULTILINE)
    # The licences of all that it holds go with it.
    held = re.findall("<pre>(.*?)</pre>", html, re.DOTALL)
    assert [unescape(text).encode() for text in held] == [
        page.LICENCE.read_bytes(), *(content for name, content in STUB.items() if "LIC" in name),
        STUB["onnxruntime-ThirdPartyNotices.txt"],
    ]  # fmt: skip
    assert 'href="LICENSE"' not in html
    # What the elements hold cannot end them.
    assert html.count("</script>") == html.count("<script")


def test_modules_become_one_script():
    sources = {
        "a.mjs": 'import { b, c } from "./b.mjs";\nimport * as d from "./d.mjs";\n'
        "export const a = () => b + c + d.e();\n",
        "b.mjs": 'import { e } from "./d.mjs";\nexport const b = 1;\nexport const c = e();\n',
        "d.mjs": "export async function f() {}\nexport function e() {\n  return 5;\n}\n",
    }
    script = single.bundle(sources, "a.mjs")
    order = [script.index(f"const {name}_mjs = ") for name in "dba"]
    assert order == sorted(order)
    assert script.count("const d_mjs = ") == 1
    assert "const d = d_mjs;" in script
    assert "const { b, c } = b_mjs;" in script
    assert "return { f, e };" in script
    assert not re.findall(r"^\s*(?:import|export)\b", script, re.MULTILINE)
