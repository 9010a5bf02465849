"""export.py from the command line: half precision, records, packages that are missing."""

import re
import sys
from pathlib import Path

import pytest

from console.errors import UserError
from metrics import protocol
from models.files import read_metadata
from serving.commands import export
from tests.serving.mistakes import failed


def test_export_halves_the_format_keras_alone(files, tmp_path, capsys):
    line = failed(
        capsys, export.main, files["none"], "--format", "onnx", "--half", "--out", tmp_path / "a"
    )
    assert "--half is for --format keras alone, not for onnx" in line
    assert not (tmp_path / "a").exists()
    arguments = [files["none"], "--format", "keras", "--half", "--out", tmp_path / "b"]
    assert export.main(list(map(str, arguments))) == 0
    made = tmp_path / "b" / "keras" / "generator.keras"
    assert made.stat().st_size < 0.9 * Path(files["none"]).stat().st_size  # it is compressed


def test_export_takes_the_record_of_its_network(files, tmp_path, capsys):
    known = read_metadata(files["none"])
    subject = {"name": "/home/x/generator.keras", "recipe": known["recipe"]["name"],
               "step": known["step"],
               "data_fingerprint": known.get("data_fingerprint")}  # fmt: skip
    ours = protocol.Record({"real": {"count": 9}}, subject, {"FD": {"value": 4.5}})
    others = protocol.Record({}, {**subject, "step": 1}, {"FD": {"value": 1.0}})
    protocol.save([others], tmp_path / "others.json")
    start = [files["none"], "--format", "keras", "--out", tmp_path / "a"]
    # Another seed of the same recipe has the same step and data, but not this file.
    twin = protocol.Record({}, {**subject, "weights_sha256": "0" * 64}, {"FD": {"value": 1.0}})
    protocol.save([twin], tmp_path / "twin.json")
    line = failed(capsys, export.main, *start, "--record", tmp_path / "twin.json")
    assert "none of its 1 records is of this file" in line
    # The weights in training, and another network of the run, have the same step and data, too.
    for name, other in {
        "raw": protocol.Record({"fake": {"weights": "raw"}}, subject, {"FD": {"value": 1.0}}),
        "stage": protocol.Record({}, {**subject, "network": "Stage I"}, {"FD": {"value": 1.0}}),
    }.items():
        protocol.save([other], tmp_path / f"{name}.json")
        line = failed(capsys, export.main, *start, "--record", tmp_path / f"{name}.json")
        assert "none of its 1 records is of this file: SAGAN_V6 (generate, ema), step 7" in line
    protocol.save([twin, others, ours], tmp_path / "records.json")
    line = failed(capsys, export.main, *start, "--record", tmp_path / "others.json")
    assert "does not measure" in line
    assert "none of its 1 records is of this file: SAGAN_V6 (generate, ema), step 7" in line
    assert not (tmp_path / "a").exists()
    line = failed(capsys, export.main, *start, "--record", tmp_path / "nothing.json")
    assert "nothing.json" in line
    assert export.main([*map(str, start), "--record", str(tmp_path / "records.json")]) == 0
    passport = read_metadata(tmp_path / "a" / "keras" / "generator.keras")["passport"]
    assert passport["results"]["FD"]["value"] == 4.5
    assert passport["subject"]["name"] == "generator.keras"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "no run folder run"),
        (["anime", "--record", "none.json"], "none.json cannot be read"),
    ],
)
def test_mistakes_are_noticed_before_keras_starts(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.load_any", None)
    forms = ["--format", "keras"]
    assert words in failed(capsys, export.main, *arguments, *forms, "--out", "out")
    assert not list(tmp_path.iterdir())


def test_only_an_export_of_the_same_format_is_overwritten(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("serving.load_any", None)
    mine = tmp_path / "keras"
    mine.mkdir()
    (mine / "trained.keras").write_text("of somebody")
    start = [files["none"], "--format", "keras", "--out", tmp_path, "--overwrite"]
    line = failed(capsys, export.main, *start)
    assert "--overwrite replaces a whole result, and " in line
    assert (mine / "trained.keras").exists()


@pytest.mark.parametrize(
    ("form", "lacks", "words"),
    [
        ("onnx", "tf2onnx", "ONNX needs packages .*: pip install tf2onnx onnxruntime"),
        ("onnx", "onnxruntime", "ONNX needs packages .*: pip install tf2onnx onnxruntime"),
        ("litert", "ai_edge_litert", "LiteRT needs packages .*: pip install ai-edge-litert"),
    ],
)
def test_missing_packages_are_noticed_before_anything(
    form, lacks, words, files, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, lacks, None)
    monkeypatch.setattr("serving.export.packages._tensorflow_has_litert", lambda: False)
    monkeypatch.setattr("serving.load_any", None)
    forms = ["--format", "saved_model", form]
    line = failed(capsys, export.main, files["none"], *forms, "--out", tmp_path / "a")
    assert re.search(words, line)
    assert not (tmp_path / "a").exists()


def test_older_tensorflow_has_its_own_litert(monkeypatch, tmp_path):
    from serving.export import packages

    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setattr(packages, "folder_of", lambda module: tmp_path)
    with pytest.raises(UserError, match="LiteRT needs packages"):
        packages.require(["keras", "litert"])
    (tmp_path / "lite" / "python").mkdir(parents=True)
    (tmp_path / "lite" / "python" / "interpreter.py").touch()
    packages.require(["saved_model", "litert"])


def test_export_refuses_an_unknown_format(files, tmp_path, capsys):
    line = failed(capsys, export.main, files["none"], "--format", "onx", "--out", tmp_path)
    assert "did you mean onnx?" in line
