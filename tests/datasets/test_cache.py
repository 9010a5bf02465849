import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

from datasets import DataError, cache, drawing
from tests.datasets.conftest import first_values, save_picture


def cached(tmp_path):
    folder = tmp_path / "cache"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_pictures_come_back_in_order(folder, opened):
    data = opened(folder)
    assert data.images.shape == (6, 8, 8, 3)
    assert data.images.dtype == np.uint8
    assert first_values(data.images) == [0, 1, 2, 3, 4, 5]
    assert (data.labels, data.left_out, data.notes, data.name) == (None, [], [], "pictures")


def test_images_are_a_read_only_map(folder, opened):
    images = opened(folder).images
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_built_once(folder, opened, monkeypatch):
    first = opened(folder)
    monkeypatch.setattr(drawing, "draw_all", None)  # would fail if it were built again
    second = opened(folder)
    assert first.folder == second.folder
    assert first.fingerprint == second.fingerprint


def test_a_moved_folder_keeps_its_cache(folder, opened, tmp_path):
    first = opened(folder).folder
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.move(folder, tmp_path / "elsewhere")
    assert opened(moved).folder == first


def add(folder):
    save_picture(folder / "9.png", (9, 9, 9))


def remove(folder):
    (folder / "0.png").unlink()


def rename(folder):
    (folder / "0.png").rename(folder / "8.png")


def rewrite(folder):
    """Other pixels, the same size in bytes; only the time tells."""
    size = (folder / "0.png").stat().st_size
    save_picture(folder / "0.png", (77, 77, 77))
    assert (folder / "0.png").stat().st_size == size


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (add, [0, 1, 2, 3, 4, 5, 9]),
        (remove, [1, 2, 3, 4, 5]),
        (rename, [1, 2, 3, 4, 5, 0]),
        (rewrite, [77, 1, 2, 3, 4, 5]),
    ],
)
def test_a_changed_folder_is_noticed(folder, opened, change, expected):
    before = opened(folder).fingerprint
    change(folder)
    data = opened(folder)
    assert data.fingerprint != before
    assert first_values(data.images) == expected


def test_settings_are_part_of_the_fingerprint(folder, opened, tmp_path, monkeypatch):
    (tmp_path / "l.csv").write_text("file,label\n0.png,a\n1.png,b\n")
    prints = [opened(folder).fingerprint, opened(folder, 16).fingerprint]
    prints += [opened(folder, count=3).fingerprint]
    prints += [opened(folder, labels=tmp_path / "l.csv").fingerprint]
    (tmp_path / "l.csv").write_text("file,label\n0.png,a\n1.png,c\n")
    changed = opened(folder, labels=tmp_path / "l.csv")
    prints += [changed.fingerprint]
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    prints += [opened(folder).fingerprint]
    assert len(set(prints)) == len(prints)
    assert changed.labels.names == ("a", "c")


def test_bad_files_leave_no_gap(folder, opened):
    for i in (0, 3):
        (folder / f"{i}.png").write_bytes(b"not a picture")
    data = opened(folder)
    assert first_values(data.images) == [1, 2, 4, 5]
    assert [name for name, _ in data.left_out] == ["0.png", "3.png"]
    assert "not a picture" in data.left_out[0][1]
    assert opened(folder).left_out == data.left_out  # remembered by the cache
    plain = np.load(data.folder / "images.npy")  # a whole .npy file, of the right length
    assert (plain.shape, len(data.report())) == ((4, 8, 8, 3), 4)


