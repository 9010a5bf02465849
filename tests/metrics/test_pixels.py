"""SWD and MS-SSIM against the progressive GAN authors' code, and by hand.

The numbers named "authors'" come from metrics/sliced_wasserstein.py and metrics/ms_ssim.py of
tkarras/progressive_growing_of_gans at 2504c3f, run with NumPy 2 on the pictures below.
"""

import numpy as np
import pytest

from metrics import pixels, similarity, sliced_wasserstein
from metrics.errors import MetricError
from tests.metrics.golden import inputs


def mixed(height, width):
    """Pictures, and the mean of them and others."""
    first, second = (inputs.pictures(height, width, 6, seed) for seed in (8, 9))
    return first, ((first.astype(int) + second) // 2).astype("uint8")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 64), [0.725413206, 0.597091341, 0.624321487, 0.620023135, 0.359852484, 0.565250372]),
        ((32, 48), [0.436463132, 0.647930768, 0.793853812, 0.636996914, 0.537872850, 0.508690498]),
    ],
)
def test_ms_ssim_is_the_authors(size, expected):
    np.testing.assert_allclose(similarity.ms_ssim(*mixed(*size)), expected, rtol=2e-5)


def test_ms_ssim_of_equal_and_of_opposite_pictures():
    first, _ = mixed(32, 32)
    np.testing.assert_allclose(similarity.ms_ssim(first, first), 1.0, rtol=1e-6)
    assert (similarity.ms_ssim(first, 255 - first) == 0).all()  # negative similarity counts as 0


def test_pairs_are_neighbours():
    first, second = mixed(32, 32)
    together = np.stack([first, second], axis=1).reshape(-1, *first.shape[1:])
    expected = similarity.ms_ssim(first, second)
    np.testing.assert_allclose(similarity.of_pairs(together), expected, rtol=1e-6)
    np.testing.assert_allclose(similarity.of_pairs(together[:-1]), expected[:-1], rtol=1e-6)
    many = np.tile(together[:4], (80, 1, 1, 1))  # more than one batch
    np.testing.assert_allclose(similarity.of_pairs(many), np.tile(expected[:2], 80), rtol=1e-6)


def shifted():
    """Pictures, and others with less contrast and a blur."""
    first, second = (inputs.pictures(64, 64, 80, seed) for seed in (8, 9))
    from scipy import ndimage

    second = np.clip(second.astype(int) * 0.7 + 40, 0, 255).astype("uint8")
    return first, ndimage.uniform_filter(second, (0, 3, 3, 0))


def test_distances_are_the_authors():
    """Their places and directions are random: means and deviations of four of their runs."""
    found = sliced_wasserstein.distances(*shifted())
    assert list(found) == [64, 32, 16]
    for side, mean, deviation in ((64, 49.64, 1.26), (32, 38.45, 0.32), (16, 57.67, 1.36)):
        assert abs(found[side] - mean) < 4 * deviation
    assert np.mean([*found.values()]) == pytest.approx(48.59, abs=1.0)


def test_the_pyramid_is_the_authors():
    first, _ = shifted()
    levels = [*sliced_wasserstein.pyramid(first[:2], 3)]
    for level, side, mean, one in zip(
        levels, (64, 32, 16), (18.69872, 6.412291, 129.37883), (13.625, 0.538208, 56.623032),
        strict=True,
    ):  # fmt: skip
        assert level.shape == (2, side, side, 3)
        assert np.abs(level).mean() == pytest.approx(mean, rel=1e-5)
        assert level[1, 3, 5, 2] == pytest.approx(one, rel=1e-4)


def test_the_distance_of_moved_points_is_how_far_they_moved():
    rng = np.random.default_rng(0)
    points, shift = rng.normal(size=(50, 3)), np.array([1.0, -2.0, 0.5])
    directions = rng.normal(size=(3, 100))
    found = sliced_wasserstein.sliced_wasserstein(points, points[::-1] + shift, directions)
    assert found == pytest.approx(np.abs(shift @ directions).mean(), rel=1e-9)


