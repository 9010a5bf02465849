import json

import numpy as np
import pytest

from datasets import ATTRIBUTES, GROUPS, DataError, labels
from tests.datasets.conftest import first_values, save_picture


def csv(folder, text):
    path = folder.parent / "labels.csv"
    path.write_text(text, "utf-8")
    return path


def json_folder(folder, values):
    path = folder.parent / "tags"
    path.mkdir()
    for name, tags in values.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(tags if isinstance(tags, str) else json.dumps(tags))
    return path


# === Sub-folders ===


def test_folders_as_classes(opened, tmp_path):
    for i, name in enumerate(["cat/1.png", "dog/deep/1.png", "cat/2.png", "bird/1.png"]):
        save_picture(tmp_path / "d" / name, (i, 0, 0))
    save_picture(tmp_path / "d" / "loose.png")
    data = opened(tmp_path / "d", labels="folders")
    assert (data.labels.kind, data.labels.names) == ("classes", ("bird", "cat", "dog"))
    assert data.labels.values.dtype == np.int32
    by_picture = dict(zip(first_values(data.images), data.labels.values.tolist(), strict=True))
    assert by_picture == {0: 1, 1: 2, 2: 1, 3: 0}
    assert data.left_out == [("loose.png", "lies in no sub-folder, so it has no class")]


def test_numbered_folders_are_in_numerical_order(opened, tmp_path):
    for name in ("10", "9", "2"):
        save_picture(tmp_path / "d" / name / "1.png")
    assert opened(tmp_path / "d", labels="folders").labels.names == ("2", "9", "10")


def test_folders_without_sub_folders(opened, folder):
    with pytest.raises(DataError, match="one sub-folder per class"):
        opened(folder, labels="folders")


def test_a_single_class_is_said(opened, tmp_path):
    save_picture(tmp_path / "d" / "only" / "1.png")
    assert opened(tmp_path / "d", labels="folders").notes == ["There is only one class: 'only'."]


# === CSV ===


def test_csv_of_ages_and_a_second_label(opened, folder):
    text = "file,age,sex\n0.png,10-19,m\n1.png,0-9,f\n2.png,10-19,\n4.png,30+,f\n5.png, 0-9 ,m\n"
    data = opened(folder, labels=csv(folder, text))
    assert data.labels.kind == "attributes"
    assert data.labels.names == ("age 0-9", "age 10-19", "age 30+", "f", "m")
    assert data.labels.groups == {"age": ("age 0-9", "age 10-19", "age 30+"), "sex": ("f", "m")}
    assert first_values(data.images) == [0, 1, 4, 5]
    expected = [[0, 1, 0, 0, 1], [1, 0, 0, 1, 0], [0, 0, 1, 1, 0], [1, 0, 0, 0, 1]]
    np.testing.assert_array_equal(data.labels.values, np.array(expected, "float32"))
    why = "has no line in labels.csv, or an empty label there"
    assert data.left_out == [("2.png", why), ("3.png", why)]


def test_csv_of_ages_alone_in_words(opened, folder):
    text = "file,Age\n0.png,old\n1.png,young\n2.png,old\n3.png,old\n4.png,old\n5.png,old\n"
    labels = opened(folder, labels=csv(folder, text)).labels
    assert (labels.names, labels.groups) == (("old", "young"), {"age": ("old", "young")})
    assert labels.values[:, 1].tolist() == [0, 1, 0, 0, 0, 0]


def test_values_of_two_columns_are_told_apart(opened, folder):
    text = "file,age,glasses\n0.png,2,no\n1.png,10,yes\n2.png,2,2\n3.png,x,no\n"
    labels = opened(folder, labels=csv(folder, text)).labels
    assert labels.groups == {
        "age": ("age 10", "age 2", "age x"), "glasses": ("glasses 2", "glasses no", "glasses yes"),
    }  # fmt: skip
    np.testing.assert_array_equal(
        labels.values.argmax(axis=1), [labels.names.index(n) for n in ("age 2", "age 10")] + [1, 2]
    )


def test_csv_of_ages_without_any_age(opened, folder):
    with pytest.raises(DataError, match="labels none of the pictures"):
        opened(folder, labels=csv(folder, "file,age\n0.png,\n1.png, \n"))


def test_csv_of_classes(opened, folder):
    text = "file,label\n3.png,red\n0.png,blue\n./1.png,red\n4.png,\nx/gone.png,red\n3.png,blue\n"
    data = opened(folder, labels=csv(folder, text))
    assert data.labels.names == ("blue", "red")
    assert first_values(data.images) == [0, 1, 3]
    assert data.labels.values.tolist() == [0, 1, 1]
    why = "has no line in labels.csv, or an empty label there"
    assert data.left_out == [("2.png", why), ("4.png", why), ("5.png", why)]
    assert data.notes == [
        "labels.csv: labels of pictures that are not there: 1 ('x/gone.png').",
        "labels.csv: pictures named twice (the first line counts): 1.",
    ]


