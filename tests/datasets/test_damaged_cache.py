"""Caches that are damaged or of something else; data sets of names or sizes that cannot be."""

import json
import shutil

import numpy as np
import pytest

from datasets import DataError
from tests.datasets.conftest import save_picture


def drop(name):
    return lambda folder: (folder / name).unlink()


def put(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def save(name, array):
    return lambda folder: np.save(folder / name, array)


def edit(**changes):
    def change(folder):
        meta = json.loads((folder / "meta.json").read_text())
        (folder / "meta.json").write_text(json.dumps(meta | changes))

    return change


LABELS = {"kind": "attributes", "names": ["smile", "hat"], "groups": {}}
DAMAGED = {
    "no pictures": (drop("images.npy"), "No such file"),
    "no labels": (drop("labels.npy"), "No such file"),
    "no record": (drop("meta.json"), "it holds no meta.json"),
    "empty pictures": (put("images.npy", b""), "empty|EOF|No data"),
    "cut pictures": (put("images.npy", b"\x93NUMPY\x01\x00"), "EOF|expected"),
    "empty record": (put("meta.json", b""), "it is empty"),
    "record of something else": (put("meta.json", b"[]"), "it must be an object"),
    "record without labels": (put("meta.json", b"{}"), "says nothing of 'labels'"),
    "other shape": (save("images.npy", np.zeros((6, 4, 4, 3), "u1")), "shape \\(4, 4, 3\\), not"),
    "other channels": (save("images.npy", np.zeros((6, 8, 8, 1), "u1")), "shape \\(8, 8, 1\\)"),
    "other type": (save("images.npy", np.zeros((6, 8, 8, 3), "f4")), "are float32, not uint8"),
    "fewer pictures": (save("images.npy", np.zeros((5, 8, 8, 3), "u1")), "5 .* record says 6"),
    "no picture": (save("images.npy", np.zeros((0, 8, 8, 3), "u1")), "shape \\(0, 8"),
    "objects": (save("images.npy", np.array([{}] * 6)), "allow_pickle=False|Python objects"),
    "fewer labels": (save("labels.npy", np.zeros((5, 2), "f4")), "labels have shape \\(5, 2\\)"),
    "narrow labels": (save("labels.npy", np.zeros((6, 1), "f4")), "labels have shape \\(6, 1\\)"),
    "labels of another type": (save("labels.npy", np.zeros((6, 2), "i4")), "int32, not float32"),
    "labels without numbers": (save("labels.npy", np.full((6, 2), np.nan, "f4")), "not finite"),
    "classes out of range": (
        lambda folder: [edit(labels=LABELS | {"kind": "classes"})(folder),
                        np.save(folder / "labels.npy", np.full(6, 2, "i4"))], "2 classes"),
    "another kind": (edit(labels=LABELS | {"kind": "x"}), "of kind 'x'"),
    "groups of others": (edit(labels=LABELS | {"groups": {"a": ["b"]}}), "groups name other"),
    "names of another type": (edit(labels=LABELS | {"names": 5}), "labels.names must be"),
    "fewer captions": (put("captions.json", b'[["a"]]'), "1 captioned of 6"),
    "captions of another type": (put("captions.json", b'{"a": 1}'), "it must be a list"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_cache_names_its_folder(folder, opened, change, reason):
    table = folder.parent / "l.csv"
    table.write_text("file,smile,hat\n" + "".join(f"{i}.png,1,0\n" for i in range(6)))
    place = opened(folder, labels=table).folder
    change(place)
    with pytest.raises(DataError, match=reason) as raised:
        opened(folder, labels=table)
    line = str(raised.value)
    assert line.startswith(f"The cache '{place}' is damaged (")
    assert line.endswith("). Delete this folder; it is made anew.")
    assert "\n" not in line
    shutil.rmtree(place)
    assert len(opened(folder, labels=table).images) == 6


def test_a_cache_of_before_counts_were_recorded_is_read(folder, opened):
    place = opened(folder).folder
    meta = json.loads((place / "meta.json").read_text())
    del meta["count"]
    (place / "meta.json").write_text(json.dumps(meta))
    assert len(opened(folder).images) == 6


@pytest.mark.parametrize("name", ["", " ", "a" * 300, "a\0b"])
def test_names_that_no_folder_can_have(opened, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "0.png")
    with pytest.raises(DataError, match="The name of the data, '"):
        opened(name)
    with pytest.raises(DataError, match="is neither a CSV file"):
        opened(tmp_path, labels=name)


def test_a_set_too_large_for_the_disk_is_refused_before_its_labels_are_made(opened, monkeypatch):
    monkeypatch.setattr("datasets.faces.labels", None)  # would take minutes for so many
    with pytest.raises(DataError, match="disk is full"):
        opened("faces", resolution=1024, count=10_000_000)