def test_gaps_are_closed_across_blocks(opened, tmp_path):
    """More pictures than are moved at a time, drawn by two processes."""
    for i in range(1100):
        path = save_picture(tmp_path / "many" / f"{i:04}.png", (i % 256, i // 256, 0))
        if i % 7 == 3:
            path.write_bytes(b"")
    images = opened(tmp_path / "many", workers=2).images[:, 0, 0]
    numbers = images[:, 0] + 256 * images[:, 1].astype(int)
    assert numbers.tolist() == [i for i in range(1100) if i % 7 != 3]


def test_gaps_are_closed_where_exactly_one_block_is_left(opened, tmp_path):
    """1025 pictures, the first of them bad: 1024 are kept, as many as are moved at a time."""
    for i in range(1025):
        save_picture(tmp_path / "many" / f"{i:04}.png", (i % 256, i // 256, 0))
    (tmp_path / "many" / "0000.png").write_bytes(b"")
    data = opened(tmp_path / "many")
    first = np.asarray(data.images[:, 0, 0], int)
    assert (first[:, 0] + 256 * first[:, 1]).tolist() == list(range(1, 1025))
    stored = data.folder / "images.npy"
    assert stored.stat().st_size == 128 + 1024 * 8 * 8 * 3  # the header's bytes, and no more rows


def test_one_process_or_two_give_the_same(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "SMALL", 0)
    monkeypatch.setattr(drawing, "CHUNK", 8)
    one = opened("faces", 16, count=30, workers=1, cache_dir=tmp_path / "one").images
    two = opened("faces", 16, count=30, workers=2, cache_dir=tmp_path / "two").images
    np.testing.assert_array_equal(one, two)


def test_unfinished_caches_are_not_used_and_go(folder, opened, tmp_path):
    name = opened(folder).folder.name
    (tmp_path / "cache" / name / "meta.json").rename(tmp_path / "meta.json")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    killed = tmp_path / "cache" / f"{name}.building-{cache._host()}-{gone.pid}"
    (tmp_path / "cache" / name).rename(killed)
    assert first_values(opened(folder).images) == [0, 1, 2, 3, 4, 5]
    assert cached(tmp_path) == [name]


def test_what_another_process_builds_is_left_alone(folder, opened, tmp_path):
    others = [f"x-8-0.building-{cache._host()}-{os.getppid()}", "y-8-0.building-far-away-1"]
    # A process of this one's number in a container that has the host's name.
    others.append(f"z-8-0.building-{socket.gethostname()}-1-{os.getpid()}")
    for name in others:
        (tmp_path / "cache" / name).mkdir(parents=True)
    os.utime(tmp_path / "cache" / others[1])
    opened(folder)
    assert set(others) < set(cached(tmp_path))
    os.utime(tmp_path / "cache" / others[1], (0, 0))
    opened(folder)
    assert others[1] not in cached(tmp_path)


def test_too_little_space_is_said_before_drawing(folder, opened, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9, 9, 0))
    monkeypatch.setattr(drawing, "draw_all", None)
    with pytest.raises(DataError, match=r"disk is full.*0 MiB are needed.*Free some space"):
        opened(folder)
    assert cached(tmp_path) == []


def test_a_disk_that_fills_up_leaves_nothing(folder, opened, tmp_path, monkeypatch):
    real = drawing.draw_chunk

    def fills_up(*task):
        real(*task)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drawing, "draw_chunk", fills_up)
    with pytest.raises(DataError, match="The disk is full") as error:
        opened(folder)
    assert "\n" not in str(error.value)
    assert cached(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_drawing_reports_a_full_disk_from_the_other_process(folder):
    from pathlib import Path

    from datasets.sources import render_file

    items = [(str(folder), "0.png")] * 300
    with pytest.raises(OSError, match="No space left"):
        drawing.draw_all(Path("/dev/full"), 0, items, render_file, 64, 2, False, "")


def test_interrupting_leaves_nothing(folder, opened, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "draw_chunk", interrupt)
    with pytest.raises(KeyboardInterrupt):
        opened(folder)
    assert cached(tmp_path) == []


def test_an_unwritable_cache_folder(folder, tmp_path, opened):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write the cache"):
        opened(folder, cache_dir=tmp_path / "file")


def test_a_faster_builder_wins(folder, opened, tmp_path, monkeypatch):
    """Two runs build the same cache; the second to finish uses the first one's."""
    real = cache._publish

    def publish_after_another(building, path):
        shutil.copytree(building, path)
        real(building, path)

    monkeypatch.setattr(cache, "_publish", publish_after_another)
    data = opened(folder)
    assert cached(tmp_path) == [data.folder.name]
    assert first_values(data.images) == [0, 1, 2, 3, 4, 5]


def test_meta_is_readable(folder, opened):
    meta = json.loads((opened(folder).folder / "meta.json").read_text())
    assert meta == {"name": "pictures", "count": 6, "left_out": [], "notes": [], "labels": None}
