import os
import subprocess
import sys
import types

import numpy as np
import pytest

from datasets import DataError, check_resolution, sources
from datasets.errors import PictureError
from tests.datasets.conftest import first_values, save_picture


def test_recursive_sorted_and_hidden_files_are_passed_over(opened, tmp_path):
    save_picture(tmp_path / "d" / "b" / "deep" / "1.png", (1, 0, 0))
    save_picture(tmp_path / "d" / "a" / "2.BMP", (2, 0, 0))
    save_picture(tmp_path / "d" / "3.png", (3, 0, 0))
    save_picture(tmp_path / "d" / ".thumbs" / "4.png")
    save_picture(tmp_path / "d" / "__MACOSX" / "5.png")
    save_picture(tmp_path / "d" / "._6.png")
    (tmp_path / "d" / "notes.txt").write_text("")
    data = opened(tmp_path / "d")
    assert first_values(data.images) == [3, 2, 1]
    assert data.notes == ["Files of other kinds, passed over: 1 (.txt 1)."]


def test_linked_folders_are_followed_once(opened, tmp_path, folder):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "there").symlink_to(folder)
    (tmp_path / "links" / "back").symlink_to(tmp_path / "links")
    assert len(opened(tmp_path / "links").images) == 6


def test_count_takes_an_even_choice(opened, folder):
    assert first_values(opened(folder, count=3).images) == [0, 2, 4]
    data = opened(folder, count=99)
    assert len(data.images) == 6
    assert "99 pictures were asked for; the folder has 6." in data.notes


def test_a_count_of_exactly_what_is_there_takes_all_and_says_nothing(opened, folder):
    asked = opened(folder, count=6)  # first: notes are kept with the cache
    whole = opened(folder)
    assert first_values(asked.images) == [0, 1, 2, 3, 4, 5]
    assert asked.notes == []
    assert asked.folder == whole.folder  # one cache serves both
    assert first_values(opened(folder, count=5).images) == [0, 1, 2, 3, 4]


def test_smaller_pictures_are_said(opened, folder):
    save_picture(folder / "big.png", size=40)
    data = opened(folder, 32)
    assert data.notes[0].startswith("6 of 7 pictures are smaller than 32 px and were enlarged")


def test_names_are_safe_in_a_path(opened, tmp_path):
    save_picture(tmp_path / "my pics: ö.1" / "0.png")
    assert opened(tmp_path / "my pics: ö.1").name == "my_pics__ö_1"


def test_bad_folders(opened, tmp_path):
    with pytest.raises(DataError, match=r"There is no folder .*missing.*faces, ages, triangles"):
        opened(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        opened(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is empty"):
        opened(tmp_path / "empty")
    (tmp_path / "empty" / "a.txt").write_text("")
    with pytest.raises(DataError, match=r"holds no picture \(found 1 .txt\).*\.png"):
        opened(tmp_path / "empty")
    assert not (tmp_path / "cache").exists()


def test_all_bad(opened, tmp_path):
    for i in range(3):
        path = save_picture(tmp_path / "bad" / f"{i}.png")
        path.write_bytes(b"x")
    with pytest.raises(DataError, match=r"All 3 pictures of 'bad' are bad.*2.png.*not a picture"):
        opened(tmp_path / "bad")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("resolution", [0, -8, 4, 100, 2048])
def test_resolutions_that_are_refused(resolution):
    with pytest.raises(DataError, match=f"not {resolution}; nearest: "):
        check_resolution(resolution)


def test_the_nearest_resolutions_are_named():
    with pytest.raises(DataError, match="nearest: 64 and 128"):
        check_resolution(100)


@pytest.mark.parametrize("options", [{"count": 0}, {"workers": 0}, {"count": -1}])
def test_impossible_numbers(opened, options):
    with pytest.raises(DataError, match=f"from 1 to 10.*, not {next(iter(options.values()))}"):
        opened("faces", **options)


# === Public sets, with a stand-in for Keras: the tests use no network ===


def fake_keras(monkeypatch, name, load_data):
    module = types.SimpleNamespace(load_data=load_data)
    keras = types.SimpleNamespace(datasets=types.SimpleNamespace(**{name: module}))
    monkeypatch.setitem(sys.modules, "keras", keras)


def test_mnist_is_padded_to_a_power_of_two(opened, monkeypatch):
    images = np.full((5, 28, 28), 200, np.uint8)
    fake_keras(monkeypatch, "mnist", lambda: ((images, np.array([3, 1, 4, 1, 5])), None))
    data = opened("mnist", 32)
    expected = np.zeros((5, 32, 32, 3), np.uint8)
    expected[:, 2:30, 2:30] = 200
    np.testing.assert_array_equal(data.images, expected)
    assert (data.labels.kind, data.labels.values.tolist()) == ("classes", [3, 1, 4, 1, 5])
    assert data.labels.names == tuple("0123456789")
    assert opened("mnist", 32, labels="none").labels is None


def test_cifar10_has_colour_and_named_classes(opened, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    classes = np.array([[6], [9], [0], [3]])
    fake_keras(monkeypatch, "cifar10", lambda: ((images, classes), None))
    data = opened("cifar10", 32, count=2)
    np.testing.assert_array_equal(data.images, images[[0, 2]])
    assert [data.labels.names[i] for i in data.labels.values] == ["frog", "airplane"]


def test_digits_come_with_scikit_learn(opened, monkeypatch):
    """The counts are those of the set's description in the UCI repository's test part."""
    pytest.importorskip("sklearn")
    data = opened("digits", 8)
    assert data.images.shape == (1_797, 8, 8, 3)
    counts = np.bincount(data.labels.values).tolist()
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_array_equal(data.images[0, 0, :, 1], [0, 0, 80, 207, 143, 16, 0, 0])
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        opened("digits", 16)


def test_without_a_network(opened, monkeypatch):
    def fail():
        raise Exception("URL fetch failure on https://example.org: None\nName unknown")

    fake_keras(monkeypatch, "cifar10", fail)
    with pytest.raises(DataError, match=r"could not load 'cifar10' \(URL fetch.*network") as error:
        opened("cifar10")
    assert "\n" not in str(error.value)


def test_importing_datasets_brings_no_framework():
    code = "import datasets, sys; print([m for m in ('keras', 'tensorflow', 'jax', 'torch') if m in sys.modules])"  # noqa: E501
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_picture_that_may_not_be_read_is_drawn_once_it_may(opened, folder, monkeypatch):
    def refused(path, mode):
        return os.path.basename(path) != "3.png"

    real, whole = sources.decode.read, sources.scan(folder)[0]

    def read(path, resolution):
        if os.path.basename(path) == "3.png":
            raise PictureError("Permission denied")
        return real(path, resolution)

    with monkeypatch.context() as patch:  # root may read all, so the system is played
        patch.setattr(sources.os, "access", refused)
        patch.setattr(sources.decode, "read", read)
        found = sources.scan(folder)[0]
        assert [row for row in found if row not in whole] == [("3.png", -1, -1)]
        assert opened(folder).left_out == [("3.png", "Permission denied")]
    data = opened(folder)
    assert (len(data.images), data.left_out) == (6, [])
