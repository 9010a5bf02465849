"""Tables of numbers: which lines are rows, and columns without the rows in memory."""

import tracemalloc

import numpy as np

from runs.rows import columns, plottable, read_rows, sound_rows

TEXT = "step,loss\n1,0.5\nx,y\n3,nan\n\n4,-inf\n5"


def test_lines_that_are_no_rows_are_counted_and_a_last_one_cut_off_is_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    rows, damaged = sound_rows(path)
    assert [row["step"] for row in rows] == [1, 3, 4]
    assert damaged == 1
    assert sound_rows(path, ("step", "distance")) == ([], 6)
    assert sound_rows(tmp_path / "none.csv") == ([], 0)


def test_columns_are_the_rows_turned(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    found, rows = columns(path), read_rows(path)
    assert list(found) == ["step", "loss"]
    for name, values in found.items():
        np.testing.assert_array_equal(values, [row[name] for row in rows])
    path.write_text("step,loss\n")
    assert columns(path) == {}


def test_columns_take_little_memory(tmp_path):
    """Less than four times the file, where the rows take more than eight times."""
    path = tmp_path / "long.csv"
    lines = "".join(f"{step},0.1234567,0.7654321,0.5\n" for step in range(50_000))
    path.write_text("step,a,b,c\n" + lines)
    peaks = []
    for read in (columns, read_rows):
        tracemalloc.start()
        kept = read(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(kept if isinstance(kept, list) else kept["step"]) == 50_000
    size = path.stat().st_size
    assert peaks[0] < 4 * size
    assert peaks[1] > 8 * size


def test_numbers_beyond_every_axis_are_set_to_its_ends():
    values = np.array([-2.0, 3.0, 1e300, -np.inf])
    np.testing.assert_array_equal(plottable(values), [-2.0, 3.0, 1e30, -1e30])