def test_some_of_the_pictures_are_named_as_all_of_them_are(opened, tmp_path):
    """a/0.png is chosen, and the line of b/0.png is not its, although no other is called 0.png."""
    for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png"):
        save_picture(tmp_path / "two" / name, (len(name), 0, 0))
    text = "file,label\nb/0.png,wrong\na/0.png,right\na/1.png,right\nb/1.png,wrong\n"
    data = opened(tmp_path / "two", count=1, labels=csv(tmp_path, text))
    assert data.labels.names == ("right",)


def test_csv_of_attributes(opened, folder):
    text = (
        "\ufefffile,red hair,blue hair,smile\n0.png,1,0,1\n1.png,0.2,0.1,0.2\n2.png,0.3,0.6,.26\n"
    )
    data = opened(folder, labels=csv(folder, text))
    known = data.labels
    assert (known.kind, known.names) == ("attributes", ("red hair", "blue hair", "smile"))
    assert known.groups == {"hair colour": ("red hair", "blue hair")}
    assert known.values.dtype == np.float32
    np.testing.assert_array_equal(known.values, [[1, 0, 1], [1, 0, 0], [0, 1, 1]])
    assert len(data.left_out) == 3


def test_csv_conflicts_within_a_group_are_counted(opened, folder):
    text = "file,red hair,blue hair\n0.png,1,1\n1.png,0,0\n2.png,0,1\n"
    data = opened(folder, labels=csv(folder, text))
    np.testing.assert_array_equal(data.labels.values, [[1, 0], [0, 0], [0, 1]])
    assert data.notes == [
        "labels.csv: pictures with several of hair colour (the first counts): 1.",
        "labels.csv: pictures with no hair colour: 1.",
    ]


def test_csv_in_sub_folders(opened, tmp_path):
    for i, name in enumerate(["a/1.png", "b/1.png", "b/2.png"]):
        save_picture(tmp_path / "d" / name, (i, 0, 0))
    text = "path,class\nb\\1.png,x\n2.png,y\n1.png,z\n"  # 1.png alone could be either
    data = opened(tmp_path / "d", labels=csv(tmp_path / "d", text))
    assert first_values(data.images) == [1, 2]
    assert "'1.png'" in data.notes[0]


def test_labels_stay_with_their_pictures_past_bad_files(opened, folder):
    (folder / "1.png").write_bytes(b"")
    text = "file,label\n0.png,a\n1.png,b\n2.png,c\n3.png,d\n"
    data = opened(folder, labels=csv(folder, text))
    assert first_values(data.images) == [0, 2, 3]
    assert [data.labels.names[i] for i in data.labels.values] == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must start with a header"),
        ("0.png,red\n", "its first line is '0.png,red'"),
        ("file\n0.png\n", "must start with a header"),
        ("file,smile\n0.png,yes\n", "line 2: 'smile' is 'yes', not a number.*call the one column"),
        ("file,a\n0.png,nan\n", "'a' is 'nan', not a number"),
        ("file,a,a\n0.png,1,1\n", "two columns named 'a'"),
        ("file,smile,\n0.png,1,\n", "a column without a name: 'file,smile,'"),
        ("file,a\ntest/0.png,1\n0.png,0\n", "'test/0.png' and '0.png' both name one picture"),
        ("file,a\ntrain/0.png,1\ntest/0.png,0\n", "'train/0.png' and 'test/0.png' both name"),
        ("file,a,b\n0.png,1\n", "line 2: 2 values, the header has 3"),
        (
            "file,label\nx.png,a\ny.png,b\n",
            "labels none of the pictures; it names 'x.png', 'y.png'",
        ),
    ],
)
def test_bad_csv_files(opened, folder, text, message):
    with pytest.raises(DataError, match=message) as error:
        opened(folder, labels=csv(folder, text))
    assert "\n" not in str(error.value)


def test_a_csv_that_is_no_text(opened, folder):
    with pytest.raises(DataError, match=r"The label file .*0.png cannot be read: it is not UTF-8"):
        opened(folder, labels=folder / "0.png")


# === One JSON per picture ===


