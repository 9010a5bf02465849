"""Measures on shared features against pytorch-fid, torch-fidelity, prdc and 40-digit arithmetic."""

import numpy as np
import pytest
import scipy.linalg

from metrics import frechet, kernel, manifold, score
from metrics.errors import MetricError
from tests.metrics.golden import inputs

PAIRS = inputs.pairs()


# --- Fréchet distance ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
def test_frechet_is_the_references(golden, name):
    ours = frechet.frechet_distance(*PAIRS[name])
    for reference in ("pytorch_fid", "torch_fidelity"):
        assert ours == pytest.approx(float(golden("measures")[f"{reference}_{name}"]), rel=1e-6)


@pytest.mark.parametrize("name", ["small", "mixed"])
def test_frechet_of_singular_covariances_is_exact(golden, name):
    # The references are up to 7e-8 off here: their square roots of noise add up.
    exact = float(golden("measures")[f"exact_{name}"])
    tolerance = {"small": 1e-12, "mixed": 5e-9}[name]
    assert frechet.frechet_distance(*PAIRS[name]) == pytest.approx(exact, rel=tolerance)


def test_routes():
    small, large = np.zeros((3, 8)), np.zeros((8, 8))
    assert frechet.route(small, small) == "gram"
    assert frechet.route(large, small) == frechet.route(small, large) == "mixed"
    assert frechet.route(large, large) == "covariance"


@pytest.mark.parametrize("name", PAIRS)
def test_moments_give_the_same_distance_as_features(name):
    real, fake = PAIRS[name]
    direct = frechet.frechet_distance(real, fake)
    tolerance = 1e-9 if name == "large" else 1e-6
    for left in (real, frechet.moments(real)):
        for right in (fake, frechet.moments(fake)):
            found = frechet.frechet_distance(left, right)
            assert found == pytest.approx(direct, rel=tolerance)


def test_frechet_of_known_gaussians():
    # Commuting covariances: d² = |Δμ|² + Σ (√a - √b)².
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    ours = frechet.frechet_distance(
        frechet.Moments(np.zeros(3), np.diag(a), 10), frechet.Moments(np.ones(3), np.diag(b), 10)
    )
    assert ours == pytest.approx(3 + 1 + 0 + 4, rel=1e-12)


def test_moments_are_numpys(monkeypatch):
    monkeypatch.setattr(frechet, "ROWS", 7)  # several pieces
    features = inputs.features(50, 8, 1).astype(np.float32) + 1000  # an offset that float32 feels
    ours = frechet.moments(features)
    np.testing.assert_allclose(ours.covariance, np.cov(features.astype(np.float64).T), rtol=1e-9)


def test_equal_sets_have_no_distance():
    for real, _ in PAIRS.values():
        assert frechet.frechet_distance(real, real.copy()) < 1e-6


def test_identical_fakes_have_a_singular_covariance_and_a_right_distance():
    real, _ = PAIRS["large"]
    fake = np.repeat(real[:1], 100, axis=0)
    expected = np.sum((real.mean(0) - real[0]) ** 2) + np.trace(np.cov(real.T))
    assert frechet.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-7)
    assert frechet.frechet_distance(fake, real) == pytest.approx(expected, rel=1e-7)


def test_trace_of_root_is_scipys():
    real, fake = (np.cov(side.T) for side in PAIRS["large"])
    expected = np.trace(scipy.linalg.sqrtm(real @ fake).real)
    assert frechet.trace_of_root(real, fake) == pytest.approx(expected, rel=1e-10)


def test_intra_class_frechet():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), rng.normal(size=(50, 3))
    real_labels, fake_labels = np.arange(40) % 2, (np.arange(50) % 5 == 0).astype(int)
    mean, each = frechet.intra_class_frechet(real, real_labels, fake, fake_labels)
    ones = frechet.frechet_distance(real[1::2][:10], fake[::5])  # 20 reals, 10 fakes
    zeros = frechet.frechet_distance(real[::2], fake[fake_labels == 0][:20])
    assert each == pytest.approx({0: zeros, 1: ones})
    assert mean == pytest.approx((zeros + ones) / 2)
    none = np.full(40, -1)
    with pytest.raises(MetricError, match="2 classes or more; the data has one"):
        frechet.intra_class_frechet(real, np.zeros(40), fake, np.zeros(50))
    with pytest.raises(MetricError, match="2 classes or more; the data has none"):
        frechet.intra_class_frechet(real, none, fake, np.zeros(50))
    with pytest.raises(MetricError, match="Class 1 has 20 real and 0"):
        frechet.intra_class_frechet(real, real_labels, fake, np.zeros(50))
    with pytest.raises(MetricError, match="Class dog has 20 real and 0"):
        frechet.intra_class_frechet(real, real_labels, fake, np.zeros(50), ("cat", "dog"))


