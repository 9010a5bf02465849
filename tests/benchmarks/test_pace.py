"""How many steps a timed turn has, by a clock that the test moves."""

import pytest

from benchmarks import pace


def taken(monkeypatch, seconds, **options):
    """(how many steps a turn has, those of each try): `count` steps take `seconds(count)`."""
    now, tries = [0.0], []

    def take(count):
        tries.append(count)
        now[0] += seconds(count)

    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    return pace.enough_steps(take, **options), tries


@pytest.mark.parametrize(
    ("seconds", "tries"),
    [
        (lambda count: 3.0, [1]),  # one step suffices
        (lambda count: 0.5 * count, [1, 5]),  # 2 s and a tenth more: 4.4 steps
        # 1/128 s each: 2.2 s are 282, but at most a hundred times as many as before are tried.
        (lambda count: count / 128, [1, 100, 282]),
        # To begin takes 1.9 s and a step 0.04: 1 and 2 are not enough, 3 take 2.02 s.
        (lambda count: 1.9 + 0.04 * count, [1, 2, 3]),
        # A clock that stands still until there is enough to see.
        (lambda count: 0.0 if count < 10_000 else 5.0, [1, 100, 10_000]),
    ],
)
def test_a_turn_lasts_two_seconds(monkeypatch, seconds, tries):
    assert taken(monkeypatch, seconds) == (tries[-1], tries)


def test_a_shorter_turn_if_asked(monkeypatch):
    assert taken(monkeypatch, lambda count: 0.25 * count, least=0.5) == (3, [1, 3])
