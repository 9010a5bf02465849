"""Every argument of `open_data` and every field of what it returns reaches its end."""

import dataclasses
import inspect

import numpy as np
import pytest

from datasets import ImageData, drawing, open_data
from tests.datasets.conftest import first_values

CAPTIONS = "file,caption\n0.png,zero\n1.png,one\n2.png,two\n3.png,three\n4.png,four\n5.png,five\n"


@pytest.fixture
def labelled(folder):
    """The folder and a CSV file with two classes; picture 5 has none."""
    lines = [f"{i}.png,{'even' if i % 2 == 0 else 'odd'}" for i in range(5)]
    (folder.parent / "l.csv").write_text("\n".join(["file,label", *lines]))
    (folder / "4.png").write_bytes(b"no picture")
    return folder


def test_every_field_of_the_data(labelled, opened):
    (labelled.parent / "c.csv").write_text(CAPTIONS)
    data = opened(
        labelled, labels=labelled.parent / "l.csv", captions=labelled.parent / "c.csv", count=9
    )
    (place,) = (labelled.parent / "cache").iterdir()
    expected = {
        "images": lambda value: first_values(value) == [0, 1, 2, 3],
        "labels": lambda value: (
            (value.names, value.values.tolist()) == (("even", "odd"), [0, 1, 0, 1])
        ),
        "name": lambda value: value == "pictures",
        "fingerprint": lambda value: place.name == f"pictures-8-{value}",
        "left_out": lambda value: [name for name, _ in value] == ["5.png", "4.png"],
        "notes": lambda value: "9 pictures were asked for; the folder has 6." in value,
        "folder": lambda value: value == place,
        "captions": lambda value: value == (("zero",), ("one",), ("two",), ("three",)),
        "encoder": lambda value: value is None,
    }
    assert list(expected) == [field.name for field in dataclasses.fields(ImageData)]
    for name, right in expected.items():
        assert right(getattr(data, name)), (name, getattr(data, name))


def test_every_argument_of_open_data(labelled, tmp_path, monkeypatch, capsys):
    drawn, draw_all = [], drawing.draw_all

    def spy(file, offset, items, render, resolution, workers, progress, **options):
        drawn.append((len(items), resolution, workers, progress))
        return draw_all(file, offset, items, render, resolution, 1, False, **options)

    monkeypatch.setattr(drawing, "draw_all", spy)
    usual = {"resolution": 8, "cache_dir": tmp_path / "cache", "progress": False}
    # A changed value → what the drawing is told: pictures, resolution, processes, progress bar.
    changed = {
        "spec": ("triangles", (3, 8, None, False)),
        "resolution": (16, (6, 16, None, False)),
        "labels": (tmp_path / "l.csv", (5, 8, None, False)),
        "captions": (tmp_path / "c.csv", (6, 8, None, False)),
        "count": (2, (2, 8, None, False)),
        "cache_dir": (tmp_path / "other", (6, 8, None, False)),
        "workers": (3, (6, 8, 3, False)),
        "progress": (True, (6, 8, None, True)),
        "check": (lambda source: seen.append(source.name), (6, 8, None, False)),
    }
    assert list(changed) == list(inspect.signature(open_data).parameters)
    (tmp_path / "c.csv").write_text(CAPTIONS)
    seen = []
    for index, (name, (value, told)) in enumerate(changed.items()):
        options = {"spec": labelled, **usual, "cache_dir": tmp_path / str(index), name: value}
        if name == "spec":
            options["count"] = 3
        data = open_data(options.pop("spec"), options.pop("resolution"), **options)
        assert drawn[-1] == told, name
        if name == "cache_dir":
            assert data.folder.parent == value
        assert (data.captions is not None) == (name == "captions")
    assert seen == ["pictures"]
    assert np.load(data.folder / "images.npy").shape == (5, 8, 8, 3)
