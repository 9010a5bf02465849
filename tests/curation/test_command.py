"""`prepare.py --faces`, as a user runs it."""

import pytest

from console.errors import UserError
from curation.command import main
from tests.curation import networks


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-detect", "--turned"), "--no-detect does not use --detector"),
        (("--no-detect", "--tagger", "a", "--tags", "b"), "not from both"),
        (("--no-detect", "--threshold", "1"), "from 0 to below 1, not 1"),
        (("--no-detect", "--most-aspect", "0.5"), "at least 1, not 0.5"),
        (("--no-detect", "--write-tags"), "needs --tagger or --tags"),
        (("--no-detect", "--workers", "0"), "from 1 to 1024, not 0"),
        (("--detector", "none.onnx"), "There is no detector 'none.onnx'"),
        (("--no-detect", "--tagger", "nowhere"), "list of tags is missing"),
    ],
)
def test_mistakes_are_one_line(raw, tmp_path, capsys, arguments, message):
    assert main([str(raw), "--faces", str(tmp_path / "out"), *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith("prepare.py: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--faces", "out", "--resolution", "32"), "--resolution does not go with --faces"),
        (("--faces", "out", "--channels", "4"), "--channels does not go with --faces"),
        (("--turned",), "--turned needs --faces"),
        (("--least-side", "9", "--resolution", "8"), "--least-side needs --faces"),
    ],
)
def test_options_of_the_other_way_are_refused(raw, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main([str(raw), *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_backend_that_is_missing_is_told_first(raw, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tinygrad")
    asked = [str(raw), "--faces", str(tmp_path / "out"), "--no-detect"]
    assert main(asked) == 2
    assert "KERAS_BACKEND is 'tinygrad'; known: tensorflow" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*asked, "--no-outliers"]) == 0  # which needs none

    def wake():
        raise UserError("no backend")

    assert main(["mnist"], wake) == 2
    assert "prepare.py: error: no backend" in capsys.readouterr().err


def test_a_folder_that_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path / "no"), "--faces", str(tmp_path / "out"), "--no-detect"]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_faces_and_labels(raw, tmp_path, capsys):
    tagger = networks.tagger(tmp_path / "t", ["blue_hair", "green_hair", "red_hair"])
    code = main([str(raw), "--faces", str(tmp_path / "out"), "--no-detect", "--no-outliers",
                 "--tagger", str(tagger)])  # fmt: skip
    out = capsys.readouterr().out
    assert code == 0
    assert "silver hair" in out.splitlines()[0]
    assert "4 of 4 faces stay." in out
    assert "Labels: 4 faces, 3 attributes" in out


def test_the_rules_of_the_command_line(raw, tmp_path, capsys):
    options = [str(raw), "--faces", str(tmp_path / "out"), "--no-detect", "--no-outliers"]
    assert main([*options, "--least-side", "97", "--most-aspect", "1.5"]) == 0
    assert "0 of 4 faces stay." in capsys.readouterr().out
    assert main([*options, "--least-side", "96", "--most-aspect", "1"]) == 0
    assert "4 of 4 faces stay." in capsys.readouterr().out
