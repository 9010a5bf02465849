import errno
import json
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from console.errors import UserError
from console.options import Parser
from metrics import protocol
from models.files import read_metadata
from serving.commands import common, explore, export, generate
from serving.generator import Generator
from tests.serving import tiny

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return {kind: tiny.saved(tmp_path_factory.mktemp(kind), kind) for kind in tiny.KINDS}


def failed(capsys, main, *arguments):
    """The one line on stderr that the command ends with; its exit code is 2."""
    try:
        code = main([str(each) for each in arguments])
    except SystemExit as stop:
        code = stop.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert "Traceback" not in " ".join(lines)
    return lines[-1]


@pytest.mark.parametrize("value", ["nan", "inf", "far"])
def test_a_distance_is_a_finite_number(value, files, tmp_path, capsys):
    out = ("--out", tmp_path / "w.png")
    line = failed(capsys, explore.main, "walk", files["none"], *out, "--reach", value)
    assert "number, not" in line
    line = failed(capsys, explore.main, "vector", "0", "--of", "smile", *out, "--strength", value)
    assert "number, not" in line
    assert not (tmp_path / "w.png").exists()


def test_generate_writes_everything_asked_for(files, tmp_path):
    out = tmp_path / "new" / "out"
    arguments = [files["attributes"], "--count", 70, "--seed", 3, "--attributes", "blue hair",
                 "--write", "png", "sheet", "npz", "--batch-size", 32, "--out", out]  # fmt: skip
    assert generate.main([str(each) for each in arguments]) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == [f"{i:05d}.png" for i in range(70)] + ["pictures.json", "pictures.npz",
                                                           "sheet.png"]  # fmt: skip
    with np.load(out / "pictures.npz") as arrays:
        expected = tiny.generator("attributes").sample(70, seed=3, attributes="blue hair")
        np.testing.assert_array_equal(arrays["latents"], expected.latents)
        np.testing.assert_array_equal(arrays["labels"], expected.labels)
        assert arrays["label_names"][0] == "blue hair"
        assert np.abs(arrays["images"].astype(int) - expected.images).max() <= 1
        np.testing.assert_array_equal(np.asarray(Image.open(out / "00069.png")),
                                      arrays["images"][69])  # fmt: skip
    assert Image.open(out / "sheet.png").size == (8 * 18 + 2, 8 * 18 + 2)
    assert json.loads((out / "pictures.json").read_text())["seed"] == 3


# What `pictures.json` says of the call below, and of a call that leaves all to the defaults.
RECORD = {
    "count": (3, 2),
    "seed": (5, 0),
    "truncation": (0.5, 1.0),
    "statistics": ("running", "auto"),
    "attributes": ("red hair", None),
    "weights": ("best", "ema"),
    "generator": ("best_generator.keras", "generator.keras"),
    "recipe": ("SAGAN_V6", "SAGAN_V6"),
    "text": (None, None),  # given in tests/training/test_stackgan.py, as is the vector
    "vector": (None, None),
    "step": (7, 7),
}


def test_the_record_names_all_that_the_pictures_came_from(files, tmp_path):
    """A run whose two generators are alike: only the record tells which was drawn from."""
    run = tmp_path / "00000-SAGAN_V6-faces"
    run.mkdir()
    for name in ("generator.keras", "best_generator.keras"):
        (run / name).write_bytes(files["attributes"].read_bytes())
    recipe = read_metadata(run / "generator.keras")["recipe"]
    (run / "recipe.json").write_text(json.dumps(recipe))
    (run / "run.json").write_text(json.dumps({"precision": "float32", "data": {"name": "faces"}}))
    given = [f"--{name}={values[0]}" for name, values in list(RECORD.items())[:6]]
    for column, options in enumerate((given, ["--count=2"])):
        out = tmp_path / str(column)
        assert generate.main([str(run), *options, "--write", "sheet", "--out", str(out)]) == 0
        record = json.loads((out / "pictures.json").read_text())
        assert record == {name: values[column] for name, values in RECORD.items()}


def test_every_option_of_sampling_is_in_the_record():
    """The options of `add_sampling` and RUN's weights: a new one must be recorded too."""
    parser = Parser()
    common.add_source(parser)
    common.add_sampling(parser)
    assert {action.dest for action in parser._actions} - {"help", "source"} <= RECORD.keys()


