"""Whether memory grows is seen; the long run is `python -m benchmarks.chaos --memory`."""

import pytest

from benchmarks.chaos import memory


def test_growth_is_seen_and_warming_up_and_garbage_are_not():
    def samples(slope):
        yield from ((count, 3.0 * count) for count in range(100))
        for count in range(100, 1001):
            yield count, 300 + slope * count / 1000 + (count % 200) / 10

    grown = memory.growth("steps", samples(8.0), most=5)
    assert grown.per_thousand == pytest.approx(8.0, rel=0.15)
    assert grown.failed
    assert str(grown).startswith("1,000 steps: 31")
    assert str(grown).endswith("FAILED")
    same = memory.growth("steps", samples(0.0), most=5)
    assert same.first != same.last
    assert same.per_thousand == 0
    assert str(same).endswith("+0.00 MB in a thousand, at most 5: held")


def test_pictures_are_read_without_growth(tmp_path):
    found = memory.of_reading(200, tmp_path, most=100)
    assert found.first > 20
    assert not found.failed


def test_what_is_kept_is_seen(tmp_path, monkeypatch):
    from datasets import decode

    kept, plain = [], decode.read
    monkeypatch.setattr(
        decode, "read", lambda *words: plain(*words) and kept.append(b"x" * 1_000_000)
    )
    assert memory.of_reading(200, tmp_path).failed
