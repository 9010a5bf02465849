import numpy as np
import pytest

from metrics import frechet, kernel, monitor, neighbours
from metrics.errors import MetricError
from metrics.extractors import extract


@pytest.mark.parametrize("count", [5, 40])  # fewer pictures than the 6 features, and more
def test_a_monitor_reads_what_the_measures_say(tiny, count):
    rng = np.random.default_rng(0)
    real, other, fake = rng.integers(0, 256, (3, count, 8, 8, 3), dtype=np.uint8)
    fake[: count // 2] = fake[0]
    features = [extract(tiny, pictures) for pictures in (real, other, fake)]
    watching = monitor.Monitor(tiny, *features[:2])
    reading = watching.measure(fake)
    pools = [each.pool for each in features]
    assert watching.name == "FD-tiny@8"
    assert watching.floor == pytest.approx(frechet.frechet_distance(*pools[:2]), rel=1e-5)
    assert reading.distance == pytest.approx(frechet.frechet_distance(pools[0], pools[2]), rel=1e-5)
    assert watching.kernel_name == "KD-tiny@8"
    whole = kernel.kernel_distance(pools[0], pools[2], subsets=1, subset_size=count)
    assert reading.kernel.value == pytest.approx(whole.mean, rel=1e-6)
    assert reading.kernel.standard_error > 0
    assert reading.kernel.low <= reading.kernel.value <= reading.kernel.high
    typical = neighbours.typical_distance(pools[0])
    assert reading.duplicate_share == neighbours.duplicate_share(pools[2], typical) >= 0.4
    with pytest.raises(MetricError, match=f"compares {count} fakes"):
        watching.measure(fake[1:])
    with pytest.raises(MetricError, match="2 real pictures"):
        monitor.Monitor(tiny, features[0].take(slice(1)))


def test_the_error_is_that_of_reals_and_fakes_drawn_by_themselves(tiny):
    """Fresh pairs of sets differ as much as the standard error of one pair says.

    The fakes are other pictures: of equal ones the bootstrap says too much.
    """
    rng = np.random.default_rng(0)
    sets = rng.integers(0, 256, (60, 20, 8, 8, 3), dtype=np.uint8)
    sets[1::2] = (sets[1::2] * rng.uniform(0.2, 0.9, (30, 20, 1, 1, 1))).astype(np.uint8)
    features = [extract(tiny, pictures) for pictures in sets]
    readings = [
        monitor.Monitor(tiny, real).measure(fake).kernel
        for real, fake in zip(features[::2], sets[1::2], strict=True)
    ]
    spread = np.std([one.value for one in readings])
    told = np.median([one.standard_error for one in readings])
    assert 0.7 < told / spread < 1.4
