"""The way through: what is written, what a second run does, what nothing may break."""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks import scenes
from curation import extraction, pipeline
from curation.decisions import Rules
from datasets import open_data
from datasets.errors import DataError
from tests.curation import networks

ROOT = Path(__file__).parents[2]


def rows(out: Path) -> list[dict]:
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def by_picture(out: Path) -> dict[str, dict]:
    return {row["picture"]: row for row in rows(out)}


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def looked_at(lines: list[str]) -> str:
    return lines[0].split(", ")[1]


def test_faces_of_scenes(cv2, tmp_path, run):
    (tmp_path / "raw").mkdir()
    truth = {}
    for number in range(4):
        picture, faces = scenes.scene(number, width=700, height=520, large=200)
        picture.save(tmp_path / "raw" / f"{number}.png")
        truth[f"{number}.png"] = faces
    lines = run(detector="cascade")
    found = [row for row in rows(tmp_path / "out") if row["face"]]
    assert len(found) >= 7
    assert f"{len(found)} of {len(found)} faces stay." in lines
    for row in found:
        left, top, side = (int(row[key]) for key in ("x", "y", "side"))
        crop = np.asarray(Image.open(tmp_path / "out" / "faces" / row["face"]))
        assert crop.shape == (side, side, 3)
        face = min(truth[row["picture"]], key=lambda f: abs(f.x - left - side / 2))
        assert left < face.x - 0.4 * face.side < face.x + 0.4 * face.side < left + side
        assert top < face.y + 0.6 * face.side < top + side
        if left >= 0 and top >= 0 and left + side <= 700 and top + side <= 520:
            whole = np.asarray(Image.open(tmp_path / "raw" / row["picture"]))
            assert (crop == whole[top : top + side, left : left + side]).all()


def test_originals_stay_as_they_were(raw, tmp_path, run):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in raw.iterdir()}
    run()
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in raw.iterdir()} == before


WRITES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.utime",
          "os.chmod", "os.truncate", "sqlite3.connect")  # fmt: skip


def test_pictures_in_a_read_only_folder(raw, tmp_path, run):
    """Nothing there is opened for writing; the rights alone would not stop a superuser."""
    (raw / "sub").mkdir()
    scenes.portrait(9, 96).save(raw / "sub" / "e.png")
    tried, watched = [], [raw.as_posix()]

    def watch(event, arguments):
        paths = [os.fsdecode(a) for a in arguments if isinstance(a, str | bytes | os.PathLike)]
        if not any(path.startswith(place) for path in paths for place in watched):
            return
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or event in WRITES:
            tried.append((event, paths))

    sys.addaudithook(watch)  # it stays for ever, but watches no longer than this test
    try:
        (raw / "sub" / "probe").touch()
        assert tried, "the hook sees nothing"
        (raw / "sub" / "probe").unlink()
        for path in [*raw.rglob("*"), raw]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        tried.clear()
        lines = run()
        assert "5 of 5 faces stay." in lines
        run(rules=Rules(least=97))  # moves all of them to dropped/
        assert not tried
    finally:
        watched.clear()
        for path in (raw, raw / "sub"):
            path.chmod(0o755)


def test_only_new_pictures_are_looked_at(raw, tmp_path, run):
    assert looked_at(run()) == "4 of them looked at now."
    first = (tmp_path / "out" / "manifest.csv").read_bytes()
    assert looked_at(run()) == "0 of them looked at now."
    assert (tmp_path / "out" / "manifest.csv").read_bytes() == first
    scenes.portrait(9, 96).save(raw / "e.png")
    assert looked_at(run()) == "1 of them looked at now."
    assert len(files(tmp_path / "out" / "faces")) == 5


def test_a_changed_picture_is_looked_at_again(raw, tmp_path, run):
    run()
    before = by_picture(tmp_path / "out")
    scenes.portrait(9, 100).save(raw / "a.png")
    assert looked_at(run()) == "1 of them looked at now."
    after = by_picture(tmp_path / "out")
    assert after["a.png"]["side"] == "100"
    assert after["b.png"] == before["b.png"]
    kept = files(tmp_path / "out" / "faces")
    assert kept == {row["face"] for row in after.values()}
    assert before["a.png"]["face"] not in kept


def test_two_pictures_that_change_places_are_not_lost(raw, tmp_path, run):
    run()
    (raw / "a.png").rename(raw / "t.png")
    (raw / "b.png").rename(raw / "a.png")
    (raw / "t.png").rename(raw / "b.png")
    run()
    assert {row["kept"] for row in rows(tmp_path / "out")} == {"yes"}


def test_a_picture_that_went_leaves_its_face_among_the_dropped(raw, tmp_path, run):
    shutil.copy(raw / "a.png", raw / "z.png")
    run()
    assert by_picture(tmp_path / "out")["z.png"]["why"] == "the same file as a.png"
    (raw / "a.png").unlink()
    run()
    found = by_picture(tmp_path / "out")
    assert found["a.png"]["why"] == "its picture is gone"
    assert found["z.png"]["kept"] == "yes"  # what it was a copy of is no more
    assert len(files(tmp_path / "out" / "dropped")) == 1


