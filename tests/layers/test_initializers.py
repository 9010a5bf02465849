import numpy as np
import pytest
from keras import ops

from layers import PixelShuffle, initializers


def draw(name, shape, seed=0):
    with initializers.seeded(seed):
        return draw_in_scope(name, shape)


def draw_in_scope(name, shape):
    return ops.convert_to_numpy(initializers.get(name)(shape))


def test_truncated_normal_is_cut_at_two_deviations():
    values = draw("truncated_normal", (200, 500))
    assert np.abs(values).max() <= 0.04
    # A normal cut at two deviations keeps 0.8796 of its deviation.
    assert values.std() == pytest.approx(0.02 * 0.8796, rel=0.01)


def test_orthogonal():
    for shape in ((3, 3, 8, 16), (1, 1, 4, 16)):
        matrix = draw("orthogonal", shape).reshape(-1, 16)
        gram = matrix.T @ matrix if matrix.shape[0] >= 16 else matrix @ matrix.T
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)


@pytest.mark.parametrize("shape", [(60, 20), (25, 20), (20, 20)])
def test_orthonormal_is_the_q_of_qr(shape):
    tall = np.random.default_rng(0).standard_normal(shape)
    q, r = np.linalg.qr(tall)
    np.testing.assert_allclose(
        initializers.orthonormal(tall), q * np.sign(np.diag(r)), rtol=0, atol=1e-12
    )


def test_orthonormal_of_dependent_columns():
    tall = np.random.default_rng(0).standard_normal((10, 5))
    tall[:, 4] = 0
    # No Cholesky factor: the columns before the dependent one are still those of the others' QR.
    q = initializers.orthonormal(tall)
    np.testing.assert_allclose(q[:, :4], initializers.orthonormal(tall[:, :4]), atol=1e-12)


def test_blank_draws_nothing():
    with initializers.seeded(0):
        with initializers.blank():
            assert (draw_in_scope("orthogonal", (3, 4)) == 0).all()
        np.testing.assert_array_equal(draw_in_scope("normal", (5,)), draw("normal", (5,)))


def test_he_normal_keeps_the_variance_through_a_relu():
    values = draw("he_normal", (3, 3, 40, 50))
    assert values.std() == pytest.approx(np.sqrt(2 / 360), rel=0.01)
    assert abs(values.mean()) < 0.002


def test_icnr_starts_as_nearest_up_sampling():
    kernel = draw("icnr", (3, 3, 6, 20))
    assert kernel.std() == pytest.approx(np.sqrt(2 / 54), rel=0.1)
    x = np.random.default_rng(0).standard_normal((1, 4, 4, 6)).astype("float32")
    maps = ops.conv(x, kernel, padding="same")
    made = ops.convert_to_numpy(PixelShuffle(2)(maps))
    assert made.shape == (1, 8, 8, 5)
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        np.testing.assert_allclose(made[:, dy::2, dx::2], made[:, ::2, ::2], atol=1e-6)
    assert made.std() > 0.1


def test_glorot_uniform_limit():
    values = draw("glorot_uniform", (3, 3, 20, 30))
    limit = np.sqrt(6 / (9 * 50))
    assert 0.98 * limit < np.abs(values).max() <= limit


def test_unit_vector():
    with initializers.seeded(1):
        assert np.linalg.norm(initializers.UnitVector()((7,))) == pytest.approx(1, abs=1e-6)


def test_seeded_repeats_and_nests():
    assert (draw("normal", (5,)) == draw("normal", (5,))).all()
    assert (draw("normal", (5,)) != draw("normal", (5,), seed=1)).all()
    with initializers.seeded(0):
        first = ops.convert_to_numpy(initializers.Normal()((5,)))
        draw("normal", (5,))
        second = ops.convert_to_numpy(initializers.Normal()((5,)))
    np.testing.assert_array_equal(first, draw("normal", (5,)))
    assert (first != second).all()


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_gain_multiplies_and_is_kept_in_files(name):
    drawn = {}
    for gain in (1.0, 3.0):
        with initializers.seeded(0):
            made = initializers.get(name, gain)
            drawn[gain] = ops.convert_to_numpy(made((3, 3, 4, 5)))
        again = type(made).from_config(made.get_config())
        with initializers.seeded(0):
            np.testing.assert_array_equal(ops.convert_to_numpy(again((3, 3, 4, 5))), drawn[gain])
    np.testing.assert_allclose(drawn[3.0], 3 * drawn[1.0], rtol=1e-6)
    assert type(made).from_config({}).gain == 1.0  # files from before there was a gain


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'he'.*truncated_normal"):
        initializers.get("he")


def test_uniform_by_the_inputs_of_a_number():
    """Within ± gain / √inputs, all over it; a bias by the inputs that it is told."""
    with initializers.seeded(0):
        kernel = ops.convert_to_numpy(initializers.FanInUniform()((3, 3, 4, 500)))
        bias = ops.convert_to_numpy(initializers.FanInUniform(inputs=100, gain=2.0)((4_000,)))
    for numbers, limit in ((kernel, 1 / 6), (bias, 0.2)):
        assert 0.99 * limit < np.abs(numbers).max() <= limit
        assert numbers.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert initializers.FanInUniform(7, 0.5).get_config() == {"inputs": 7, "gain": 0.5}
