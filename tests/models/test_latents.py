import numpy as np
import pytest

from models import latents


def draw(name, truncation=1.0, count=4000):
    rng = np.random.Generator(np.random.Philox(0))
    return latents.sample(name, count, 16, rng, truncation)


def test_truncated_normal_of_the_notes():
    z = draw("truncated_normal")
    assert z.dtype == np.float32
    assert z.shape == (4000, 16)
    assert np.abs(z).max() <= 1
    # 0.5 · the deviation of a normal cut at two deviations.
    assert z.std() == pytest.approx(0.5 * 0.8796, rel=0.01)
    assert abs(z.mean()) < 0.01


def test_other_distributions():
    assert draw("normal").std() == pytest.approx(1, rel=0.01)
    assert draw("uniform").std() == pytest.approx(1 / np.sqrt(3), rel=0.01)
    assert set(np.unique(draw("binomial"))) == {0, 1}
    assert draw("binomial").mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", latents.DISTRIBUTIONS)
def test_truncation_narrows(name):
    full, half = draw(name), draw(name, truncation=0.5)
    assert half.std() < 0.7 * full.std()


def test_truncated_normal_draws_again_rather_than_clips():
    z = np.abs(draw("normal", truncation=0.5))
    assert z.max() <= 1
    assert (z == z.max()).sum() == 1


@pytest.mark.parametrize(("truncation", "deviation"), [(0.5, 0.539560), (0.25, 0.283865)])
def test_truncation_1_of_the_normal_stands_for_two_deviations(truncation, deviation):
    """Cut at 2 · truncation; deviations from `scipy.stats.truncnorm(-cut, cut).std()`."""
    z = draw("normal", truncation)
    assert 0.995 * 2 * truncation < np.abs(z).max() <= 2 * truncation
    assert z.std() == pytest.approx(deviation, rel=0.01)


@pytest.mark.parametrize("truncation", [0, -1, 1.1])
def test_refuses_a_truncation_outside(truncation):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        draw("normal", truncation)


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"'gaussian'.*truncated_normal, normal"):
        draw("gaussian")
