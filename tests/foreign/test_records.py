"""Small files of any content: what they hold, or one line that names them."""

import json
import os

import pytest

from foreign import bounds, records
from foreign.records import Every, Unreadable

DAMAGED = {
    "empty": (b"", "it is empty"),
    "spaces": (b" \n", "it is empty"),
    "no text": (b"\xff\xfe{", "it is not UTF-8"),
    "cut": (b'{"a": ', r"it is not JSON \(.*, line 1\)"),
    "text": (b"hello", "it is not JSON"),
    "nested": (b"[" * 100_000, "it is nested too deeply"),
    "nested objects": (b'{"a":' * 100_000, "it is nested too deeply"),
    "400 digits": (b'{"a": ' + b"9" * 400 + b"}", "it holds a number of 400 digits"),
    "5000 digits": (b'{"a": ' + b"9" * 5000 + b"}", "it holds a number of 5,000 digits"),
    "large": (b'"' + b"a" * 200 + b'"', "it has 202 bytes, and 150 are the most"),
}


@pytest.mark.parametrize(("content", "reason"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_json_is_one_line(tmp_path, content, reason):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    most = 150 if "202" in reason else bounds.RECORD
    with pytest.raises(Unreadable, match=f"run.json cannot be read: {reason}") as raised:
        records.read_json(path, most)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_what_is_no_ordinary_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    for name, reason in {"folder": "not a file", "link": "No such file", "pipe": "not a file",
                         "gone": "No such file"}.items():  # fmt: skip
        with pytest.raises(Unreadable, match=f"{name} cannot be read: .*{reason}"):
            records.read_json(tmp_path / name)


def test_json_comes_back(tmp_path):
    value = {"a": [1, -2.5, None, True], "b": "é"}
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(value).encode())
    assert records.read_json(tmp_path / "a.json") == value


FORM = {"step": int, "share": float, "name": (str, None), "on": bool, "rows": [{"at": [int]}],
        "groups": Every([str]), "any": object}  # fmt: skip
FITTING = [
    {}, {"other": 1}, {"step": 3}, {"share": 1}, {"share": 0.5}, {"name": None}, {"name": "a"},
    {"on": True}, {"rows": []}, {"rows": [{"at": [1]}, {}]}, {"groups": {"x": ["y"]}},
    {"any": [{}]},
]  # fmt: skip
MISFITS = [
    (5, "it must be an object, not 5"),
    ({"step": "3"}, "step must be a whole number, not '3'"),
    ({"step": True}, "step must be a whole number, not True"),
    ({"step": 1.5}, "step must be a whole number, not 1.5"),
    ({"share": None}, "share must be a number, not None"),
    ({"share": False}, "share must be a number, not False"),
    ({"name": 3}, "name must be a text, not 3"),
    ({"on": 1}, "on must be true or false, not 1"),
    ({"rows": {}}, "rows must be a list, not {}"),
    ({"rows": [{"at": ["x"]}]}, "at must be a whole number, not 'x'"),
    ({"groups": {"x": "y"}}, "groups.x must be a list, not 'y'"),
    ({"name": ["a" * 1000]}, "name must be a text, not ['aaa"),
]


@pytest.mark.parametrize("value", FITTING)
def test_values_of_the_form(value):
    assert records.misfit(value, FORM) is None


@pytest.mark.parametrize(("value", "words"), MISFITS)
def test_values_of_another_form(value, words):
    found = records.misfit(value, FORM)
    assert words in found
    assert len(found) < 100


def test_members_that_are_needed(tmp_path):
    (tmp_path / "a.json").write_text('{"step": 1}')
    assert records.read_object(tmp_path / "a.json", FORM, needed=("step",)) == {"step": 1}
    with pytest.raises(Unreadable, match=r"a.json cannot be used: it says nothing of share"):
        records.read_object(tmp_path / "a.json", FORM, needed=("step", "share"))


def test_tables(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbffile,label\n\na,"1\n2"\nb,3\n')
    assert records.read_table(path) == [(1, ["file", "label"]), (4, ["a", "1\n2"]), (5, ["b", "3"])]
    path.write_bytes(b"file,label\na,\xff\n")
    with pytest.raises(Unreadable, match=r"a.csv cannot be read: it is not UTF-8"):
        records.read_table(path)
    assert records.read_table(path, errors="replace")[1][1][0] == "a"
    path.write_text("a," + "x" * 200_000)
    with pytest.raises(Unreadable, match=r"a.csv cannot be read: field larger"):
        records.read_table(path)
