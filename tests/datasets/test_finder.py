"""Which picture a name means, if the picture is gone or was not chosen."""

import json

import pytest

from datasets import ATTRIBUTES, DataError
from datasets.finder import Finder
from tests.datasets.conftest import save_picture


@pytest.fixture
def animals(tmp_path):
    """Pictures of cats and dogs; cats/7.png was deleted."""
    for name in ("cats/1.png", "dogs/7.png"):
        save_picture(tmp_path / "animals" / name)
    return tmp_path / "animals"


def test_a_name_in_a_folder_of_the_data_means_no_picture_of_another():
    find = Finder(["cats/deep/1.png", "dogs/7.png"])
    assert [find(name) for name in ("cats/7.png", "cats/deep/7.png", "cats/1.png")] == [None] * 3
    assert find.absent == ["cats/7.png", "cats/deep/7.png", "cats/1.png"]
    assert (find("images/7.png"), Finder(["dogs/7.png"])("7.png")) == (1, 0)
    assert Finder(["dogs/7.png", "cats/1.png"], by_stem=True)("cats/7") is None


def test_a_picture_that_was_not_chosen_is_not_absent():
    find = Finder(["a/0.png"], ["a/0.png", "a/1.png", "b/0.png"])
    assert [find(name) for name in ("a/0.png", "a/1.png", "b/0.png", "b/2.png")] == [0] + [None] * 3
    assert (find.absent, find.unchosen) == (["b/2.png"], 2)


def test_a_label_of_a_missing_picture_goes_to_no_other(opened, animals, tmp_path):
    (tmp_path / "l.csv").write_text("file,label\ncats/7.png,cat\ncats/1.png,cat\n")
    data = opened(animals, labels=tmp_path / "l.csv")
    assert data.left_out == [("dogs/7.png", "has no line in l.csv, or an empty label there")]
    assert "labels of pictures that are not there: 1 ('cats/7.png')" in data.notes[0]


def test_a_json_of_a_missing_picture_goes_to_no_other(opened, animals, tmp_path):
    for name in ("cats/1", "cats/7"):
        path = tmp_path / "tags" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"red hair": 1}))
    data = opened(animals, labels=tmp_path / "tags")
    assert data.left_out == [("dogs/7.png", "has no .json in tags")]
    assert "labels of pictures that are not there: 1 ('cats/7.json')" in data.notes[0]


def test_a_caption_of_a_missing_picture_goes_to_no_other(opened, animals, tmp_path):
    (tmp_path / "c.csv").write_text("file,caption\ncats/7.png,a cat\ncats/1.png,a cat\n")
    data = opened(animals, captions=tmp_path / "c.csv")
    assert data.left_out == [("dogs/7.png", "has no caption in c.csv")]


def test_json_of_some_of_the_pictures_is_named_as_that_of_all(opened, tmp_path):
    """a/0.png is chosen, and b/0.json is not its, although no other chosen one is called 0.png."""
    for name, tag in (("a/0", "red hair"), ("b/0", "blue hair")):
        save_picture(tmp_path / "two" / f"{name}.png")
        path = tmp_path / "tags" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({tag: 1}))
    data = opened(tmp_path / "two", count=1, labels=tmp_path / "tags")
    assert [ATTRIBUTES[column] for column in data.labels.values.argmax(1)] == ["red hair"]


@pytest.mark.parametrize("how", ["csv", "json", "captions", "texts"])
def test_what_was_not_chosen_is_not_told_as_missing(opened, folder, tmp_path, how):
    names = [f"{number}.png" for number in range(6)]
    (tmp_path / "l.csv").write_text("file,label\n" + "".join(f"{n},x\n" for n in names))
    (tmp_path / "c.csv").write_text("file,caption\n" + "".join(f"{n},x\n" for n in names))
    (tmp_path / "tags").mkdir()
    for number in range(6):
        (tmp_path / "tags" / f"{number}.json").write_text('{"hat": 1}')
        (folder / f"{number}.txt").write_text("x")
    asked = {
        "csv": {"labels": tmp_path / "l.csv"},
        "json": {"labels": tmp_path / "tags"},
        "captions": {"captions": tmp_path / "c.csv"},
        "texts": {"captions": "files"},
    }
    data = opened(folder, count=2, **asked[how])
    assert len(data.images) == 2
    assert not any("not there" in note for note in data.notes)


@pytest.mark.parametrize("column", ["label", "caption"])
def test_a_table_of_others_than_those_chosen_is_told(opened, folder, tmp_path, column):
    (tmp_path / "t.csv").write_text(f"file,{column}\n1.png,x\n")
    option = {"label": "labels", "caption": "captions"}[column]
    with pytest.raises(DataError, match=r"none of the pictures that --count chose.*larger --count"):
        opened(folder, count=1, **{option: tmp_path / "t.csv"})
