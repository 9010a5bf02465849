"""generate.py: the files it writes, what its record says, which mistakes it refuses."""

import errno
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from console.options import Parser
from models.files import read_metadata
from serving.commands import common, generate
from serving.generator import Generator
from tests.serving import tiny
from tests.serving.mistakes import failed


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
    "write": (["sheet"], ["sheet"]),
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
    # Without a record nobody knows whose the pictures are.
    (tmp_path / "pictures.json").unlink()
    (tmp_path / "00002.png").write_text("of somebody")
    (tmp_path / "pictures.npz").write_text("of somebody")
    assert generate.main([*map(str, arguments), "--overwrite"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*left, "00002.png", "pictures.npz"]
    )
    # A call that writes no pictures of their own has none to replace.
    assert generate.main([*map(str, arguments), "--write", "sheet", "--overwrite"]) == 0
    (tmp_path / "00001.png").write_text("of somebody")
    assert generate.main([*map(str, arguments), "--write", "sheet", "--overwrite"]) == 0
    assert (tmp_path / "00001.png").read_text() == "of somebody"


def test_the_pictures_of_an_interrupted_call_are_known(files, tmp_path, monkeypatch):
    """Of a call for more than 100,000 pictures, whose names have six digits."""
    draw = Generator.stream

    def interrupted(self, count, *more):
        yield next(draw(self, 2, *more))
        raise KeyboardInterrupt

    monkeypatch.setattr(Generator, "stream", interrupted)
    start = [str(files["none"]), "--out", str(tmp_path), "--overwrite", "--count"]
    assert generate.main([*start, "100001"]) != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000000.png", "000001.png", "pictures.json",
    ]  # fmt: skip
    monkeypatch.undo()
    assert generate.main([*start, "1"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000.png", "pictures.json", "sheet.png",
    ]  # fmt: skip


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
        (["run"], "no run folder run"),
        (["none.keras"], "There is no file none.keras"),
        (["anime", "--vector", "none.npy"], "none.npy cannot be read: No such file"),
        (["anime", "--vector", "none.npy", "--text", "a"], "--vector says all; leave out --text"),
    ],
)
def test_mistakes_are_noticed_before_keras_starts(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.load", None)
    assert words in failed(capsys, generate.main, *arguments, "--out", "out")
    assert not list(tmp_path.iterdir())


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
