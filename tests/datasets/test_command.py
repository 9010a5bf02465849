"""`prepare.py`, as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from curation.command import main
from tests.datasets.conftest import save_picture

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, capsys):
    def run_command(*arguments):
        code = main([*map(str, arguments), "--cache", str(tmp_path / "cache")])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run_command


def test_says_what_it_found(run, folder):
    (folder / "2.png").write_bytes(b"")
    (folder.parent / "l.csv").write_text(
        "file,label\n" + "".join(f"{i}.png,c{i % 2}\n" for i in range(6))
    )
    code, out, _ = run(folder, "--resolution", 8, "--labels", folder.parent / "l.csv")
    assert code == 0
    assert "5 pictures of 'pictures' at 8 px; 2 classes." in out
    assert "Pictures left out: 1\n  2.png: the file is empty" in out
    assert "  c0         2   40.0%\n  c1         3   60.0%" in out


def test_many_left_out_are_counted_not_listed(run, folder):
    for i in range(20, 40):
        save_picture(folder / f"{i}.png").write_bytes(b"x")
    out = run(folder, "--resolution", 8)[1]
    assert "Pictures left out: 20" in out
    assert "… and 15 more, listed in" in out
    assert out.count("not a picture") == 5


def test_contact_sheet(run, folder, tmp_path):
    sheet = tmp_path / "new" / "sheet.png"
    assert run(folder, "--resolution", 8, "--sheet", sheet)[0] == 0
    assert Image.open(sheet).size == (64, 8)


def test_a_contact_sheet_is_not_written_among_the_pictures(run, folder, tmp_path, monkeypatch):
    before = (folder / "3.png").read_bytes()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    for data, sheet in ((folder, folder / "3.png"), (folder, folder / "new" / "x.png"),
                        (folder, tmp_path / "link" / "x.png"), (".", "x.png")):  # fmt: skip
        code, _, error = run(data, "--resolution", 8, "--sheet", sheet)
        assert code == 2
        assert f"--sheet {sheet} lies in the folder of pictures {data}" in error
        assert len(error.splitlines()) == 1
    assert (folder / "3.png").read_bytes() == before
    assert len(list(folder.rglob("*"))) == 6
    assert run(folder, "--resolution", 8, "--sheet", folder / ".x" / "x.png")[0] == 0  # not scanned


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "There is no folder 'nowhere'"),
        (("faces", "--resolution", 100), "nearest: 64 and 128"),
        (("faces", "--count", 0), "from 1 to 10000000, not 0"),
        (("faces", "--labels", "folders"), "brings its own labels"),
        (("faces", "--count", 10**9), "from 1 to 10000000, not 1000000000"),
        (("faces", "--workers", 10**9), "from 1 to 1024, not 1000000000"),
        (("faces", "--resolution", "9" * 5000), "not '999"),
        (("",), "The name of the data, '', is empty; . is the current folder"),
        (("faces", "--resolution", 8, "--count", 1, "--sheet", "/dev/null/x.png"), "contact sheet"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(run, arguments, message):
    code, _, err = run(*arguments)
    lines = [line for line in err.splitlines() if line.startswith("prepare.py: error: ")]
    assert code == 2
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in err


def test_unknown_options_are_refused(run):
    with pytest.raises(SystemExit) as stop:
        run("faces", "--resolutoin", 8)
    assert stop.value.code == 2


def test_the_script_itself(tmp_path, folder):
    result = subprocess.run(
        [sys.executable, "prepare.py", folder, "--resolution", "8", "--cache", tmp_path / "c"],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "none"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "6 pictures of 'pictures' at 8 px; no labels." in result.stdout


def test_names_are_printed_safely(folder, tmp_path):
    """Not UTF-8, with an escape code and a newline: one readable line, also on a plain screen."""
    (folder / os.fsdecode(b"\xff\x1b[31m\nx.png")).write_bytes(b"no picture")
    for encoding in ("utf-8", "ascii"):
        result = subprocess.run(
            [sys.executable, "prepare.py", folder, "--resolution", "8", "--cache", tmp_path / "c"],
            cwd=ROOT, capture_output=True, check=True,
            env={**os.environ, "KERAS_BACKEND": "none", "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert b"\n  \\xff\\x1b[31m\\nx.png: not a picture" in result.stdout
        assert b"\x1b" not in result.stdout + result.stderr