def test_overwrite_replaces_our_files_and_no_others(files, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "1234567.png").write_text("mine too")
    (tmp_path / "pictures.json").write_text('{"count": 100}')
    (tmp_path / "00099.png").write_text("of an earlier call")
    (tmp_path / "00100.png").write_text("not of it")
    arguments = (files["none"], "--count", 2, "--out", tmp_path)
    assert "--overwrite" in failed(capsys, generate.main, *arguments)
    assert generate.main([*map(str, arguments), "--overwrite"]) == 0
    left = ["00000.png", "00001.png", "00100.png", "1234567.png", "mine.txt", "pictures.json",
            "sheet.png"]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == left
    # A call that was interrupted leaves no record: its pictures are numbered from the first on.
    (tmp_path / "pictures.json").unlink()
    (tmp_path / "00002.png").write_text("of an earlier call")
    assert generate.main([*map(str, arguments), "--overwrite"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == left


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("none", ["--attributes", "smile"], "was trained without labels"),
        ("attributes", ["--attributes", "smil"], "did you mean smile?"),
        ("classes", ["--attributes", "cow"], "Known: cat, dog, owl"),
        ("none", ["--truncation", "0"], "must be above 0 and at most 1, not 0"),
        ("none", ["--truncation", "1.5"], "must be above 0 and at most 1, not 1.5"),
        ("none", ["--truncation", "half"], "must be a number, not 'half'"),
        ("none", ["--count", "0"], "must be a whole number from 1 to 10000000, not 0"),
        ("none", ["--seed", "-1"], "must be a whole number of at least 0 and below 9223"),
        ("none", ["--weights", "best"], "needs a run folder"),
        ("none", ["--write", "jpg"], "'jpg' is unknown"),
        ("none", ["--coutn", "3"], "did you mean --count?"),
    ],
)
def test_mistakes_leave_one_line_and_no_folder(files, tmp_path, capsys, kind, arguments, words):
    out = tmp_path / "out"
    assert words in failed(capsys, generate.main, files[kind], *arguments, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["interpolate", "--tiles", "1000000"], "from 1 to 4096, not 1000000"),
        (["interpolate", "--tiles", "4000", "--steps", "4000"], "at most 20,000 are made at once"),
        (["interpolate", "--steps", "1e9"], "must be a whole number, not '1e9'"),
        (["interpolate", "--count", "9" * 5000], "must be a whole number, not '99"),
        (["walk", "--rows", "5000", "--columns", "100"], "from 1 to 100, not 5000"),
        (["walk", "--rows", "100", "--columns", "100"], "10,000 pictures; at most 4,096"),
        (["truncation", "--rows", "100", "--levels", *["0.5"] * 50], "at most 4,096"),
        (["arithmetic", "--plus", "9" * 30], "below 9223372036854775808, not 9999"),
        (["attention", "--count", "101"], "from 1 to 100, not 101"),
    ],
)
def test_absurd_sizes_are_refused_at_once(files, tmp_path, capsys, arguments, words):
    verb, *rest = arguments
    out = tmp_path / ("a.gif" if verb == "interpolate" else "a.png")
    line = failed(capsys, explore.main, verb, files["none"], *rest, "--out", out)
    assert words in line
    assert len(line) < 300


def test_the_sheet_of_a_long_path_is_refused_at_once(files, tmp_path, capsys):
    long = ["--tiles", "4000", "--count", "4000", "--out", tmp_path / "a.png"]
    line = failed(capsys, explore.main, "interpolate", files["none"], *long)
    assert "16,000,000 pictures; at most 4,096 are made at once" in line


def test_a_picture_of_any_number_is_drawn_alone(files, tmp_path):
    out = tmp_path / "a.png"
    far = str(2**63 - 1)
    assert explore.main(["arithmetic", str(files["classes"]), "--plus", f"3,{far}",
                         "--minus", "9999999999", "--out", str(out)]) == 0  # fmt: skip


