"""publish.py as a user calls it: what it says, and what it refuses before it writes."""

from __future__ import annotations

import json
import re
import sys

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")

from console.errors import UserError
from serving import output
from serving.commands import publish as command
from serving.publish import page, runtime
from tests.serving import test_text, tiny
from tests.serving.mistakes import failed
from tests.serving.stub_runtime import STUB


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
        (["{out}", "--overwrite"], "--overwrite replaces a whole result, and .*full holds none"),
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["run", "out"], "no run folder run"),
        (["anime", "out", "--runtime", "none"], "--runtime none is no folder"),
        (["anime", "keras", "--overwrite"], "result of format 1, and keras holds one of format"),
    ],
)
def test_mistakes_are_noticed_before_keras_starts(options, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.load_any", None)
    (tmp_path / "keras").mkdir()
    output.write_card(tmp_path / "keras", {"format": "keras"})
    assert words in failed(capsys, command.main, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["keras"]


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
