"""Errors of the machine at one moment: no picture is missing for good."""

import errno
import os

import pytest
from PIL import Image

from datasets import DataError, decode, open_domains
from datasets.errors import PassingError, PictureError

NUMBERS = (errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
PASSING = [OSError(each, os.strerror(each)) for each in NUMBERS]


def fails(monkeypatch, error, name="3.png"):
    """Opening the picture of that name raises `error`, once, as a passing error does."""
    real, left = Image.open, [error]

    def opened(path, **how):
        if os.path.basename(path) == name and left:
            raise left.pop()
        return real(path, **how)

    monkeypatch.setattr(Image, "open", opened)


@pytest.mark.parametrize("error", [*PASSING, MemoryError()], ids=str)
def test_a_passing_error_ends_the_build_and_the_next_is_whole(
    opened, folder, tmp_path, monkeypatch, error
):
    fails(monkeypatch, error)
    words = r"Cannot read '.*3\.png' now: .*\. Nothing was kept\."
    with pytest.raises(DataError, match=words) as told:
        opened(folder)
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "cache").iterdir())
    data = opened(folder)
    assert (len(data.images), data.left_out) == (6, [])


def test_an_error_of_the_file_is_left_out_as_ever(opened, folder, monkeypatch):
    fails(monkeypatch, OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert opened(folder).left_out == [("3.png", "Permission denied")]


def test_a_passing_error_is_an_error_of_a_picture_too(folder, monkeypatch):
    fails(monkeypatch, PASSING[0])
    with pytest.raises(PictureError) as told:
        decode.read(folder / "3.png", 8)
    assert isinstance(told.value, PassingError)
    assert told.value.path == str(folder / "3.png")


def test_pairs_wait_too(folder, tmp_path, monkeypatch):
    fails(monkeypatch, PASSING[0])
    (tmp_path / "copy").mkdir()
    for path in folder.iterdir():
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="now: Input/output error"):
        open_domains(folder, ("a", "b"), 8, spec_b=tmp_path / "copy", paired=True,
                     cache_dir=tmp_path / "cache", progress=False)  # fmt: skip
