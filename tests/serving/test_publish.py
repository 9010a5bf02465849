"""publish.py without a browser: what it writes, and what it refuses before anything is written."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import json
import re
import sys
import tarfile
from html import unescape
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from console.errors import UserError
from serving.commands import publish as command
from serving.publish import half, page, runtime, single, space
from serving.publish.description import describe
from serving.publish.portable import page_network
from serving.style_generator import StyleGenerator
from tests.serving import test_styles, test_text, tiny
from tests.serving.test_commands import failed

# Files of the right names, for tests that run none of them.
GIFENC = "var A=1,B=2,C=3;export{A as GIFEncoder,B as applyPalette,B as default,C as quantize};\n"
STUB = {
    "ort.wasm.min.mjs": b"export const env = {};\n",
    "ort.wasm.min.js": b"var ort = {};\n",
    "ort-wasm-simd-threaded.mjs": b"// </script> <!-- ends nothing\n",
    "ort-wasm-simd-threaded.wasm": bytes(range(256)),
    "gifenc.mjs": GIFENC.encode(),
    "gifenc-LICENSE.md": b"MIT\n",
    "onnxruntime-LICENSE": b"MIT\n",
    "onnxruntime-ThirdPartyNotices.txt": b'a <b> of </pre> & "c"\n',
}


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


# === The runtime ===


def packed(package, **changed):
    """A package as npm's registry gives it, with contents of our own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in package.files:
            content = changed.get(path, path.encode())
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """Two small packages whose hashes are right, and what the registry answers by address."""
    small = tuple(
        runtime.Package(
            each.name, each.version,
            {path: hashlib.sha256(path.encode()).hexdigest() for path in each.files},
        )
        for each in runtime.PACKAGES
    )  # fmt: skip
    monkeypatch.setattr(runtime, "PACKAGES", small)
    answers = {each.address: packed(each) for each in small}
    asked = []

    def opened(address, timeout):
        asked.append(address)
        if address not in answers:
            raise OSError("no route")
        return io.BytesIO(answers[address])

    monkeypatch.setattr("urllib.request.urlopen", opened)
    return small, answers, asked


def test_the_runtime_is_fetched_once(registry, tmp_path):
    _, _, asked = registry
    found = runtime.load(cache=tmp_path / "cache")
    assert found["gifenc.mjs"] == b"dist/gifenc.esm.js"
    assert {"onnxruntime-LICENSE", "onnxruntime-ThirdPartyNotices.txt"} <= set(found)
    assert asked == [
        "https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
        "https://registry.npmjs.org/gifenc/-/gifenc-1.0.3.tgz",
    ]
    assert runtime.load(cache=tmp_path / "cache") == found
    assert len(asked) == 2
    (tmp_path / "cache/gifenc-1.0.3/LICENSE.md").write_text("cut")
    assert runtime.load(cache=tmp_path / "cache") == found
    assert len(asked) == 3  # what is damaged is fetched anew


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runtime.default_cache() == tmp_path / "gan-publish"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert runtime.default_cache() == tmp_path / ".cache" / "gan-publish"


def test_without_a_network_the_way_out_is_said(registry, tmp_path):
    _, answers, _ = registry
    answers.clear()
    with pytest.raises(UserError, match=r"cannot be fetched \(no route\); on a machine with a net"):
        runtime.load(cache=tmp_path / "cache")
    assert not list(tmp_path.rglob("*.mjs"))


def test_without_licences_nothing_is_fetched(registry, tmp_path, monkeypatch):
    _, _, asked = registry
    monkeypatch.setattr("serving.export.packages.folder_of", lambda module: tmp_path)
    (tmp_path / "LICENSE").write_text("MIT")
    with pytest.raises(UserError, match=r"ThirdPartyNotices\.txt is missing; install onnx"):
        runtime.load(cache=tmp_path / "cache")
    assert asked == []


@pytest.mark.parametrize("answer", ["other", "no package", "cut"])
def test_what_is_not_pinned_is_not_kept(answer, registry, tmp_path):
    small, answers, _ = registry
    wrong = packed(small[1], **{"dist/gifenc.esm.js": b"evil"})
    answers[small[1].address] = {"other": wrong, "no package": b"x" * 99, "cut": wrong[:40]}[answer]
    with pytest.raises(UserError, match=r"gave another dist/gifenc|gave no package"):
        runtime.load(cache=tmp_path / "cache")
    assert not (tmp_path / "cache/gifenc-1.0.3").exists()