def test_pictures_of_no_class_are_left_out_of_the_intra_class_distance():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
    labels = np.repeat([0, 1], 20)
    expected = frechet.intra_class_frechet(real, labels, fake, labels)
    more = np.concatenate([real, 1e6 + real]), np.concatenate([labels, np.full(40, -1)])
    assert frechet.intra_class_frechet(*more, fake, labels) == expected
    assert frechet.intra_class_frechet(real, labels, *(np.r_[fake, 9 * fake], more[1])) == expected


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "2 pictures or more"),
        (np.zeros((5, 3)), np.zeros((5, 4)), "different widths: 3 and 4"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "NaN"),
        (np.zeros(5), np.zeros((5, 3)), r"\(N, d\)"),
    ],
)
def test_frechet_refuses(real, fake, message):
    with pytest.raises(MetricError, match=message):
        frechet.frechet_distance(real, fake)


# --- Kernel distance -------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 350])
def test_kernel_distance_is_torch_fidelitys(golden, size):
    ours = kernel.kernel_distance(*PAIRS["large"], subsets=30, subset_size=size)
    assert ours.mean == pytest.approx(float(golden("measures")[f"kid_mean_{size}"]), rel=1e-6)
    assert ours.std == pytest.approx(float(golden("measures")[f"kid_std_{size}"]), rel=1e-6)
    apart = min(map(len, PAIRS["large"])) - size
    overlap = size / apart if apart else 0
    assert ours.standard_error == pytest.approx(ours.std * np.sqrt((1 / 30 + overlap) * 30 / 29))


def test_the_kernel_distances_error_is_the_spread_over_other_pictures():
    """Of 60 draws of 400 pictures: subsets of 100 share pictures, so their mean varies more."""
    rng, found = np.random.default_rng(0), []
    for _ in range(60):
        real, fake = rng.normal(0, 1, (400, 8)), rng.normal(0.5, 1, (400, 8))
        found.append(kernel.kernel_distance(real, fake, subsets=40, subset_size=100))
    spread = np.std([each.mean for each in found], ddof=1)
    told = np.mean([each.standard_error for each in found])
    plain = np.mean([each.std for each in found]) / np.sqrt(40)
    assert told == pytest.approx(spread, rel=0.35)
    assert plain < 0.5 * spread


def test_kernel_routes_agree(monkeypatch):
    monkeypatch.setattr(kernel, "ROWS", 64)
    real, fake = PAIRS["large"]
    # 2 subsets of 90: fewer kernel values than the full matrix. 50 subsets: more.
    few = kernel.kernel_distance(real, fake, subsets=2, subset_size=90)
    first = np.random.RandomState(2020)
    values = []
    for _ in range(2):
        theirs = fake[first.choice(350, 90, replace=False)]
        ours = real[first.choice(400, 90, replace=False)]
        values.append(plain_mmd(ours, theirs))
    assert few.mean == pytest.approx(np.mean(values), rel=1e-9)
    many = kernel.kernel_distance(real, fake, subsets=50, subset_size=90)
    assert many.mean == pytest.approx(0.28, rel=0.3)


def plain_mmd(x, y):
    k = {name: (a @ b.T / 32 + 1) ** 3 for name, a, b in (("x", x, x), ("y", y, y), ("z", x, y))}
    n = len(x)
    within = [(k[s].sum() - np.trace(k[s])) / (n * (n - 1)) for s in ("x", "y")]
    return sum(within) - 2 * k["z"].mean()


def test_bootstrap_weights_of_one_are_the_plain_estimate():
    real, fake = PAIRS["large"][0][:60], PAIRS["large"][1][:60]
    found = kernel.weighted_mmd(real, fake, np.ones((60, 1)), np.ones((60, 1)))
    assert found[0] == pytest.approx(plain_mmd(real, fake), rel=1e-9)


def test_bootstrap_leaves_out_pairs_of_one_picture_with_its_copies():
    x, y = PAIRS["large"][0][:4], PAIRS["large"][1][:3]
    a, b = np.array([2.0, 0, 1, 1]), np.array([0.0, 1, 2])
    found = kernel.weighted_mmd(x, y, a[:, None], b[:, None])[0]

    def within(points, weights):
        pairs = np.outer(weights, weights)
        np.fill_diagonal(pairs, 0)
        return (pairs * kernel.cubic_kernel(points, points)).sum() / pairs.sum()

    between = a @ kernel.cubic_kernel(x, y) @ b / (a.sum() * b.sum())
    assert found == pytest.approx(within(x, a) + within(y, b) - 2 * between)
    assert np.isnan(kernel.weighted_mmd(x, y, np.eye(4)[:, :1] * 4, b[:, None])[0])  # no pairs


