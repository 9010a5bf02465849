import errno
import shutil
from pathlib import Path

import numpy as np
import pytest

from console.errors import UserError
from serving.output import (
    NpzWriter,
    check_file,
    check_folder,
    disk_errors,
    whole_file,
    whole_folder,
)


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


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
    with whole_folder(folder) as unfinished:
        (unfinished / "a").write_text("1")
    with pytest.raises(UserError, match="no space left"), whole_folder(folder) as unfinished:
        full((unfinished / "b").write_text("2"))
    assert [each.name for each in tmp_path.iterdir()] == ["onnx"]
    assert (folder / "a").read_text() == "1"
    with whole_folder(folder) as unfinished:
        (unfinished / "b").write_text("2")
    assert [each.name for each in folder.iterdir()] == ["b"]


def test_an_old_folder_is_moved_aside_before_it_is_removed(tmp_path, monkeypatch):
    """A kill while the old one is removed must not leave a part of it under the final name."""
    folder = tmp_path / "onnx"
    with whole_folder(folder) as unfinished:
        (unfinished / "a").write_text("1")
    removed, remove = [], shutil.rmtree
    monkeypatch.setattr(
        "shutil.rmtree", lambda path, **more: (removed.append(path.name), remove(path, **more))
    )
    with whole_folder(folder) as unfinished:
        (unfinished / "b").write_text("2")
    assert "onnx" not in removed
    assert [each.name for each in tmp_path.iterdir()] == ["onnx"]
    replace = Path.replace

    def once(self, target):
        if self.name.startswith(".unfinished"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(UserError, match="cannot write"), whole_folder(folder) as unfinished:
        (unfinished / "c").write_text("3")
    assert [each.name for each in folder.iterdir()] == ["b"]  # put back


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