def test_a_renamed_picture_keeps_its_face(raw, tmp_path, run):
    run()
    (raw / "a.png").rename(raw / "other.png")
    run()
    assert by_picture(tmp_path / "out")["other.png"]["kept"] == "yes"


def test_a_decision_follows_a_renamed_picture(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"drop {by_picture(out)['a.png']['face']}\n")
    (raw / "sub").mkdir()
    (raw / "a.png").rename(raw / "sub" / "new.png")
    lines = run()
    found = by_picture(out)
    assert (found["sub/new.png"]["kept"], found["sub/new.png"]["why"]) == ("no", "by hand")
    assert found["a.png"]["why"] == "its picture is gone"
    assert "do not exist" not in " ".join(lines)
    page = (out / "review.html").read_text()
    assert f'"file": "{found["sub/new.png"]["face"]}", "why": "", "hand": true' in page
    scenes.portrait(9, 96).save(raw / "a.png")  # another picture takes the name
    run()
    found = by_picture(out)
    assert (found["a.png"]["kept"], found["sub/new.png"]["why"]) == ("yes", "by hand")


def test_a_decision_stays_with_its_picture_in_an_exchange_of_names(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"drop {by_picture(out)['a.png']['face']}\n")
    (raw / "a.png").rename(raw / "t.png")
    (raw / "b.png").rename(raw / "a.png")
    (raw / "t.png").rename(raw / "b.png")
    run()
    found = by_picture(out)
    assert (found["a.png"]["kept"], found["b.png"]["why"]) == ("yes", "by hand")
    pixels = np.asarray(Image.open(out / "dropped" / found["b.png"]["face"]))
    np.testing.assert_array_equal(pixels, np.asarray(scenes.portrait(0, 96).convert("RGB")))


def test_keeping_a_face_does_not_keep_it_twice(raw, tmp_path, run):
    """The face of the old name goes, although its line says keep."""
    run(rules=Rules(least=97))
    out = tmp_path / "out"
    (out / "drop.txt").write_text(f"keep {by_picture(out)['a.png']['face']}\n")
    run(rules=Rules(least=97))
    (raw / "a.png").rename(raw / "new.png")
    run(rules=Rules(least=97))
    assert files(out / "faces") == {by_picture(out)["new.png"]["face"]}


def test_equal_files_give_one_face(raw, tmp_path, run):
    (raw / "sub").mkdir()
    shutil.copy(raw / "a.png", raw / "a.jpg")  # the very same name for its face
    shutil.copy(raw / "a.png", raw / "sub" / "a.png")
    run()
    kept = files(tmp_path / "out" / "faces")
    assert len(kept) == 4
    assert sum(name.startswith("a-") for name in kept) == 1
    assert {row["face"] for row in rows(tmp_path / "out")} - {""} == kept
    whys = {name: row["why"] for name, row in by_picture(tmp_path / "out").items()}
    assert sorted(whys[name] for name in ("a.png", "a.jpg", "sub/a.png")) == [
        "", "the same file as a.jpg", "the same file as a.jpg"
    ]  # fmt: skip


def test_copies_go_and_the_largest_stays(raw, tmp_path, run):
    picture = scenes.portrait(0, 192)
    ImageOps.mirror(picture).save(raw / "large.png")
    lines = run()
    found = by_picture(tmp_path / "out")
    assert found["a.png"]["why"] == f"copy of {found['large.png']['face']}"
    assert found["large.png"]["kept"] == "yes"
    assert "4 of 5 faces stay." in lines
    assert "        1  dropped: copy" in lines


def test_a_persons_word_moves_files(raw, tmp_path, run):
    run(rules=Rules(least=97))
    out = tmp_path / "out"
    first, second, *_ = sorted(files(out / "dropped"))
    assert not files(out / "faces")
    (out / "drop.txt").write_text(f"keep {first}\nkeep {second}\ndrop nobody.png\n")
    lines = run(rules=Rules(least=97))
    assert files(out / "faces") == {first, second}
    assert "drop.txt names 1 faces that do not exist ('nobody.png')." in lines
    (out / "drop.txt").write_text(f"drop {first}\n")
    run()
    assert files(out / "dropped") == {first}
    assert {row["why"] for row in rows(out) if row["face"] == first} == {"by hand"}


