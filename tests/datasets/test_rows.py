"""Rows read what is asked for, and no more."""

import numpy as np
import pytest

from datasets.rows import Rows


@pytest.fixture
def array(tmp_path):
    """Ten 2 × 2 pictures on disk; every value is its own place in the file."""
    np.save(tmp_path / "a.npy", np.arange(10 * 12, dtype=np.uint8).reshape(10, 2, 2, 3))
    return np.load(tmp_path / "a.npy", mmap_mode="r")


CHOSEN = [7, 2, 2, 9]


def test_they_look_like_an_array(array):
    rows = Rows(array, CHOSEN)
    assert (rows.shape, rows.ndim, rows.dtype, len(rows)) == ((4, 2, 2, 3), 4, np.uint8, 4)
    assert rows.nbytes == 48
    np.testing.assert_array_equal(rows.rows, CHOSEN)


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        (0, 7),
        (-1, 9),
        (slice(1, 3), [2, 2]),
        (slice(None, None, -2), [9, 2]),
        (np.array([3, 0]), [9, 7]),
        ([1], [2]),
        (np.array([True, False, False, True]), [7, 9]),
        (np.zeros(0, int), []),
    ],
)
def test_every_index_gives_the_pictures_of_those_rows(array, key, numbers):
    picture = np.arange(12).reshape(2, 2, 3)
    expected = np.array([picture + 12 * n for n in np.atleast_1d(numbers).astype(int)])
    got = np.asarray(Rows(array, CHOSEN)[key])
    np.testing.assert_array_equal(got, expected.reshape(got.shape))
    assert got.shape == (*np.shape(numbers), 2, 2, 3)


def test_one_value_of_each_picture(array):
    assert Rows(array, CHOSEN)[:, 0, 1, 2].tolist() == [12 * n + 5 for n in CHOSEN]
    assert Rows(array, CHOSEN)[2, 0].tolist() == array[2, 0].tolist()
    assert Rows(array, CHOSEN)[1:3, :, 0].shape == (2, 2, 3)


def test_take_and_asarray(array):
    rows = Rows(array, CHOSEN)
    np.testing.assert_array_equal(np.take(rows, [3, 0], axis=0), array[[9, 7]])
    np.testing.assert_array_equal(np.asarray(rows), array[CHOSEN])
    assert np.asarray(rows, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="along axis 0, not 1"):
        np.take(rows, [0], axis=1)
    with pytest.raises(IndexError):
        rows[4]
    with pytest.raises(IndexError):
        np.take(rows, [4], axis=0)


def test_nothing_is_copied_and_nothing_can_be_written(array):
    rows = Rows(array, CHOSEN)
    assert np.shares_memory(rows.array, array)
    with pytest.raises(TypeError):
        rows[0] = 0
    taken = np.take(rows, [0], axis=0)
    taken[:] = 0  # a batch is the caller's own
    assert array[7].sum() > 0


def test_rows_of_rows_are_rows_of_the_array(array):
    rows = Rows(Rows(array, CHOSEN), [3, 0])
    assert np.shares_memory(rows.array, array)
    np.testing.assert_array_equal(np.asarray(rows), array[[9, 7]])


def test_only_the_rows_asked_for_are_read(tmp_path):
    """Ten terabytes by their shape: reading more than a few rows would fail at once."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(10**13)
    huge = np.memmap(path, np.uint8, "r", shape=(10**7, 10**6))
    rows = Rows(huge, np.arange(5, 10**7, 2))
    assert np.take(rows, [0, 10**6], axis=0).shape == (2, 10**6)
    assert rows[10:12].sum() == 0
