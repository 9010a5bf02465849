"""The measures of `metrics.measure`, each with its value, interval and notes.

`take_…(result, extractor, real, fake, classes)` adds its estimates to `result`, with the settings
in it, and raises `MetricError` if the pictures do not allow the measure.
"""

from collections.abc import Callable

import numpy as np

from metrics import cmmd, frechet, intervals, kernel, manifold, neighbours, prd, score
from metrics.extractors import Features
from metrics.intervals import Estimate, estimate

FRECHET, KERNEL, SCORE, INTRA = "frechet", "kernel", "score", "intra"
CMMD = "cmmd"
MANIFOLD, PRD, TWINS = "manifold", "prd", "duplicates"

# Bootstrapping the kernel distance needs all pairs. Above this many pictures, the interval is that
# of the subsets' mean.
ALL_PAIRS = 8000


def take_frechet(result, extractor, real, fake, classes):
    """The Fréchet distance of the pooled features."""
    value = frechet.frechet_distance(real.pool, fake.pool)
    replicates = intervals.bootstrap(
        lambda ours, theirs: frechet.frechet_distance(real.pool[ours], fake.pool[theirs]),
        len(real),
        len(fake),
        result.settings.bootstrap,
        result.settings.seed,
    )
    result.estimates[extractor.measure_name(FRECHET)] = estimate(value, replicates, (0, np.inf))


def take_kernel(result, extractor, real, fake, classes):
    """The kernel distance; up to `ALL_PAIRS` pictures it is bootstrapped over all pairs."""
    chosen = result.settings
    found = kernel.kernel_distance(
        real.pool, fake.pool, chosen.kernel_subsets, chosen.kernel_subset_size, chosen.seed
    )
    replicates = None
    if chosen.bootstrap >= 2 and max(len(real), len(fake)) <= ALL_PAIRS:
        weights = [
            intervals.bootstrap_weights(len(side), chosen.bootstrap, chosen.seed + offset)
            for offset, side in enumerate((real, fake))
        ]
        replicates = kernel.weighted_mmd(real.pool, fake.pool, *weights)
    name = extractor.measure_name(KERNEL)
    result.estimates[name] = estimate(found.mean, replicates)
    if replicates is None and chosen.bootstrap >= 2 and found.subsets > 1:
        half = intervals.NORMAL_95 * found.standard_error
        result.estimates[name] = Estimate(
            found.mean, found.mean - half, found.mean + half, found.standard_error
        )
    subsets = f"{found.subsets} subsets" if found.subsets > 1 else "1 subset"
    error = (
        f", standard error of their mean {found.standard_error:.2g}" if found.subsets > 1 else ""
    )
    result.notes.append(f"{name}: {subsets} of {found.subset_size} pictures{error}.")


def take_cmmd(result, extractor, real, fake, classes):
    """CMMD, of CLIP's embeddings alone."""
    if not extractor.is_clip:
        return
    replicates, chosen = None, result.settings
    if chosen.bootstrap >= 2 and max(len(real), len(fake)) <= ALL_PAIRS:
        weights = [
            intervals.bootstrap_weights(len(side), chosen.bootstrap, chosen.seed + offset)
            for offset, side in enumerate((real, fake))
        ]
        replicates = cmmd.weighted(real.pool, fake.pool, *weights)
    result.estimates["CMMD"] = estimate(cmmd.cmmd(real.pool, fake.pool), replicates)


def take_score(result, extractor, real, fake, classes):
    """The inception score of the generated pictures' logits."""
    chosen = result.settings
    found = score.inception_score(fake.logits, chosen.score_splits, chosen.seed)
    order = np.random.RandomState(chosen.seed).permutation(len(fake))
    replicates = intervals.bootstrap(
        lambda _, rows: (
            score.inception_score(fake.logits, chosen.score_splits, order=order[rows]).mean
        ),
        2,
        len(fake),
        chosen.bootstrap,
        chosen.seed,
    )
    result.estimates[extractor.measure_name(SCORE)] = estimate(found.mean, replicates, (1, np.inf))


def _some(features: Features, most: int, seed: int) -> np.ndarray:
    """At most `most` rows of the pooled features, chosen uniformly by seed."""
    if len(features) <= most:
        return features.pool
    return features.pool[np.random.default_rng(seed).choice(len(features), most, replace=False)]