def test_faces_that_are_deleted_by_hand_stay_away(raw, tmp_path, run):
    run()
    out = tmp_path / "out"
    first, second, *_ = sorted(files(out / "faces"))
    (out / "faces" / first).unlink()
    (out / "drop.txt").write_text(f"keep {first}\n")
    lines = run()
    assert "3 of 4 faces stay." in lines
    assert {row["why"] for row in rows(out) if row["face"] == first} == {"its file is gone"}
    (out / "faces" / second).write_bytes(b"damaged")
    with pytest.raises(DataError, match=rf"face '.*{second}' cannot be read: .*Delete it to leave"):
        run()
    (out / "faces" / second).unlink()
    assert "2 of 4 faces stay." in run()
    described = []

    def features(pictures):
        described.extend(pictures)
        return pictures.mean(axis=(1, 2)).astype("float32")

    assert "2 of 4 faces stay." in run(features=features)  # what is gone needs none
    assert len(described) == 2
    (raw / f"{first[0]}.png").unlink()  # and so has its picture
    assert "2 of 4 faces stay." in run()


def test_what_the_data_set_is_trained_on(raw, tmp_path, run):
    tags = networks.tagger(tmp_path / "t", ["blue_hair", "green_hair", "red_hair", "smile"])
    from curation.tagger import Tagger

    run(tagger=Tagger(tags), tagger_name="tiny", write_tags=True)
    out = tmp_path / "out"
    data = open_data(out / "faces", 32, labels=out / "labels.csv", cache_dir=tmp_path / "cache",
                     progress=False)  # fmt: skip
    assert data.labels.names == ("blue hair", "green hair", "red hair", "smile")
    order = sorted(files(out / "faces"))
    clear = 0
    for name, values in zip(order, data.labels.values, strict=True):
        mean = np.asarray(Image.open(out / "faces" / name)).mean(axis=(0, 1))[::-1]
        if np.sort(mean)[-1] - np.sort(mean)[-2] > 2:  # resizing moves the mean a little
            assert values[:3].tolist() == (mean == mean.max()).tolist()
            clear += 1
    assert clear >= 2
    for row in rows(out):  # probabilities are kept, resized pictures keep their mean
        mean = np.asarray(Image.open(out / "faces" / row["face"])).mean(axis=(0, 1)) / 255
        assert float(row["red hair"]) == pytest.approx(mean[0], abs=0.02)
    other = open_data(out / "faces", 32, labels=out / "tags", cache_dir=tmp_path / "cache",
                      progress=False)  # fmt: skip
    assert other.labels.values.sum() == data.labels.values.sum()


def test_another_tagger_tags_anew(raw, tmp_path, run):
    said = [lambda pictures: [{"smile": 0.9}] * len(pictures),
            lambda pictures: [{"hat": 0.9}] * len(pictures)]  # fmt: skip
    run(tagger=said[0], tagger_name="first")
    run(tagger=said[1], tagger_name="first")
    assert "smile" in rows(tmp_path / "out")[0]
    run(tagger=said[1], tagger_name="second")
    assert "smile" not in rows(tmp_path / "out")[0]
    assert rows(tmp_path / "out")[0]["hat"] == "0.9"


def test_tags_from_illustration2vec(raw, tmp_path, run):
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "a.json").write_text('{"blonde hair": 0.3, "red hair": 0.2}')
    lines = run(tags=tmp_path / "json", threshold=0.25)
    assert any(line.startswith("Labels: 1 faces, 2 attributes") for line in lines)
    labels = (tmp_path / "out" / "labels.csv").read_text().splitlines()
    assert labels[0] == "file,blonde hair,red hair"
    assert labels[1].endswith(",1,0")


def test_tags_of_a_picture_are_not_those_of_its_faces(raw, tmp_path, run):
    """Which of two faces they describe is unknown; of a single one it is clear."""
    for path in raw.iterdir():
        if path.name != "a.png":
            path.unlink()
    (tmp_path / "tags").mkdir()
    (tmp_path / "tags" / "a.json").write_text('{"blonde hair": 0.9}')
    boxes = [(24, 48, 20, 20, 0.9), (72, 48, 20, 20, 0.8)]
    for count in (1, 2):
        detector = networks.constant_detector(tmp_path / f"{count}.onnx", boxes[:count], size=96)
        run(out=tmp_path / f"{count}", detector=str(detector), tags=tmp_path / "tags")
        found = rows(tmp_path / f"{count}")
        assert len(found) == count
        assert (tmp_path / f"{count}" / "labels.csv").exists() == (count == 1)


def test_outliers_by_features(raw, tmp_path, run):
    called = []

    def features(pictures):
        called.append(len(pictures))
        return pictures.reshape(len(pictures), -1)[:, :50].astype(np.float32)

    run(features=features)
    run(features=features)
    assert called == [4]
    values = [float(row["outlier"]) for row in rows(tmp_path / "out")]
    assert max(values) == 1.0
    assert len(set(values)) > 2


# === Killed, and other trouble ===


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


def test_exif_turns_the_picture(tmp_path, run):
    (tmp_path / "raw").mkdir()
    picture = scenes.portrait(0, 96)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise
    picture.rotate(90).save(tmp_path / "raw" / "a.png", exif=exif)
    run()
    (file,) = (tmp_path / "out" / "faces").iterdir()
    assert (np.asarray(Image.open(file)) == np.asarray(picture)).all()