@pytest.mark.parametrize("place", ["", "package", "dist"])
def test_a_folder_of_the_users(place, registry, tmp_path):
    small, _, asked = registry
    for each in small:
        for path in each.files:
            name = path.split("/")[-1] if place == "" else path.removeprefix("dist/")
            there = tmp_path / {"": name, "package": f"package/{path}", "dist": path}[place]
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(path.encode())
    assert runtime.load(tmp_path)["gifenc.mjs"] == b"dist/gifenc.esm.js"
    assert asked == []
    there.write_bytes(b"other")
    with pytest.raises(UserError, match=r"is not the file of gifenc 1\.0\.3: its SHA-256"):
        runtime.load(tmp_path)
    there.unlink()
    with pytest.raises(
        UserError, match=r"lacks \S+ of gifenc 1.0.3; unpack what `npm pack gifenc@"
    ):
        runtime.load(tmp_path)


# === The command ===


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tiny.saved(tmp_path_factory.mktemp("g"), "attributes")


@pytest.fixture
def stubbed(monkeypatch):
    monkeypatch.setattr(runtime, "load", lambda folder: STUB)


def test_publish_writes_a_page(file, stubbed, tmp_path, capsys):
    assert command.main([str(file), str(tmp_path / "out"), "--title", "Mine"]) == 0
    words = capsys.readouterr().err
    assert re.search(r"page +\S+ [kM]B, \S+ [kM]B compressed; largest error \S+ of 255", words)
    assert "python -m http.server --directory" in words
    assert json.loads((tmp_path / "out/model.json").read_text())["title"] == "Mine"
    assert command.main([str(file), str(tmp_path / "out"), "--overwrite"]) == 0
    (tmp_path / "out" / "CNAME").write_text("faces.example")
    line = failed(capsys, command.main, file, tmp_path / "out", "--overwrite")
    assert "--overwrite would remove" in line
    assert (tmp_path / "out" / "CNAME").exists()
    assert command.main([str(file), str(tmp_path / "a.html"), "--single"]) == 0
    assert (tmp_path / "a.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["{out}", "--single"], "call it page.html, not full"),
        (["{out}"], "is not empty; --overwrite replaces"),
        (["{out}", "--overwrite"], "--overwrite replaces a whole page, and .*full holds none"),
        (
            ["{free}", "--runtime", "{out}"],
            r"lacks dist/ort.wasm.min.mjs of onnxruntime-web 1.30.0",
        ),
        (["{free}", "--runtime", "{free}"], "is no folder"),
        (["{out}/..", "--overwrite"], "has no name of its own; name a folder in it"),
        (["{free}", "--space", "--single"], "choose one of them"),
        (["{free}", "--space", "--runtime", "{out}"], "a Space needs none"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(options, words, file, tmp_path, capsys):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("kept")
    given = [each.format(out=full, free=tmp_path / "free") for each in options]
    assert re.search(words, failed(capsys, command.main, file, *given))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "mine.txt"]


def test_nothing_is_fetched_for_what_cannot_be_written(file, tmp_path, capsys, monkeypatch):
    from serving.explore.explorer import Explorer

    fetched = []
    monkeypatch.setattr(runtime, "load", lambda folder: fetched.append(folder))
    line = failed(capsys, command.main, tmp_path / "no.keras", tmp_path / "out")
    assert "no.keras" in line
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "tf2onnx", None)
        line = failed(capsys, command.main, file, tmp_path / "out")
    assert "pip install tf2onnx onnxruntime" in line
    monkeypatch.setattr("serving.load_any", lambda *_: Explorer(test_text.made()))
    line = failed(capsys, command.main, file, tmp_path / "out")
    assert "takes captions, and a page cannot read sentences" in line
    assert fetched == []


def test_sentences_are_refused(stubbed, tmp_path):
    from serving.explore.explorer import Explorer

    painter = Explorer(test_text.made())
    with pytest.raises(UserError, match="takes captions, and a page cannot read sentences"):
        page.write_folder(painter, tmp_path / "a", STUB, None)
    assert not (tmp_path / "a").exists()


# === Spaces ===


