"""explore.py: each form of file that it writes, and the values and options that it refuses."""

import keras
import numpy as np
import pytest
from PIL import Image

from serving.commands import explore
from serving.explore import directions
from serving.style_generator import StyleGenerator
from tests.serving import test_styles
from tests.serving.mistakes import failed

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize("value", ["nan", "inf", "far"])
def test_a_distance_is_a_finite_number(value, files, tmp_path, capsys):
    out = ("--out", tmp_path / "w.png")
    line = failed(capsys, explore.main, "walk", files["none"], *out, "--reach", value)
    assert "number, not" in line
    line = failed(capsys, explore.main, "vector", "0", "--of", "smile", *out, "--strength", value)
    assert "number, not" in line
    assert not (tmp_path / "w.png").exists()


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["interpolate", "--count", "1"], "one latent gives no path; give 2 or more"),
        (["interpolate", "--through", "smile"], "one set of attributes gives no path"),
        (["interpolate", "--count", "2", "--tiles", "50", "--columns", "100", "--out", "a.gif",
          "a.png"], "5,000 pictures; at most 4,096"),
        (["interpolate", "--tiles", "500", "--steps", "24", "--out", "a.png", "a.gif"],
         "48,000 pictures; at most 20,000"),
        (["walk", "--rows", "100", "--columns", "100", "--out", "a.gif", "a.png"], "10,000 pictur"),
        (["truncation", "--rows", "100", "--levels", *["0.5"] * 50], "5,000 pictures"),
        (["stages", "--rows", "100", "--columns", "100"], "20,000 pictures; at most 4,096"),
        (["attention", "--points", "2,2"], "a point lies between 0,0 and 1,1, not at '2,2'"),
        (["attention", "--points", "0,nan"], "a point lies between 0,0 and 1,1, not at '0,nan'"),
        (["project", "none.png"], "there is no picture none.png"),
        (["project", "text.png"], "text.png cannot be used: "),
        (["walk"], "no run folder run"),
        (["vector", "--of", "smile"], "no run folder run"),
    ],
)  # fmt: skip
def test_mistakes_are_noticed_before_keras_starts(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("serving.load", None)
    (tmp_path / "text.png").write_text("no picture")
    out = [] if "--out" in arguments else ["--out", "x.png"]
    line = failed(capsys, explore.main, arguments[0], "run", *arguments[1:], *out)
    assert words in line
    assert [path.name for path in tmp_path.iterdir()] == ["text.png"]


@pytest.mark.parametrize("first", ["a.gif", "a.png"])
def test_a_direction_by_a_property_is_the_same_for_every_order_of_files(
    first, tmp_path, monkeypatch
):
    """The film is drawn at --truncation, which must not change the direction of the page."""
    generator = StyleGenerator(test_styles.made())
    monkeypatch.setattr("serving.load", lambda *_: generator)
    monkeypatch.setattr("serving.commands.common.check_source", lambda source: None)
    found, drawn_at, by_property = [], [], directions.by_property

    def kept(*given):
        found.append(by_property(*given, pool=64))
        drawn_at.append(float(keras.ops.convert_to_numpy(generator._truncated.psi)))
        return found[-1]

    monkeypatch.setattr(directions, "by_property", kept)
    outs = sorted(["a.gif", "a.png"], key=lambda name: name != first)
    assert explore.main(["walk", "x", "--property", "brightness", "--truncation", "0.3", "--rows",
                         "1", "--columns", "2",
                         "--out", *(str(tmp_path / name) for name in outs)]) == 0  # fmt: skip
    np.testing.assert_array_equal(*found)
    assert drawn_at == [1, 1]


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