def test_kernel_distance_refuses_too_few_pictures():
    with pytest.raises(MetricError, match="subsets of 1000 pictures, and there are 400 real"):
        kernel.kernel_distance(*PAIRS["large"])
    with pytest.raises(MetricError, match="1 subset or more"):
        kernel.kernel_distance(*PAIRS["large"], subset_size=9, subsets=0)


# --- Inception Score -------------------------------------------------------------------------


def test_inception_score_is_torch_fidelitys(golden):
    ours = score.inception_score(inputs.logits())
    assert ours.mean == pytest.approx(float(golden("measures")["is_mean"]), rel=1e-6)
    assert ours.std == pytest.approx(float(golden("measures")["is_std"]), rel=1e-6)


def test_inception_score_extremes():
    sure = 1000.0 * np.eye(8)[np.arange(80) % 8]
    assert score.inception_score(sure, splits=1).mean == pytest.approx(8)  # 0 · log 0 included
    assert score.inception_score(np.zeros((80, 8)), splits=4).mean == pytest.approx(1)
    with pytest.raises(MetricError, match="10 pictures or more"):
        score.inception_score(np.zeros((9, 8)))
    with pytest.raises(MetricError, match="NaN"):
        score.inception_score(np.full((20, 8), np.nan))
    with pytest.raises(MetricError, match="no logits"):
        score.inception_score(None)


# --- Precision, recall, density, coverage ----------------------------------------------------


def test_manifold_is_torch_fidelitys_and_prdcs(golden):
    ours, theirs = manifold.manifold(*PAIRS["large"]), golden("measures")
    assert ours.precision == pytest.approx(float(theirs["precision_k3"]), rel=1e-6)
    assert ours.recall == pytest.approx(float(theirs["recall_k3"]), rel=1e-6)
    assert ours.density == pytest.approx(float(theirs["prdc_density_k5"]), rel=1e-6)
    assert ours.coverage == pytest.approx(float(theirs["prdc_coverage_k5"]), rel=1e-6)
    wide = manifold.manifold(*PAIRS["large"], precision_k=5)
    assert wide.precision == pytest.approx(float(theirs["prdc_precision_k5"]), rel=1e-6)
    assert wide.recall == pytest.approx(float(theirs["prdc_recall_k5"]), rel=1e-6)


def test_ties_follow_the_definition(golden):
    # Every real twice: with k = 1 all balls have radius 0, and a copy lies on the border.
    real = PAIRS["large"][0][:40]
    ours = manifold.manifold(np.concatenate([real, real]), real[:20], precision_k=1, density_k=1)
    assert ours.precision == 1.0  # inside: "≤"
    assert ours.density == 0.0  # outside: "<"
    assert golden("measures")["ties_precision_prdc"] == 0.0  # prdc takes "<" for both
    assert golden("measures")["ties_precision_torch_fidelity"] == pytest.approx(0.9)  # rounding


def test_ties_count_for_recall_too():
    fake = PAIRS["large"][1][:40]
    ours = manifold.manifold(fake[:20], np.concatenate([fake, fake]), precision_k=1, density_k=1)
    assert ours.recall == 1.0


def test_copies_are_at_distance_zero_whatever_the_rounding():
    x = 1000 + np.random.default_rng(0).normal(size=(40, 700))
    squared = manifold.squared_distances(x, x.copy())
    assert (np.diag(squared) == 0).all()
    assert (squared[~np.eye(40, dtype=bool)] > 100).all()


def test_manifold_by_hand(monkeypatch):
    monkeypatch.setattr(manifold, "ROWS", 2)  # blocks
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    fake = np.array([[0.4], [1.5], [50.0]])
    ours = manifold.manifold(real, fake, precision_k=1, density_k=2)
    # k = 1 radii of the reals: 1, 1, 1, 8; of the fakes: 1.1, 1.1, 48.5
    assert ours.precise.tolist() == [True, True, False]
    assert ours.recalled.tolist() == [True, True, True, True]
    # k = 2 radii of the reals: 2, 1, 2, 9
    np.testing.assert_allclose(ours.dense, [3 / 2, 4 / 2, 0])
    assert ours.covered.tolist() == [True, True, True, True]


def test_manifold_refuses():
    with pytest.raises(MetricError, match=r"need k ≥ 1 and 6 pictures .* 5 real"):
        manifold.manifold(np.zeros((5, 2)), np.zeros((9, 2)))
    with pytest.raises(MetricError, match="NaN"):
        manifold.manifold(np.full((9, 2), np.nan), np.zeros((9, 2)))