def loaded(path):
    """A Space's app as a module."""
    spec = importlib.util.spec_from_file_location("space_app", path)
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The app of a Space whose classes have the names of its other choices."""
    generator = tiny.generator("classes")
    names = ("off", "random", "none of these")
    generator.labels = dataclasses.replace(generator.labels, names=names)
    path = tmp_path_factory.mktemp("space") / "s"
    space.write(generator, path, None)
    return loaded(path / "app.py")


def test_a_space_draws_the_class_that_is_chosen(places):
    offered = dict(places.choices(places.NAMES)[1:])
    assert list(offered) == ["off", "random", "none of these"]
    for name, answer in offered.items():
        assert places.wished(places.controls(), [answer]) == {name: True}
    assert places.wished(places.controls(), [places.RANDOM]) == {}
    assert places.choices(["smile"])[0] == ("random", places.RANDOM)


def test_a_space_offers_attributes(places, monkeypatch):
    monkeypatch.setitem(places.LABELS, "kind", "attributes")
    assert [words for words, _ in places.choices(["off", "on"])] == [
        "random", "off", "on", "none of these",
    ]  # fmt: skip
    groups = [("hair", ["off", "on"]), ("smile", ["smile"]), ("hat", ["hat"])]
    chosen = [("=off", "off", "on"), ("none", "on", "random"), ("random", "random", "off")]
    assert [places.wished(groups, answers) for answers in chosen] == [
        {"off": True, "smile": False, "hat": True},
        {"off": False, "on": False, "smile": True},
        {"hat": False},
    ]


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e5", str(2**63), "9" * 20, "٣"])
def test_a_space_refuses_what_is_no_seed(text, places):
    with pytest.raises(ValueError, match="is no seed; give a whole number below 2 to the power"):
        places.draw(text, 1, 1.0, places.RANDOM)


def test_a_space_says_what_is_wrong(places, monkeypatch):
    """Gradio shows the words of its own errors alone, and rounds large numbers."""
    assert places.read_seed(f" {2**63 - 1} ") == 2**63 - 1
    gradio = mock.MagicMock()
    gradio.Error = type("Error", (Exception,), {})
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    places.build()
    assert gradio.Dropdown.call_args == mock.call(
        places.choices(places.NAMES), value=places.RANDOM, label="class"
    )
    seed = gradio.Textbox.return_value
    click = gradio.Button.return_value.click
    assert click.call_args.args[1][0] is seed
    with pytest.raises(gradio.Error, match="'x' is no seed"):
        click.call_args.args[0]("x", 1, 1.0, places.RANDOM)


@pytest.mark.parametrize("kind", ["attributes", "examples", "classes", "style"])
def test_a_space_draws_pythons_pictures(kind, tmp_path):
    if kind == "style":
        generator = StyleGenerator(test_styles.made())
    else:
        generator = tiny.generator("attributes" if kind == "examples" else kind)
    if kind == "examples":
        known = dataclasses.replace(generator.labels, examples=("0 2", "1 3 4", "", "4", "0 2 3"))
        generator.labels = known
    space.write(generator, tmp_path / "s", 'A "title": x')
    assert {path.name for path in (tmp_path / "s").iterdir()} == {
        "LICENSE", "README.md", "app.py", "generator.onnx", "model.json", "requirements.txt",
    }  # fmt: skip
    app = loaded(tmp_path / "s" / "app.py")
    answers = [app.RANDOM for _ in app.controls()]
    wish = {"attributes": "red hair", "classes": "owl"}.get(kind)
    if wish:
        answers[0] = f"={wish}"
    if kind == "examples":
        answers[[title for title, _ in app.controls()].index("glasses")] = "on"
        wish = "glasses"
    found = np.stack(app.draw("5", 3, 0.6, *answers)).astype(int)
    expected = generator.sample(3, 5, wish, truncation=0.6, statistics="running").images
    assert np.abs(found - expected).max() <= 1
    card = (tmp_path / "s" / "README.md").read_text()
    assert card.startswith('---\ntitle: "A \\"title\\": x"\nsdk: gradio\n')
    assert "\nlicense: apache-2.0\n---\n" in card
    assert "--statistics running" not in card


def test_a_space_is_for_generators(tmp_path):
    class Upscaler:
        origin, verb, labels = "x", "upscale", None

    with pytest.raises(UserError, match="--space is for generators; x can upscale"):
        space.write(Upscaler(), tmp_path / "s", None)
