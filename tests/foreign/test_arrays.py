"""Arrays of `.npz` files: what they hold, and files that are not what they claim to be."""

import io
import zipfile

import numpy as np
import pytest

from foreign.arrays import read_npz
from foreign.records import Unreadable


def test_arrays_as_numpy_writes_them(tmp_path):
    arrays = {
        "a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "äöü"]), "c": np.array(3),
        "d": np.asfortranarray(np.arange(6).reshape(2, 3)), "e": np.zeros((0, 4), "float32"),
    }  # fmt: skip
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        found = read_npz(tmp_path / "a.npz", list(arrays))
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


def npy(array, shape=None):
    """The bytes of an .npy file whose header may claim another shape."""
    file = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array)
    np.lib.format.write_array_header_1_0(file, header | ({"shape": shape} if shape else {}))
    return file.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.zeros(3), (10**12,)), "cannot be read"),
        (npy(np.zeros(3), (-1,)), "cannot be read"),
        (npy(np.array(["a"]).view("u4").astype("u4") + 0x110000).replace(b"<u4", b"<U1"),
         "letters that do not exist"),
        (npy(np.array([None])), "objects, not numbers or texts"),
        (b"no array at all", "cannot be read"),
        (b"", "cannot be read"),
    ],
)  # fmt: skip
def test_members_that_are_not_what_they_claim(content, message, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(Unreadable, match=message):
        read_npz(tmp_path / "a.npz", ["a"])


def test_an_array_that_is_not_there(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(2))
    with pytest.raises(Unreadable, match="holds no array 'b'"):
        read_npz(tmp_path / "a.npz", ["a", "b"])
