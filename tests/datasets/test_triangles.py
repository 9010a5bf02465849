import numpy as np
import pytest

from datasets import DataError, open_data, triangles


def test_area_equals_the_shoelace_formula():
    for index in range(20):
        (ax, ay), (bx, by), (cx, cy) = triangles.corners(index)
        area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
        drawn = triangles.draw(triangles.corners(index), 64).mean() / 255
        # Pillow also fills the sub-pixels that the outline crosses: half of one on either side.
        assert drawn == pytest.approx(area, abs=0.008)


def test_angles_and_margins():
    drawn = [triangles.corners(index) for index in range(200)]
    assert min(map(triangles.least_angle, drawn)) >= 20
    assert np.min(drawn) >= 0.125
    assert np.max(drawn) <= 0.875


def test_least_angle_by_hand():
    assert triangles.least_angle(np.array([[0, 0], [1, 0], [0, 1]])) == pytest.approx(45)
    assert triangles.least_angle(np.array([[0, 0], [1, 0], [2, 0]])) == pytest.approx(0)
    assert triangles.least_angle(np.zeros((3, 2))) == 0


def test_opens_as_pictures(tmp_path):
    data = open_data("triangles", 32, count=12, cache_dir=tmp_path, workers=1, progress=False)
    assert data.images.shape == (12, 32, 32, 3)
    expected = triangles.draw(triangles.corners(5), 32)
    np.testing.assert_array_equal(data.images[5], np.repeat(expected[..., None], 3, -1))


def test_has_no_labels(tmp_path):
    with pytest.raises(DataError, match="'triangles' has no labels"):
        open_data("triangles", 32, count=4, labels="folders", cache_dir=tmp_path)
