"""PSNR and SSIM against scikit-image's, the gradients' distance by hand."""

import numpy as np
import pytest

from metrics import fidelity

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (3, 32, 40, 3)).astype("uint8")
Y = np.clip(X.astype(int) + RNG.integers(-40, 41, X.shape), 0, 255).astype("uint8")


def test_luma_is_that_of_the_standard():
    """BT.601: black 16, white 235, and the primaries by the standard's table, rounded."""
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], "uint8")
    np.testing.assert_array_equal(np.rint(fidelity.luma(colours)), [16, 235, 81, 145, 41])


def test_psnr_and_ssim_are_scikit_images():
    # scikit-image 0.26.0 on Y, 4 px cut: peak_signal_noise_ratio and structural_similarity with
    # gaussian_weights, sigma 1.5, use_sample_covariance False, data_range 255.
    psnr = [25.732238632379712, 25.882013551987214, 25.922456473895604]
    ssim = [0.9546817457853345, 0.9486355470156119, 0.9537874281768125]
    np.testing.assert_allclose(fidelity.psnr(Y, X), psnr, rtol=1e-12)
    np.testing.assert_allclose(fidelity.ssim(Y, X), ssim, rtol=1e-12)


def test_equal_pictures():
    assert np.isinf(fidelity.psnr(X, X)).all()
    np.testing.assert_allclose(fidelity.ssim(X, X), 1.0)
    assert fidelity.gradient_distance(X, X[::-1]) == 0


def test_the_border_is_left_out():
    other = X.copy()
    other[:, :4], other[:, -4:], other[:, :, :4], other[:, :, -4:] = 0, 0, 0, 0
    assert np.isinf(fidelity.psnr(other, X, 4)).all()
    assert np.isfinite(fidelity.psnr(other, X, 3)).all()


def test_gradients_by_hand():
    """Steps of white on black every 4 pixels against the same blurred to ramps of 4 pixels.

    Of the steps a quarter of the columns has |∇Y| 219, the others 0; of the ramps all have 54.75:
    the quantiles differ by 54.75 on three quarters and by 219 - 54.75 on one. Whole levels.
    """
    columns = np.arange(41)
    steps = np.where(columns % 8 < 4, 0, 255)
    ramps = np.abs((columns % 8) - 4) * 255 / 4
    pictures = [np.tile(each[None, None, :, None], (1, 9, 1, 3)).astype("uint8")
                for each in (steps, np.rint(ramps))]  # fmt: skip
    expected = 0.75 * 54.75 + 0.25 * (219 - 54.75)
    assert fidelity.gradient_distance(*pictures) == pytest.approx(expected, abs=1.0)
