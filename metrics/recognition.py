"""Whether features tell persons, or classes, apart: rank-1 recognition and a linear probe."""

import numpy as np

from metrics.errors import MetricError

_RIDGE = 1e-4  # share of the mean variance that is added to every variance


def rank_one(features: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Whether row i of `features` (N, d) is nearest to row i of `gallery` (N, d): bool (N,).

    Nearest by the cosine, after each side's own mean is taken away: what all pictures of one side
    share, such as being blurred, says nothing about who is who. A random order is right once in N.
    """
    sides = (np.asarray(each, np.float64) for each in (features, gallery))
    ours, theirs = (_unit(each - each.mean(axis=0)) for each in sides)
    return (ours @ theirs.T).argmax(axis=1) == np.arange(len(features))


def linear_probe(
    train: np.ndarray, train_classes: np.ndarray, test: np.ndarray, test_classes: np.ndarray
) -> np.ndarray:
    """Whether a linear classifier of (N, d) finds each test row's class: bool (M,).

    Fisher's linear discriminant with one covariance for all classes and equal priors, fitted to the
    training rows. Classes are whole numbers; every class of the test must occur in training. Raises
    `MetricError` otherwise.
    """
    known = np.unique(train_classes)
    if missing := set(test_classes.tolist()) - set(known.tolist()):
        raise MetricError(f"The probe was fitted to no row of class {min(missing)}.")
    train, test = np.asarray(train, np.float64), np.asarray(test, np.float64)
    means = np.stack([train[train_classes == each].mean(axis=0) for each in known])
    centred = train - means[np.searchsorted(known, train_classes)]
    covariance = centred.T @ centred / len(train)
    covariance += (
        _RIDGE * max(np.trace(covariance) / len(covariance), 1e-12) * np.eye(len(covariance))
    )
    weights = np.linalg.solve(covariance, means.T)  # (d, classes)
    scores = test @ weights - 0.5 * np.einsum("cd,dc->c", means, weights)
    return known[scores.argmax(axis=1)] == test_classes


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