def test_channels_are_normalised_apart():
    rng = np.random.default_rng(0)
    patches = rng.normal([5, 0, -9], [1, 20, 3], (40, 7, 7, 3)).astype("float32")
    patches[..., 2] = 4.0  # one without any contrast
    found = sliced_wasserstein.normalised(patches).reshape(40, 7, 7, 3)
    np.testing.assert_allclose(found.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=(0, 1, 2)), [1, 1, 0], atol=1e-5)


def test_equal_sets_are_near_and_seeds_change_little():
    first, _ = shifted()
    near = sliced_wasserstein.distances(first[:40], first[40:])
    far = sliced_wasserstein.distances(*shifted())
    assert all(near[side] < far[side] for side in far if side > 16)
    again, other = (sliced_wasserstein.distances(*shifted(), seed=seed) for seed in (0, 1))
    assert again == far
    assert other != far


def test_sizes_that_have_no_scales_are_named():
    assert sliced_wasserstein.sides((64, 96, 3)) == [64, 32, 16]
    assert sliced_wasserstein.sides((24, 31, 3)) == [24]
    for size, message in (
        ((8, 9), "16 px or more, not 9x8"),
        ((70, 70), "70x70 cannot be halved"),
        ((64, 70), "70x64 cannot be halved"),  # 32x35 has one odd side
    ):
        with pytest.raises(MetricError, match=message):
            sliced_wasserstein.sides((*size, 3))
    with pytest.raises(MetricError, match="multiples of 16, not 40x32"):
        similarity.ms_ssim(*[np.zeros((1, 32, 40, 3), "uint8")] * 2)
    with pytest.raises(MetricError, match="two pictures"):
        similarity.of_pairs(np.zeros((1, 32, 32, 3), "uint8"))


def test_both_in_one_table_with_a_floor():
    first, second = shifted()
    halves = first[:20], first[40:60]
    found, notes = pixels.measured(first[:40], second[:30], halves, bootstrap=5)
    assert [*found] == [f"SWDx1e3 {one}" for one in ("64 px", "32 px", "16 px", "mean")] + [
        "MS-SSIM"
    ]
    assert not notes
    levels = [found[f"SWDx1e3 {side} px"] for side in (64, 32, 16)]
    assert found["SWDx1e3 mean"].value == pytest.approx(np.mean([one.value for one in levels]))
    assert found["SWDx1e3 64 px"].floor < found["SWDx1e3 64 px"].value
    alike = found["MS-SSIM"]
    assert alike.low < alike.value < alike.high
    same, _ = pixels.measured(first[:40], first[:40], (first[:40], second[:40]), bootstrap=0)
    assert same["MS-SSIM"].floor != same["MS-SSIM"].value  # of the second side, not of the reals


def test_pairs_are_not_neighbours_of_a_folder():
    """A folder in which each picture follows its own copy is not all alike."""
    pictures = np.repeat(shifted()[0][:20], 2, axis=0)
    assert similarity.of_pairs(pictures).mean() == pytest.approx(1)
    found, _ = pixels.measured(pictures, pictures)
    assert found["MS-SSIM"].value < 0.9


def test_grey_pictures_and_those_of_odd_sides():
    grey = inputs.pictures(24, 24, 8)[..., :1]
    found, notes = pixels.measured(grey[:4], grey[4:])
    assert [*found] == ["SWDx1e3 24 px", "SWDx1e3 mean"]
    assert notes == ["MS-SSIM left out: MS-SSIM needs sides that are multiples of 16, not 24x24."]
    assert found["SWDx1e3 mean"].floor is None


def test_the_most_pictures_are_a_part_of_the_protocol(monkeypatch):
    monkeypatch.setattr(pixels, "MOST", 6)
    assert pixels.protocol(100)["count"] == 6
    first, second = shifted()
    found, _ = pixels.measured(first[:6], second)
    assert found == pixels.measured(first[:6], second[:6])[0]