@pytest.mark.parametrize("name", ["a" * 300, "x/" * 3000, "a\0b", "", " "])
def test_names_that_no_file_can_have(files, tmp_path, capsys, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = failed(capsys, generate.main, files["none"], "--out", name)
    assert "argument --out: the name '" in line
    assert len(line) < 200
    line = failed(capsys, generate.main, name, "--out", "o")
    assert "argument RUN: the name '" in line
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_while_generating(files, tmp_path, capsys, monkeypatch):
    save = Image.Image.save

    def full_at_the_third(image, path, *more, **options):
        if Path(path).name.endswith("00002.png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        save(image, path, *more, **options)

    monkeypatch.setattr(Image.Image, "save", full_at_the_third)
    line = failed(capsys, generate.main, files["none"], "--count", 4, "--out", tmp_path,
                  "--write", "png", "npz")  # fmt: skip
    assert "no space left" in line
    assert line.endswith("2 pictures are complete")
    assert not list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob(".*"))


def test_memory_does_not_grow_with_the_count(files, tmp_path, monkeypatch):
    monkeypatch.setattr(
        Generator, "generate", lambda self, z, y, batch: np.zeros((len(z), 16, 16, 3), "float32")
    )
    peaks = []
    for count in (640, 6400):
        arguments = [files["none"], "--count", count, "--write", "npz", "sheet", "--overwrite",
                     "--out", tmp_path]  # fmt: skip
        tracemalloc.start()
        assert generate.main([str(each) for each in arguments]) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    pictures = (6400 - 640) * 16 * 16 * 3
    assert peaks[1] - peaks[0] < 0.25 * pictures


def test_explore_writes_each_form(files, tmp_path):
    def run(*arguments):
        assert explore.main([str(each) for each in arguments]) == 0

    red = tmp_path / "red.png"
    Image.new("RGB", (16, 16), "red").save(red)
    plain, labelled = files["none"], files["attributes"]
    run("interpolate", plain, "--count", 2, "--steps", 3, "--out", tmp_path / "a.gif",
        tmp_path / "a.webp")  # fmt: skip
    run("interpolate", labelled, "--through", "blue hair", "red hair, smile", "--steps", 2,
        "--out", tmp_path / "b.gif")  # fmt: skip
    run("arithmetic", labelled, "--plus", "0,1", "--minus", "2,3", "--plus", "4,5", "--out",
        tmp_path / "c.png")  # fmt: skip
    run("interpolate", labelled, "--count", 2, "--columns", 4, "--tiles", 3, "--out",
        tmp_path / "i.png", tmp_path / "i.gif")  # fmt: skip
    with Image.open(tmp_path / "i.png") as made:
        assert made.size == (4 * 66 + 2, 3 * 66 + 2)
    run("walk", plain, "--direction", 1, "--out", tmp_path / "d.png", tmp_path / "d.gif")
    run("walk", plain, "--between", "0,1", "2,3", "--out", tmp_path / "e.png")
    run("attention", labelled, "--points", "0.5,0.5", "--out", tmp_path / "f.png")
    run("truncation", labelled, "--levels", 1, 0.5, "--rows", 2, "--out", tmp_path / "g.png")
    run("project", plain, red, "--steps", 2, "--starts", 1, "--out", tmp_path / "h.png",
        tmp_path / "h.npz")  # fmt: skip
    for name in ("a.gif", "a.webp", "b.gif", "c.png", "d.png", "d.gif", "e.png", "f.png", "g.png",
                 "h.png"):  # fmt: skip
        with Image.open(tmp_path / name) as made:
            made.load()
            assert np.asarray(made.convert("RGB")).std() > 3, name
    assert Image.open(tmp_path / "a.gif").n_frames == 6


def test_explore_mistakes(files, tmp_path, capsys):
    plain, out = files["none"], tmp_path / "x.png"
    for arguments, words in [
        (["interpolate", plain, "--out", "x.jpg"], "writes .png, .gif, .webp, .mp4, not '.jpg'"),
        (["walk", plain, "--direction", 8, "--out", out], "must be below 8"),
        (["walk", plain, "--property", "brightnes", "--out", out], "did you mean brightness?"),
        (["walk", plain, "--between", "0", "0", "--out", out], "the direction is zero"),
        (["attention", plain, "--points", "3", "--out", out], "a point is X,Y"),
        (["arithmetic", plain, "--plus", "a", "--out", out], "whole number, not 'a'"),
        (["project", plain, tmp_path / "none.png", "--out", out], "no picture"),
        (["truncation", plain, "--out", tmp_path / "none" / "x.png"], "there is no folder"),
        (["dance", plain], "'dance' is unknown"),
    ]:
        assert words in failed(capsys, explore.main, *arguments)
    assert not out.exists()


VECTOR, STYLES = ["vector", "--of", "smile"], "a stylegan has no batch norm"
HELD = "vector changes faces that the run held out"
STAGES = "stages draws with the running statistics"


@pytest.mark.parametrize(
    ("verb", "options", "why"),
    [
        (VECTOR, ["--attributes", "smile"], HELD),
        (VECTOR, ["--text", "a"], HELD),
        (VECTOR, ["--truncation", "0.5"], HELD),
        (VECTOR, ["--statistics", "running"], HELD),
        (["mix"], ["--statistics", "running"], STYLES),
        (["mix"], ["--attributes", "a"], "a stylegan takes no labels"),
        (["noise"], ["--statistics", "standing"], STYLES),
        (["noise"], ["--text", "a"], "a stylegan takes no labels"),
        (["stages"], ["--statistics", "running"], STAGES),
        (["stages"], ["--statistics", "standing"], STAGES),
        (["stages"], ["--text", "a"], "stages takes --captions"),
        (["stages", "--captions", "a"], ["--columns", "6"], "each of --captions is a column"),
        (["walk"], ["--fps", "25"], "a sheet is no film"),
        (["walk", "--out", "x.gif"], ["--columns", "7"], "a film has no columns"),
        (["interpolate"], ["--fps", "9"], "a sheet is no film"),
        (["interpolate"], ["--steps", "24"], "a sheet is no film"),
        (["interpolate", "--out", "x.gif", "x.webp"], ["--columns", "7"], "a film has no columns"),
        (["interpolate", "--through", "a", "b"], ["--count", "4"], "the latents stay where "),
        (["interpolate", "--through", "a", "b"], ["--path", "spherical"], "the latents stay wh"),
        (["arithmetic", "--plus", "1"], ["--attributes", ""], "arithmetic takes pictures by nu"),
        (["truncation"], ["--truncation", "0.5"], "truncation draws all of --levels"),
        (["project", "a.png"], ["--truncation", "0.5"], "project searches all latents"),
        (["project", "a.png"], ["--statistics", "standing"], "project draws with the running stat"),
    ],
)
def test_options_that_nothing_reads_are_refused_at_once(
    verb, options, why, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.load", None)
    out = [] if "--out" in verb else ["--out", "x.png"]
    line = failed(capsys, explore.main, verb[0], "run", *verb[1:], *options, *out)
    assert f": {why}" in line
    assert line.endswith(f"; leave out {options[0]}")


def test_an_option_that_one_of_two_files_reads_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    both = ["--columns", "3", "--fps", "9", "--out", "x.png", "x.gif"]
    line = failed(capsys, explore.main, "walk", "no.keras", *both)
    assert "no.keras" in line
    assert "leave out" not in line


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
    protocol.save([twin, others, ours], tmp_path / "records.json")
    line = failed(capsys, export.main, *start, "--record", tmp_path / "others.json")
    assert "does not measure" in line
    assert "none of its 1 records is of this file: SAGAN_V6, step 7" in line
    assert not (tmp_path / "a").exists()
    line = failed(capsys, export.main, *start, "--record", tmp_path / "nothing.json")
    assert "nothing.json" in line
    assert export.main([*map(str, start), "--record", str(tmp_path / "records.json")]) == 0
    passport = read_metadata(tmp_path / "a" / "keras" / "generator.keras")["passport"]
    assert passport["results"]["FD"]["value"] == 4.5
    assert passport["subject"]["name"] == "generator.keras"


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


def test_serving_does_not_load_the_training_loop():
    code = (
        "import sys, serving, serving.generator, serving.explore.paths, serving.commands.generate\n"
        "loop = {'training.session', 'training.feed', 'training.output', 'training.cli'}\n"
        "assert not loop & set(sys.modules), loop & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_command_has_the_backend_that_it_needs(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    seen = []
    command = lambda options: seen.append(os.environ["KERAS_BACKEND"])  # noqa: E731
    assert common.run(Parser(), command, [], backend="tensorflow") == 0
    assert seen == ["tensorflow"]
