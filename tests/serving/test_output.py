import contextlib
import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from console.errors import UserError
from foreign.files import write_json
from serving.output import (
    NpzWriter,
    check_file,
    check_folder,
    disk_errors,
    whole_file,
    whole_folder,
    write_card,
)


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@contextlib.contextmanager
def result(folder, form="onnx"):
    with whole_folder(folder, form) as unfinished:
        yield unfinished
        write_card(unfinished, {"format": form})


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_the_free_space_is_told_in_megabytes(tmp_path, monkeypatch):
    usage = lambda folder: SimpleNamespace(free=12_400_000 if folder == tmp_path else 0)  # noqa: E731
    monkeypatch.setattr(shutil, "disk_usage", usage)
    words = r"film\.gif \(12 MB free there\); choose another --out"
    with pytest.raises(UserError, match=words), disk_errors(tmp_path / "film.gif"):
        full()


def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "film.gif"
    path.write_text("old")
    words = r"no space left writing .*film\.gif \(\d+ MB free there\)"
    with pytest.raises(UserError, match=words), whole_file(path) as unfinished:
        full(unfinished.write_text("half"))
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["film.gif"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "onnx"
    with result(folder) as unfinished:
        (unfinished / "a").write_text("1")
    with pytest.raises(UserError, match="no space left"), result(folder) as unfinished:
        full((unfinished / "b").write_text("2"))
    assert [each.name for each in tmp_path.iterdir()] == ["onnx"]
    assert (folder / "a").read_text() == "1"
    with result(folder) as unfinished:
        (unfinished / "b").write_text("2")
    assert names(folder) == ["b", "model.json"]


def other_format(folder):
    write_card(folder, {"format": "keras"})


def no_list(folder):
    write_json(folder / "model.json", {"format": "onnx"})


def no_card(folder):
    (folder / "model.json").unlink()


def below(folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")


STRANGERS = {
    "a stranger's file": (lambda folder: (folder / "CNAME").write_text("x"), "remove .*CNAME"),
    "below": (below, "would remove .*notes.txt, which is not of the result there"),
    "another format": (other_format, "result of format onnx, and .* holds one of format 'keras'"),
    "no list": (no_list, "holds none .*says nothing of files"),
    "no card": (no_card, "replaces a whole result, and .* holds none .*model.json"),
}


@pytest.mark.parametrize(("change", "words"), STRANGERS.values(), ids=STRANGERS.keys())
def test_only_a_whole_result_is_replaced(tmp_path, change, words):
    folder = tmp_path / "onnx"
    with result(folder) as unfinished:
        (unfinished / "variables").mkdir()
        (unfinished / "variables" / "a").write_text("1")
    check_folder(folder, overwrite=True, form="onnx")
    with result(folder) as unfinished:
        (unfinished / "a").write_text("1")
    change(folder)
    before = sorted(folder.rglob("*"))
    with pytest.raises(UserError, match=words):
        check_folder(folder, overwrite=True, form="onnx")
    with pytest.raises(UserError, match=words), result(folder):
        raise AssertionError
    assert sorted(folder.rglob("*")) == before


def test_a_file_that_comes_while_a_result_is_made_stays(tmp_path):
    folder = tmp_path / "onnx"
    with result(folder):
        pass
    with pytest.raises(UserError, match="would remove"), result(folder):
        (folder / "mine.txt").write_text("mine")
    assert names(folder) == ["mine.txt", "model.json"]
    assert names(tmp_path) == ["onnx"]


def test_an_old_folder_is_moved_aside_before_it_is_removed(tmp_path, monkeypatch):
    """A kill while the old one is removed must not leave a part of it under the final name."""
    folder = tmp_path / "onnx"
    with result(folder) as unfinished:
        (unfinished / "a").write_text("1")
    removed, remove = [], shutil.rmtree
    monkeypatch.setattr(
        "shutil.rmtree", lambda path, **more: (removed.append(path.name), remove(path, **more))
    )
    with result(folder) as unfinished:
        (unfinished / "b").write_text("2")
    assert "onnx" not in removed
    assert [each.name for each in tmp_path.iterdir()] == ["onnx"]
    replace = Path.replace

    def once(self, target):
        if self.name.startswith(".unfinished"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(UserError, match="cannot write"), result(folder) as unfinished:
        (unfinished / "c").write_text("3")
    assert names(folder) == ["b", "model.json"]  # put back


def test_other_disk_errors_are_said_too(tmp_path):
    words = r"cannot write .*: Permission denied"
    with pytest.raises(UserError, match=words), disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_what_exists_is_asked_for(tmp_path):
    path = tmp_path / "a.png"
    check_file(path, overwrite=False)
    path.write_text("")
    with pytest.raises(UserError, match="exists; --overwrite replaces it"):
        check_file(path, overwrite=False)
    check_file(path, overwrite=True)
    with pytest.raises(UserError, match="not empty; --overwrite"):
        check_folder(tmp_path, overwrite=False)
    check_folder(tmp_path, overwrite=True)
    with pytest.raises(UserError, match="is a file; give a folder"):
        check_folder(path, overwrite=True)
    with pytest.raises(UserError, match="is a folder; give a file name"):
        check_file(tmp_path, overwrite=True)
    with pytest.raises(UserError, match="no folder"):
        check_file(tmp_path / "none" / "a.png", overwrite=False)
    with pytest.raises(UserError, match="cannot be written to"):
        check_folder(path / "below", overwrite=False)


def test_npz_a_batch_at_a_time(tmp_path):
    rows = np.arange(60, dtype="uint8").reshape(5, 2, 2, 3)
    writer = NpzWriter(tmp_path / "x.npz", "images", rows.shape, "uint8")
    for part in (rows[:2], rows[2:4], rows[4:]):
        writer.add(part)
    writer.finish(latents=np.ones((5, 3), "float32"), names=np.array(["a", "b"]))
    with np.load(tmp_path / "x.npz", allow_pickle=False) as read:
        np.testing.assert_array_equal(read["images"], rows)
        assert read["latents"].shape == (5, 3)
        assert read["names"].tolist() == ["a", "b"]


def test_npz_refuses_what_does_not_fit(tmp_path):
    writer = NpzWriter(tmp_path / "x.npz", "images", (2, 1), "uint8")
    with pytest.raises(ValueError, match="do not fit"):
        writer.add(np.zeros((3, 1), "uint8"))
    with pytest.raises(ValueError, match="do not fit"):
        writer.add(np.zeros((1, 1), "float32"))
    with pytest.raises(ValueError, match="2 rows are missing"):
        writer.finish()
    writer.abandon()
    with pytest.raises(ValueError, match="closed"):
        writer.add(np.zeros((1, 1), "uint8"))
    other = NpzWriter(tmp_path / "y.npz", "images", (0, 1), "uint8")
    with pytest.raises(ValueError, match="allow_pickle"):  # pickles run code where they are read
        other.finish(names=np.array([object()]))
    other.abandon()
