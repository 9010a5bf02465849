"""What the pipeline finds and writes: faces, copies, tags, outliers; originals stay."""

import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks import scenes
from curation.decisions import Rules
from datasets import open_data
from tests.curation import networks
from tests.curation.outcome import by_picture, files, rows


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


def test_tags_from_illustration2vec(raw, tmp_path, run):
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "a.json").write_text('{"blonde hair": 0.3, "red hair": 0.2}')
    lines = run(tags=tmp_path / "json", threshold=0.25)
    assert any(line.startswith("Labels: 1 faces, 2 attributes") for line in lines)
    labels = (tmp_path / "out" / "labels.csv").read_text().splitlines()
    assert labels[0] == "file,blonde hair,red hair"
    assert labels[1].endswith(",1,0")


def test_tags_of_a_name_in_two_folders_are_those_of_neither(raw, tmp_path, run):
    for name in "ab":
        (raw / name).mkdir()
        (raw / f"{name}.png").rename(raw / name / "7.png")
    (raw / "c.png").rename(raw / "a" / "c.png")
    (tmp_path / "json").mkdir()
    for name in ("7", "c", "d"):
        (tmp_path / "json" / f"{name}.json").write_text('{"smile": 1}')
    lines = run(tags=tmp_path / "json")
    tagged = {name for name, row in by_picture(tmp_path / "out").items() if row["smile"]}
    assert tagged == {"a/c.png", "d.png"}
    assert any("have their names: 1 ('7'). Put each JSON" in line for line in lines)
    (raw / "d.png").rename(raw / "7.png")  # the one that the JSON names by its whole path
    lines = run(tags=tmp_path / "json")
    tagged = {name for name, row in by_picture(tmp_path / "out").items() if row["smile"]}
    assert {"7.png"} == tagged & {"7.png", "a/7.png", "b/7.png"}
    assert not any("have their names" in line for line in lines)


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


def test_exif_turns_the_picture(tmp_path, run):
    (tmp_path / "raw").mkdir()
    picture = scenes.portrait(0, 96)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise
    picture.rotate(90).save(tmp_path / "raw" / "a.png", exif=exif)
    run()
    (file,) = (tmp_path / "out" / "faces").iterdir()
    assert (np.asarray(Image.open(file)) == np.asarray(picture)).all()
