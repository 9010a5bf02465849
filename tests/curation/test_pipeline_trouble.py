"""What nothing may break: kills, two runs at once, full disks, odd folders and files."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from benchmarks import scenes
from curation import extraction, pipeline
from datasets.errors import DataError, PassingError
from tests.curation.outcome import by_picture, files, looked_at

ROOT = Path(__file__).parents[2]


def test_a_broken_run_goes_on(raw, tmp_path, run, monkeypatch):
    real = extraction.look_at

    def break_at_c(task):
        if task.name == "c.png":
            raise KeyboardInterrupt
        return real(task)

    monkeypatch.setattr(pipeline.extraction, "look_at", break_at_c)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    (tmp_path / "out" / "dropped" / ".unfinished-x.png").write_bytes(b"half")
    (tmp_path / "out" / "faces" / "orphan.png").write_bytes(b"of a run that was killed")
    assert looked_at(run()) == "2 of them looked at now."
    assert len(files(tmp_path / "out" / "faces")) == 4
    assert files(tmp_path / "out" / "dropped") == {"orphan.png"}


def test_killed_with_its_processes_it_goes_on(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for number in range(60):
        scenes.portrait(number, 400).save(raw / f"{number:02}.png")
    command = [sys.executable, "prepare.py", str(raw), "--faces", str(out), "--no-detect",
               "--no-outliers", "--workers", "2"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(out.glob("dropped/*.png"))) < 8:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)],
                              capture_output=True, text=True).stdout.split()  # fmt: skip
    process.send_signal(signal.SIGKILL)
    process.wait()
    while any(Path(f"/proc/{child}/cmdline").exists() and
              Path(f"/proc/{child}/cmdline").read_bytes() for child in children):  # fmt: skip
        assert time.monotonic() < deadline, "a process outlived the one that started it"
        time.sleep(0.05)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "60 of 60 faces stay." in done.stdout
    assert "60 pictures, 60 of them" not in done.stdout
    assert len(list(out.glob("faces/*.png"))) == 60
    assert not list(out.rglob(".unfinished-*"))


def test_two_runs_at_once(raw, tmp_path, run):
    run()
    base = sqlite3.connect(tmp_path / "out" / ".work" / "faces.sqlite", isolation_level=None)
    base.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DataError, match="another run is at work"):
        run()
    base.close()


def test_a_damaged_store(raw, tmp_path, run):
    run()
    (tmp_path / "out" / ".work" / "faces.sqlite").write_bytes(b"nothing like it" * 99)
    with pytest.raises(DataError, match=r"is damaged\. Delete it"):
        run()


def test_other_settings_need_another_folder(raw, tmp_path, run):
    run()
    with pytest.raises(DataError, match="found with detector = none, not cascade"):
        run(detector="cascade")
    other = tmp_path / "other"
    shutil.copytree(raw, other)
    with pytest.raises(DataError, match="are those of"):
        run(other)
    shutil.rmtree(raw)  # a folder that was moved
    assert run(other)[0].startswith("4 pictures")


@pytest.mark.parametrize(("raw_at", "out_at"), [(".", "out"), ("raw", "raw"), ("out/faces", "out")])
def test_folders_that_lie_in_each_other(raw, tmp_path, run, raw_at, out_at):
    shutil.copytree(raw, tmp_path / "out" / "faces")
    with pytest.raises(DataError, match="must not contain each other"):
        run(tmp_path / raw_at, tmp_path / out_at)


def test_a_folder_that_holds_other_files(raw, tmp_path, run):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").write_text("mine")
    with pytest.raises(DataError, match="holds other files"):
        run()


def test_a_folder_that_cannot_be_written(raw, tmp_path, run):
    with pytest.raises(DataError, match="Cannot write in"):
        run(raw, Path("/dev/null/out"))


def test_a_full_disk_keeps_what_was_found(raw, tmp_path, run, monkeypatch):
    real, written = extraction.write_png, []

    def full(picture, path):
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(picture, path)

    monkeypatch.setattr(extraction, "write_png", full)
    with pytest.raises(DataError, match=r"No space left on device\. The results so far are kept"):
        run()
    monkeypatch.undo()
    assert looked_at(run()) == "2 of them looked at now."


def write_png_header(path: Path, side: int) -> None:
    """A PNG that says it is side × side, and holds next to nothing."""
    header = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"0")), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in chunks
    ))  # fmt: skip


def test_a_folder_of_downloads(raw, tmp_path, run):
    (raw / "empty.png").touch()
    (raw / "text.jpg").write_text("<html>not found</html>")
    (raw / "cut.png").write_bytes((raw / "a.png").read_bytes()[:2000])
    (raw / "notes.txt").write_text("x")
    scenes.portrait(20, 96).save(raw / "wrong.png", format="JPEG")
    frames = [scenes.portrait(21, 96), scenes.portrait(22, 96)]
    frames[0].save(raw / "film.gif", save_all=True, append_images=frames[1:])
    os.mkfifo(raw / "pipe.png")
    (raw / "link.png").symlink_to("nowhere.png")
    (raw / "circle").symlink_to(raw)
    scenes.portrait(23, 96).save(os.fsencode(raw) + b"/\xff\xe9.png", format="PNG")
    scenes.portrait(24, 96).convert("RGBA").save(raw / '"q",\n<b>.png')
    write_png_header(raw / "huge.png", 60_000)
    lines = run()
    found = by_picture(tmp_path / "out")
    whys = {name: row["why"] for name, row in found.items() if not row["face"]}
    assert whys.pop("huge.png").startswith("Image size (3600000000 pixels) exceeds limit")
    assert whys.pop("cut.png")
    assert whys == {
        "empty.png": "the file is empty",
        "text.jpg": "not a picture, or damaged at its start",
        "pipe.png": "not an ordinary file",
        "link.png": "No such file or directory",
    }
    stay = {name for name, row in found.items() if row["kept"] == "yes"}
    assert stay == {"a.png", "b.png", "c.png", "d.png", "wrong.png", "film.gif", "\\xff\\xe9.png",
                    '"q",\n<b>.png'}  # fmt: skip
    assert "passed over: 1 (.txt 1)" in lines[0]
    assert "6 pictures gave no face." in lines


@pytest.mark.parametrize("where", ["decode", "digest"])
def test_a_picture_that_could_not_be_read_once_is_read_by_the_next_run(
    raw, tmp_path, run, monkeypatch, where
):
    real, left = extraction.decode.read_whole, [OSError(errno.EIO, "Input/output error")]

    def read(path):
        if path.endswith("b.png") and left:
            error = left.pop()
            raise PassingError(error.strerror, path) if where == "decode" else error
        return real(path)

    monkeypatch.setattr(extraction.decode, "read_whole", read)
    run()
    assert by_picture(tmp_path / "out")["b.png"]["why"] == "Input/output error"
    assert looked_at(run()) == "1 of them looked at now."
    assert by_picture(tmp_path / "out")["b.png"]["kept"] == "yes"
