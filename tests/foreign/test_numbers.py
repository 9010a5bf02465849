"""Numbers and names from outside: one way to check them, one line for a mistake."""

import argparse
import math
import random

import pytest

from foreign import bounds, names, numbers


@pytest.mark.parametrize(
    ("value", "kind", "limits", "words"),
    [
        (0, int, (1, None, None, None), "a whole number of at least 1"),
        (9, int, (1, None, 8, None), "a whole number from 1 to 8"),
        (-1, int, (None,) * 4, "a whole number of at least 0"),
        (10**9 + 1, int, (None,) * 4, "a whole number of at most 1000000000"),
        (10**400, int, (None,) * 4, "a whole number of at most 1000000000"),
        (True, int, (None,) * 4, "a whole number of at least 0"),
        (1.0, int, (None,) * 4, "a whole number of at least 0"),
        (math.nan, float, (None,) * 4, "a finite number"),
        (10**400, float, (None,) * 4, "a finite number"),
        (math.inf, float, (0, None, None, 1), "at least 0 and below 1"),
        (1.0, float, (0, None, None, 1), "at least 0 and below 1"),
        ("1", float, (0, None, None, 1), "at least 0 and below 1"),
        (0.0, float, (None, 0, 1, None), "above 0 and at most 1"),
    ],
)
def test_what_is_outside(value, kind, limits, words):
    assert numbers.outside(value, kind, limits) == words


@pytest.mark.parametrize(
    ("value", "kind", "limits"),
    [
        (0, int, (None,) * 4),
        (10**9, int, (None,) * 4),
        (2**63 - 1, int, (0, None, None, 2**63)),
        (0, float, (0, None, None, 1)),
        (0.5, float, (None, 0, 1, None)),
        (-1e300, float, (None,) * 4),
    ],
)
def test_what_is_inside(value, kind, limits):
    assert numbers.outside(value, kind, limits) is None


def test_numbers_of_the_command_line():
    assert numbers.whole(1, 5)("5") == 5
    assert numbers.real(above=0)("1e-3") == 0.001
    assert numbers.plain(int)("-7") == -7
    absurd = ("1e23", "", "x", "0x10", "nan", "inf", "9" * 23, "9" * 5000, "-1", "6", "1.5")
    for text in absurd:
        with pytest.raises(argparse.ArgumentTypeError, match=r"must be .*, not ") as raised:
            numbers.whole(1, 5)(text)
        assert len(str(raised.value)) < 120


def test_names():
    good = ("a", "a/b", "../a", "~/a", "ä" * 100, "a b", "/")
    assert [names.problem(name) for name in good] == [None] * len(good)
    assert names.problem("") == "is empty; . is the current folder"
    assert names.problem(" ") is not None
    assert names.problem("a\0b") == "holds a NUL character"
    assert names.problem("x/" + "a" * 300) == "is too long: 302 bytes"
    assert names.problem("ä" * 150) == "is too long: 300 bytes"
    assert names.problem("a/" * 3000) == "is too long: 6000 bytes"
    with pytest.raises(argparse.ArgumentTypeError, match=r"the name 'aaa.*… is too long"):
        names.path("a" * 300)


def test_what_a_screen_shows():
    assert names.printable("plain ä · 10 × 20 …") == "plain ä · 10 × 20 …"
    assert names.printable("a\nb\tc\rd") == r"a\nb\tc\rd"
    assert names.printable("\x1b[31mred\x07") == r"\x1b[31mred\x07"
    assert names.printable("\u202ename") == r"\u202ename"  # would turn the line round
    assert names.printable(b"\xff.png".decode("utf-8", "surrogateescape")) == r"\xff.png"


def test_any_name_can_be_printed():
    rng = random.Random(0)
    for _ in range(300):
        name = bytes(rng.randrange(1, 256) for _ in range(12)).decode("utf-8", "surrogateescape")
        shown = names.printable(name)
        assert shown.isprintable()
        shown.encode("utf-8")


def test_bounds_are_whole_numbers():
    assert all(isinstance(value, int) for name, value in vars(bounds).items() if name.isupper())
