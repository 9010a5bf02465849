"""The precision-recall curve, and the clustering under it."""

import numpy as np
import pytest

from metrics import prd
from metrics.errors import MetricError


def test_prd_of_histograms_by_hand():
    real, fake = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    precision, recall = prd.curve_of_histograms(real, fake)
    middle = prd.ANGLES // 2  # slope 1
    assert precision[middle] == pytest.approx(0.5)
    assert recall[middle] == pytest.approx(0.5)
    assert (precision.max(), recall.max()) == pytest.approx((0.5, 0.5))
    assert prd.f_scores(precision, recall) == pytest.approx((0.5, 0.5), rel=1e-3)
    same = prd.curve_of_histograms(real, real)
    assert prd.f_scores(*same) == pytest.approx((1, 1))


def test_prd_tells_lost_modes_from_bad_samples():
    rng = np.random.default_rng(0)
    centres = 20 * rng.normal(size=(10, 4))
    real = centres[np.arange(500) % 10] + rng.normal(size=(500, 4))
    lost = centres[np.arange(500) % 5] + rng.normal(size=(500, 4))  # half of the modes
    curve = prd.precision_recall_curve(real, lost, clusters=10, runs=3)
    recall, precision = curve.f_scores
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.07)
    flipped = prd.precision_recall_curve(lost, real, clusters=10, runs=3)
    assert flipped.f_scores[0] > 0.9
    again = prd.precision_recall_curve(real, lost, clusters=10, runs=3)
    assert again.f_scores == curve.f_scores


def test_clusters_are_found():
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0], [50, 0], [0, 50]], np.float32)
    truth = np.arange(300) % 3
    points = centres[truth] + rng.normal(size=(300, 2)).astype(np.float32)
    labels = prd.cluster(points, 3, rng)
    assert all(len(set(labels[truth == i])) == 1 for i in range(3))
    assert len(set(labels.tolist())) == 3


def test_prd_of_one_picture_repeated():
    same = np.ones((30, 4))
    assert prd.precision_recall_curve(same, same).f_scores == pytest.approx((1, 1))
    with pytest.raises(MetricError, match="20 clusters"):
        prd.precision_recall_curve(same[:19], same)