def take_manifold(result, extractor, real, fake, classes):
    """Precision, recall, density and coverage.

    The interval of a mean over fakes holds for these reals, that of a mean over reals for these
    fakes: the pictures on whose other side it stands are not redrawn.
    """
    chosen = result.settings
    ours, theirs = (_some(side, chosen.manifold_pictures, chosen.seed) for side in (real, fake))
    found = manifold.manifold(ours, theirs, chosen.precision_neighbours, chosen.density_neighbours)
    each = {
        "precision": (found.precise, 1.0),
        "recall": (found.recalled, 1.0),
        "density": (found.dense, np.inf),
        "coverage": (found.covered, 1.0),
    }
    for name, (values, highest) in each.items():
        replicates = intervals.bootstrap_mean(values, chosen.bootstrap, chosen.seed)
        result.estimates[name] = estimate(values.mean(), replicates, (0, highest))


def take_prd(result, extractor, real, fake, classes):
    """F8 and F1/8 of the precision and recall curve, and the curve itself."""
    chosen = result.settings
    curve = prd.precision_recall_curve(
        real.pool, fake.pool, chosen.prd_clusters, chosen.prd_runs, chosen.seed
    )
    replicates = None
    if chosen.bootstrap >= 2:
        rng = np.random.default_rng(chosen.seed)
        rows = [prd.resampled_f_scores(curve, rng) for _ in range(chosen.bootstrap)]
        replicates = np.array(rows).T
    for index, name in enumerate(("PRD F8", "PRD F1/8")):
        own = None if replicates is None else replicates[index]
        result.estimates[name] = estimate(curve.f_scores[index], own, (0, 1))
    result.curve = curve


def take_intra(result, extractor, real, fake, classes):
    """The mean Fréchet distance within the classes, if there are any."""
    if classes is None:
        return
    ours, theirs = classes.real, classes.fake
    value, each = frechet.intra_class_frechet(real.pool, ours, fake.pool, theirs, classes.names)
    replicates = _intra_replicates(result.settings, real.pool, ours, fake.pool, theirs)
    name = extractor.measure_name(INTRA)
    result.estimates[name] = estimate(value, replicates, (0, np.inf))
    result.per_class = {classes.name(label): distance for label, distance in each.items()}
    result.notes.append(_intra_note(name, classes, result.per_class, each))


def _intra_note(name, classes, per_class, each):
    counts = [min((side == label).sum() for side in (classes.real, classes.fake)) for label in each]
    of_class = dict(zip(per_class, counts, strict=True))
    worst = sorted(per_class, key=per_class.get, reverse=True)[:3]
    farthest = ", ".join(f"{one} {per_class[one]:.4g} (of {of_class[one]})" for one in worst)
    return (
        f"{name}: {len(each)} classes ({classes.what}), {min(counts)} to {max(counts)} pictures of "
        f"each (the fewer, the larger the distance); farthest from the reals: {farthest}."
    )


def _intra_replicates(chosen, real, real_labels, fake, fake_labels):
    """Redraws within every class, so that no class loses its pictures."""
    if chosen.bootstrap < 2:
        return None
    rng = np.random.default_rng(chosen.seed)

    def redrawn(labels):
        rows = np.arange(len(labels))
        for label in np.unique(labels):
            own = np.flatnonzero(labels == label)
            rows[own] = rng.choice(own, len(own))
        return rows

    values = []
    for _ in range(chosen.bootstrap):
        ours, theirs = redrawn(real_labels), redrawn(fake_labels)
        sides = (real[ours], real_labels[ours], fake[theirs], fake_labels[theirs])
        values.append(frechet.intra_class_frechet(*sides)[0])
    return np.array(values)


def take_duplicates(result, extractor, real, fake, classes):
    """The share of generated pictures that have a twin among the generated ones.

    Twins come together, so its interval is too narrow where many pictures have the same one.
    """
    chosen = result.settings
    count = min(len(real), len(fake), chosen.manifold_pictures)
    ours, theirs = _some(real, count, chosen.seed), _some(fake, count, chosen.seed)
    twins = neighbours.twins(theirs, neighbours.typical_distance(ours))
    replicates = intervals.bootstrap_mean(twins, chosen.bootstrap, chosen.seed)
    result.estimates["duplicate share"] = estimate(twins.mean(), replicates, (0, 1))


TAKE: dict[str, Callable] = {
    FRECHET: take_frechet,
    KERNEL: take_kernel,
    CMMD: take_cmmd,
    SCORE: take_score,
    MANIFOLD: take_manifold,
    PRD: take_prd,
    INTRA: take_intra,
    TWINS: take_duplicates,
}
