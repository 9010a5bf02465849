"""One labelled set divided by its labels."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from datasets import Batches, DataError, ImageData, Labels, conditions, few, hold_out, split, where

NAMES = ("red hair", "blue hair", "glasses", "no hat", "hat")
# Picture:        0          1          2          3          4          5
VALUES = [[1, 0, 0, 0, 1], [1, 0, 1, 1, 0], [0, 1, 0, 0, 1], [0, 1, 1, 1, 0], [1, 0, 0, 1, 0],
          [0, 0, 1, 0, 0]]  # fmt: skip


def data(labels="attributes"):
    """Six pictures; picture i has the colour (i, i, i)."""
    images = np.repeat(np.arange(6, dtype=np.uint8), 48).reshape(6, 4, 4, 3)
    known = {
        "attributes": Labels("attributes", NAMES, np.array(VALUES, np.float32), {"g": NAMES[:2]}),
        "classes": Labels("classes", ("c++", "cat", "dog"), np.array([0, 1, 2, 1, 0, 1], np.int32)),
        None: None,
    }[labels]
    told = tuple((f"picture {i}",) for i in range(6))
    return ImageData(images, known, "six", "f" * 12, [("x.png", "bad")], ["a note"], Path(), told)


def colours(part):
    return np.asarray(part.images)[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("red hair", [0, 1, 4]),
        ("no red hair", [2, 3, 5]),
        ("red hair + glasses", [1]),
        ("red hair  +  no glasses ", [0, 4]),
        ("no red hair + no blue hair", [5]),
        ("no hat", [1, 3, 4]),  # a name of its own, not the absence of a hat
        ("no no hat", [0, 2, 5]),
    ],
)
def test_conditions_on_attributes(condition, expected):
    assert colours(split(data(), [condition])[0]) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("cat", [1, 3, 5]),
        ("no cat", [0, 2, 4]),
        ("c++", [0, 4]),
        ("no cat + no dog", [0, 4]),
        ("no c++ + no dog", [1, 3, 5]),
    ],
)
def test_conditions_on_classes(condition, expected):
    assert colours(split(data("classes"), [condition])[0]) == expected


def test_labels_and_captions_stay_with_their_pictures():
    whole = data()
    parts = split(whole, ["red hair", "blue hair"])
    for part in parts:
        np.testing.assert_array_equal(part.labels.values, np.array(VALUES)[colours(part)])
        assert part.captions == tuple((f"picture {i}",) for i in colours(part))
        assert part.labels.names == NAMES
        assert part.labels.groups == {"g": NAMES[:2]}
        assert np.shares_memory(part.images.array, whole.images)
        assert (part.left_out, part.notes) == (whole.left_out, whole.notes)
    assert [part.name for part in parts] == ["six-red_hair", "six-blue_hair"]


def test_batches_of_a_part():
    part = split(data(), ["glasses"])[0]
    images, labels = Batches(part, 3, seed=0, mirror=True).batch(0)
    assert sorted(images[:, 0, 0, 0]) == [1, 3, 5]
    np.testing.assert_array_equal(labels, np.array(VALUES)[images[:, 0, 0, 0]])
    with pytest.raises(DataError, match=r"A batch of 4 .*'six-glasses' has 3 pictures"):
        Batches(part, 4, seed=0)


def test_the_fingerprint_tells_parts_apart():
    first = split(data(), ["red hair + no glasses"])[0].fingerprint
    other = dataclasses.replace(data(), fingerprint="e" * 12)
    prints = {
        data().fingerprint,
        first,
        split(data(), ["red hair + glasses"])[0].fingerprint,
        split(data(), ["red hair"])[0].fingerprint,
        split(other, ["red hair + no glasses"])[0].fingerprint,
    }
    assert len(prints) == 5
    assert split(data(), ["no glasses + red hair"])[0].fingerprint == first
    assert len(first) == 12


@pytest.mark.parametrize(
    ("labels", "wanted", "message"),
    [
        ("attributes", ["red hari"], "There is no label 'red hari'; nearest: red hair"),
        ("attributes", ["no glases"], "There is no label 'glases'; nearest: glasses"),
        ("attributes", ["xyz"], "'xyz'; known: red hair, blue hair, glasses, no hat, hat"),
        ("attributes", ["hat + "], "not ''"),
        ("attributes", [""], "not ''"),
        ("attributes", ["hat + no glasses + glasses"], "contradicts itself: 'glasses'"),
        ("attributes", ["red hair + blue hair"], "No picture of 'six' is in the domain 'red hair"),
        ("attributes", ["red hair", "blue hair", "glasses"],
         "domains 'red hair' and 'glasses' share 1 of the pictures of 'six'; 'red hair \\+ no gl"),
        ("attributes", ["hat", "no glasses"], "share 2 .*; 'hat \\+ glasses' would leave them"),
        ("attributes", ["red hair + hat", "red hair"], "share 1 of the pictures of 'six'\\.$"),
        ("classes", ["cat", "cat"], "'cat' and 'cat' share 3 of the pictures of 'six'\\.$"),
        (None, ["cat"], "'six' has no labels .*--labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_divided(labels, wanted, message):
    with pytest.raises(DataError, match=message) as error:
        split(data(labels), wanted)
    assert "\n" not in str(error.value)


def test_long_lists_of_names_are_cut():
    names = [f"class {i}" for i in range(50)]
    with pytest.raises(DataError, match=r"class 39 and 10 more\.$"):
        conditions.parse("zzz", names)


def test_every_third_picture_is_held_out_whatever_else_changes():
    known = data()
    kept, held = hold_out(known, 3)
    assert (colours(kept), colours(held)) == ([1, 2, 4, 5], [0, 3])
    np.testing.assert_array_equal(held.labels.values, np.array(VALUES)[[0, 3]])
    assert held.captions == (("picture 0",), ("picture 3",))
    assert len({known.fingerprint, kept.fingerprint, held.fingerprint}) == 3
    assert hold_out(data(), 3)[1].fingerprint == held.fingerprint
    assert hold_out(known, 2)[1].fingerprint != held.fingerprint
    assert hold_out(known, 10)[1].images.rows.tolist() == [0]  # never none
    assert hold_out(known, 0) == (known, known)
    with pytest.raises(DataError, match="Held out 1 in 1 leaves nothing"):
        hold_out(known, 1)


def test_those_that_fulfil_a_condition():
    found = where(data(), "red hair + no glasses")
    assert colours(found) == [0, 4]
    np.testing.assert_array_equal(found.labels.values, np.array(VALUES)[[0, 4]])
    assert found.captions == (("picture 0",), ("picture 4",))
    assert found.name == "six-red_hair___no_glasses"
    same = where(data(), "no glasses + red hair")
    assert found.fingerprint == same.fingerprint
    assert len({found.fingerprint, where(data(), "red hair").fingerprint, "f" * 12}) == 3
    assert colours(where(data("classes"), "no cat")) == [0, 2, 4]
    with pytest.raises(DataError, match=r"No picture of 'six' fulfils 'red hair \+ blue hair'"):
        where(data(), "red hair + blue hair")
    with pytest.raises(DataError, match="'six' has no labels"):
        where(data(None), "hat")


def test_few_pictures_and_all_others():
    assert [colours(part) for part in few(data(), 1)] == [[0], [1, 2, 3, 4, 5]]
    known = data()
    some, others = few(known, 2)
    assert (colours(some), colours(others)) == ([0, 3], [1, 2, 4, 5])
    np.testing.assert_array_equal(some.labels.values, np.array(VALUES)[[0, 3]])
    assert some.captions == (("picture 0",), ("picture 3",))
    assert len({known.fingerprint, some.fingerprint, others.fingerprint}) == 3
    assert few(known, 3)[0].fingerprint != some.fingerprint
    for count in (0, 6, 7):
        with pytest.raises(DataError, match=f"{count} of the pictures of 'six' leave none besides"):
            few(known, count)
