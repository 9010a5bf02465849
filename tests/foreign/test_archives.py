"""Archives and weights that claim too much are refused before they are read."""

import io
import random
import zipfile

import h5py
import numpy as np
import pytest

from foreign import archives, bounds
from foreign.records import Unreadable


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def read_all(path):
    with archives.opened(path) as opened:
        return [opened.read(name) for name in opened.names]


def refused(path, words):
    with pytest.raises(Unreadable, match=words):
        read_all(path)


def test_a_good_one(tmp_path):
    path = archive(tmp_path / "a.zip", [("a", b"12"), ("b", b"3")])
    with archives.opened(path) as opened:
        assert opened.read("a", 2) == b"12"
        with pytest.raises(Unreadable, match=r"a.zip holds a of 2 bytes, and 1 are the most"):
            opened.read("a", 1)


def test_a_bomb(tmp_path):
    path = archive(tmp_path / "a.zip", [("a", bytes(20_000_000))], zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 30_000
    refused(path, "claims to hold 20,000,000; it is not what it seems")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_of_one_name(tmp_path):
    refused(archive(tmp_path / "a.zip", [("a", b"1"), ("a", b"2")]), "two files of one name")


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MEMBERS", 2)
    refused(archive(tmp_path / "a.zip", [(name, b"") for name in "abc"]), "holds 3 files")


def test_an_encrypted_one(tmp_path):
    path = archive(tmp_path / "a.zip", [("a", b"123")])
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag of the member
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the index
    path.write_bytes(content)
    refused(path, "is encrypted")


def test_damage_in_a_member(tmp_path):
    path = archive(tmp_path / "a.zip", [("a", b"123456789")])
    path.write_bytes(path.read_bytes().replace(b"123456789", b"123456780"))
    refused(path, "is not a complete archive: Bad CRC")
    path.write_bytes(path.read_bytes()[:30])
    refused(path, "is not a complete archive")


def test_changed_bytes_raise_nothing_else(tmp_path):
    path = archive(tmp_path / "a.zip", [("ä" * 5, b"12345"), ("b", b"3")])
    whole, rng = path.read_bytes(), random.Random(2)
    refusals = 0
    for _ in range(2000):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 2, 5))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            read_all(path)
        except Unreadable:
            refusals += 1
    assert 500 < refusals < 2000


def weights(fill):
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        fill(made)
    return file


def test_weights(tmp_path):
    good = weights(lambda made: made.create_dataset("layers/a/vars/0", data=np.ones(9, "f4")))
    archives.check_weights(good, "w.h5", len(good.getvalue()))
    path = tmp_path / "w.h5"
    path.write_bytes(good.getvalue())
    archives.check_weights(path, "w.h5", path.stat().st_size)
    path.write_bytes(good.getvalue()[:700])
    with pytest.raises(Unreadable, match=r"w.h5 cannot be read: "):
        archives.check_weights(path, "w.h5", 700)


def test_weights_that_claim_more_than_they_hold():
    """A dataset that was never written takes no room, and gigabytes once it is read."""
    huge = weights(lambda made: made.create_dataset("a", (10**6, 10**6), "f4", chunks=(8, 8)))
    size = len(huge.getvalue())
    with pytest.raises(Unreadable, match=r"claims to hold 4,000,000,000,000"):
        archives.check_weights(huge, "w.h5", size)


def test_weights_in_another_file(tmp_path):
    def fill(made):
        made.create_dataset("a", (4,), "f4", external=[("/etc/passwd", 0, 16)])

    with pytest.raises(Unreadable, match=r"w.h5 takes a from another file"):
        archives.check_weights(weights(fill), "w.h5", 10_000)
