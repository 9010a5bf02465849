"""Files are written whole or not at all, and what a killed process left goes away."""

import os
import secrets
import time

import pytest

from foreign import files


def _fail_in(path):
    with files.replaced(path) as unfinished:
        assert unfinished.suffix == path.suffix
        unfinished.write_text("half")
        raise KeyError


def test_a_file_is_whole_or_as_before(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"ä": 1})
    assert path.read_bytes() == '{\n  "ä": 1\n}\n'.encode()
    with pytest.raises(KeyError):
        _fail_in(path)
    assert path.read_bytes().startswith(b"{")
    assert os.listdir(tmp_path) == ["a.json"]
    files.write_text(path, "one\r\ntwo\n")
    assert path.read_bytes() == b"one\r\ntwo\n"


def test_the_disk_is_waited_for_but_not_by_bulk(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    files.write_text(tmp_path / "a.json", "one")
    assert len(waited) == 1
    with files.replaced(tmp_path / "a.png", durable=False) as unfinished:
        unfinished.write_text("two")
    assert len(waited) == 1
    assert (tmp_path / "a.png").read_text() == "two"


@pytest.mark.parametrize("write", [files.write_text, files.write_json])
def test_text_and_json_may_be_shared_too(write, tmp_path, monkeypatch):
    """Only then does the unfinished file have a name of this process alone."""
    monkeypatch.setattr(os, "getpid", lambda: 7)
    monkeypatch.setattr(secrets, "token_hex", lambda count: "ab" * count)
    own = ".unfinished-7-abababab-a.json"
    for shared, name in ((False, ".unfinished-a.json"), (True, own)):
        names = []
        monkeypatch.setattr(os, "fsync", lambda _: names.extend(os.listdir(tmp_path)))  # noqa: B023
        write(tmp_path / "a.json", "x", **({"shared": True} if shared else {}))
        assert name in names
        (tmp_path / "a.json").unlink()


def test_processes_that_share_a_name_write_apart(tmp_path):
    path = tmp_path / "a.npz"
    with files.replaced(path, shared=True) as first:
        # In another container, perhaps, with the same number.
        with files.replaced(path, shared=True) as second:
            assert first != second
            first.write_text("first")
            second.write_text("second")
        assert path.read_text() == "second"
        assert first.exists()
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["a.npz"]


def test_what_a_killed_process_left_goes_away(tmp_path):
    old, young = (tmp_path / f".unfinished-{number}-a.npz" for number in (1, 2))
    other = tmp_path / "1-a.npz"
    for path in (old, young, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, times=(time.time() - 2 * files.ABANDONED_AFTER,) * 2)
    with files.replaced(tmp_path / "a.npz", shared=True) as unfinished:
        unfinished.write_text("whole")
    assert sorted(os.listdir(tmp_path)) == [young.name, other.name, "a.npz"]
    other.unlink()
    (tmp_path / ".unfinished-folder").mkdir()
    files.remove_unfinished(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".unfinished-folder", "a.npz"]