def test_json_per_picture(opened, folder):
    tags = json_folder(folder, {
        "0.json": {name: int(name in ("green hair", "blue eyes", "smile")) for name in ATTRIBUTES},
        "2.json": {"red hair": 0.9, "blonde hair": 0.5, "hat": 0.3, "blush": 0.2, "cat ears": 1},
        "77.json": {"red hair": 1},
    })  # fmt: skip
    data = opened(folder, labels=tags)
    assert (data.labels.names, data.labels.groups) == (ATTRIBUTES, GROUPS)
    on = [{name for name, value in zip(ATTRIBUTES, row, strict=True) if value}
          for row in data.labels.values]  # fmt: skip
    assert on == [{"green hair", "blue eyes", "smile"}, {"red hair", "hat"}]
    assert first_values(data.images) == [0, 2]
    assert data.left_out[0] == ("1.png", "has no .json in tags")
    assert data.notes == [
        "tags: labels of pictures that are not there: 1 ('77.json').",
        "tags: unknown attributes are ignored: 'cat ears' (1).",
        "tags: pictures with no eye colour: 1.",
    ]


def test_json_beside_the_pictures(opened, tmp_path):
    for name in ("a/1", "b/1"):
        save_picture(tmp_path / "d" / f"{name}.png")
        tags = {"red hair": 1} if name == "a/1" else {"blue hair": 1}
        (tmp_path / "d" / f"{name}.json").write_text(json.dumps(tags))
    values = opened(tmp_path / "d", labels=tmp_path / "d").labels.values
    assert [ATTRIBUTES[i] for i in values.argmax(1)] == ["red hair", "blue hair"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "No .json file"),
        ({"0.json": {"cat ears": 1}}, "None of the 34 known .*found 'cat ears'.*blonde hair"),
        ({"0.json": "{"}, "The label file .*0.json cannot be read: it is not JSON"),
        ({"0.json": "[1]"}, "it must be an object"),
        ({"0.json": {"red hair": "yes"}}, "red hair must be a number, not 'yes'"),
        ({"0.json": '{"red hair": NaN}'}, "nan, not a finite number"),
        ({"x.json": {"red hair": 1}}, "labels none of the pictures"),
    ],
)
def test_bad_json_folders(opened, folder, files, message):
    with pytest.raises(DataError, match=message) as error:
        opened(folder, labels=json_folder(folder, files))
    assert "\n" not in str(error.value)


# === Choosing ===


def test_unknown_labels(opened, folder):
    with pytest.raises(DataError, match=r"'folder' is neither a CSV file, .*'folders' or 'none'"):
        opened(folder, labels="folder")
    with pytest.raises(DataError, match="'faces' brings its own labels; --labels folders"):
        opened("faces", labels="folders")


def test_none_means_none(opened, folder):
    assert opened(folder, labels="none").labels is None
    assert opened("faces", labels="none", count=2).labels is None


def test_thresholds_are_those_of_the_notes():
    names = ("red hair", "blue hair", "smile", "hat")
    groups = {"hair colour": names[:2]}
    scores = np.array([[0.1, 0.2, 0.25, 0.26]], np.float32)
    np.testing.assert_array_equal(labels.threshold(scores, names, groups), [[0, 1, 0, 1]])


# === Odd files ===


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ({"--5", "3"}, ("--5", "3")),
        ({"9" * 5000, "3"}, ("3", "9" * 5000)),
        ({"10", "-2", "3"}, ("-2", "3", "10")),
        ({"007", "7", "10"}, ("007", "7", "10")),
        ({"²", "1"}, ("1", "²")),
        ({"-", "1"}, ("-", "1")),
    ],
)
def test_classes_with_odd_names(names, order):
    assert labels.class_names(names) == order


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"hat": ' + "9" * 400 + "}", "a number of 400 digits"),
        ('{"hat": 1e300}', "'hat' is 1e.300, not a finite number"),
        ('{"hat": null}', "hat must be a number, not None"),
        ("", "it is empty"),
        ('{"hat": "' + "x" * 5_000_000 + '"}', "4,000,000 are the most"),
    ],
)
def test_odd_json_is_one_line(opened, folder, text, message):
    with pytest.raises(DataError, match=message) as error:
        opened(folder, labels=json_folder(folder, {"0.json": text}))
    assert len(str(error.value)) < 300


def test_links_that_lead_nowhere(opened, folder):
    tags = json_folder(folder, {"0.json": {"hat": 1}})
    (tags / "elsewhere.json").symlink_to("nowhere")  # of no picture
    assert len(opened(folder, labels=tags).images) == 1
    (tags / "1.json").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"1.json cannot be read: No such file"):
        opened(folder, labels=tags)
    (folder / "l.csv").symlink_to("nowhere")
    with pytest.raises(DataError, match="neither a CSV file"):
        opened(folder, labels=folder / "l.csv")


def test_a_score_of_400_digits(opened, folder):
    with pytest.raises(DataError, match=r"line 2: 'hat' is '9{40}'…, not a number"):
        opened(folder, labels=csv(folder, f"file,hat\n0.png,{'9' * 400}\n"))
