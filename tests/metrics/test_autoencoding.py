"""Measures of codes against scipy and by hand; principal components against NumPy's SVD."""

import numpy as np
import pytest
from scipy import stats

from metrics import autoencoding, pca
from metrics.errors import MetricError


@pytest.mark.parametrize(
    ("mean", "sigma"), [(100.3, 4.0), (-20.0, 15.0), (254.9, 0.3), (0.0, 60.0)]
)
def test_the_probabilities_of_all_levels_add_up_to_one(mean, sigma):
    levels = np.arange(256, dtype=np.uint8)[:, None]
    nats = autoencoding.grey_level_nats(levels, np.full((256, 1), mean), sigma)
    assert np.exp(-nats).sum() == pytest.approx(1, abs=1e-9)


def test_a_level_has_the_mass_within_half_a_level():
    pictures = np.array([[10, 200], [0, 255]], np.uint8)
    means, sigma = np.array([[12.0, 190.0], [3.0, 250.0]]), 5.0
    cdf = lambda x, m: stats.norm.cdf(x, m, sigma)  # noqa: E731
    first = (cdf(10.5, 12) - cdf(9.5, 12)) * (cdf(200.5, 190) - cdf(199.5, 190))
    second = cdf(0.5, 3) * (1 - cdf(254.5, 250))
    found = autoencoding.grey_level_nats(pictures, means, sigma)
    np.testing.assert_allclose(found, -np.log([first, second]), rtol=1e-6)


def test_far_levels_are_finite_and_follow_the_density():
    """Forty deviations away the mass underflows; its logarithm does not."""
    (nats,) = autoencoding.grey_level_nats(np.array([[200]], np.uint8), np.array([[0.0]]), 5.0)
    near = -stats.norm.logpdf(199.5, 0, 5.0)
    assert near < nats < near + 5


def test_bits_per_dimension():
    assert autoencoding.bits_per_dimension(np.log([2.0, 8.0]), 4) == pytest.approx(0.5)


def test_the_divergence_of_a_code():
    expected = np.log(1 / 0.5) + (0.5**2 + 2.0**2) / 2 - 0.5  # the textbook's, of one number
    found = autoencoding.divergence([[2.0, 0.0]], [[2 * np.log(0.5), 0.0]])
    np.testing.assert_allclose(found, [expected])


def test_units_are_active_above_a_variance_of_a_hundredth():
    rng = np.random.default_rng(0)
    means = rng.standard_normal((5000, 4)) * np.sqrt([0.009, 0.011, 1.0, 0.0]) + 3
    assert autoencoding.active_units(means) == 2


def test_the_mean_square_is_of_numbers_from_0_to_1():
    pictures = np.zeros((300, 2, 2, 3), np.uint8)
    others = np.full((300, 2, 2, 3), 51.0)
    others[256:] = 0
    assert autoencoding.mean_square(pictures, others) == pytest.approx(0.04 * 256 / 300)


def test_principal_components_are_those_of_the_svd():
    rng = np.random.default_rng(0)
    pictures = (rng.random((30, 4, 4, 3)) * np.linspace(1, 200, 48).reshape(4, 4, 3)).astype("u1")
    found = pca.fit(pictures, 5)
    rows = pictures.reshape(30, -1).astype(float)
    centred = rows - rows.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs((found.components * axes[:5]).sum(axis=1)), 1, atol=1e-4)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(5), atol=1e-4)
    left = found.decode(found.encode(pictures)).reshape(30, -1) - rows
    assert (left**2).sum() == pytest.approx((values[5:] ** 2).sum(), rel=1e-3)


def test_more_components_than_pictures_are_refused():
    with pytest.raises(MetricError, match="30 principal components need more than 30 pictures"):
        pca.fit(np.zeros((30, 4, 4, 3), np.uint8), 30)
