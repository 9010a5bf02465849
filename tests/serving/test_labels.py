import numpy as np
import pytest

from console.errors import UserError
from models.systems.gan.recipe import GANRecipe
from serving.labels import LabelSet, of_metadata

HAIR = ("blue hair", "red hair", "black hair")
SET = LabelSet("attributes", (*HAIR, "smile", "glasses"), {"hair colour": HAIR})
PETS = LabelSet("classes", ("cat", "dog", "owl"))


def draw(labels, count=4000, wanted=None, seed=0):
    return labels.draw(count, np.random.default_rng(seed), wanted)


def test_parse_by_name():
    assert SET.parse(" Blue  hair, smile ,no glasses") == {0: True, 3: True, 4: False}
    assert SET.parse(["smile"]) == {3: True}
    assert SET.parse("") == {}
    assert PETS.parse("OWL") == {2: True}


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"'blu hair' \(did you mean blue hair\?\)\. Known: blue"):
        SET.parse("blu hair")
    with pytest.raises(UserError, match=r"unknown class 'cow'.*Known: cat, dog, owl"):
        PETS.parse("cow")
    with pytest.raises(UserError, match="unknown class 'no cat'"):
        PETS.parse("no cat")


def test_an_exact_name_comes_first():
    """Linux folders may differ in capitals alone."""
    pets = LabelSet("classes", ("A", "a", "big  dog", "Owl"))
    assert [pets.parse(word) for word in ("A", "a", "OWL")] == [{0: True}, {1: True}, {3: True}]
    assert pets.parse("big  dog") == pets.parse(" Big dog ") == {2: True}
    signs = LabelSet("attributes", ("Ab", "aB", "x"))
    with pytest.raises(UserError, match="'ab' could be 'Ab' or 'aB'; write it exactly so"):
        signs.parse("x, ab")
    assert signs.parse("no aB, Ab") == {1: False, 0: True}


def test_a_name_may_hold_a_comma():
    people = LabelSet("classes", ("Doe, John", "Doe", "John"))
    assert people.parse("doe,  john") == {0: True}
    assert people.parse("John") == {2: True}
    signs = LabelSet("attributes", ("Doe, John", "smile", "big, red hat"))
    wished = {0: False, 1: True, 2: True}
    assert signs.parse("big, red hat, no Doe, John,, smile") == wished
    assert signs.parse(["big, red hat", "no Doe, John, smile"]) == wished
    with pytest.raises(UserError, match=r"unknown attribute 'red'"):
        signs.parse("smile, red")


def test_names_that_exclude_each_other_are_refused():
    with pytest.raises(UserError, match="only one hair colour at a time, not blue hair and red"):
        SET.parse("blue hair, red hair")
    with pytest.raises(UserError, match="'smile' is asked for both on and off"):
        SET.parse("smile, no smile")
    with pytest.raises(UserError, match="only one class at a time"):
        PETS.parse("cat, dog")


def test_draws_one_of_each_group_as_often_as_in_the_data():
    shares = (0.5, 0.25, 0.0, 0.9, 0.1)  # a quarter of the pictures has no hair colour
    drawn = draw(LabelSet(SET.kind, SET.names, SET.groups, shares))
    assert drawn.dtype == np.float32
    assert set(drawn[:, :3].sum(axis=1)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(axis=0), shares, atol=0.03)


EXAMPLES = LabelSet(
    SET.kind, SET.names, SET.groups, (0.5, 0.25, 0.0, 0.9, 0.1), ("0 3", "1 3 4", "3", "0")
)


def rows(labels):
    """The distinct labels, as texts: "0 3"."""
    return {" ".join(map(str, np.flatnonzero(row))) for row in labels}


def test_labels_that_occur_together_are_drawn_together():
    drawn = draw(EXAMPLES)
    assert drawn.dtype == np.float32
    assert rows(drawn) == {"0 3", "1 3 4", "3", "0"}
    np.testing.assert_allclose(drawn.mean(axis=0), [0.5, 0.25, 0, 0.75, 0.25], atol=0.03)


def test_a_wish_leaves_the_rest_of_an_example():
    before = draw(EXAMPLES)
    red = draw(EXAMPLES, wanted=EXAMPLES.parse("red hair"))
    assert (red[:, :3] == [0, 1, 0]).all()
    np.testing.assert_array_equal(red[:, 3:], before[:, 3:])
    off = draw(EXAMPLES, wanted=EXAMPLES.parse("no blue hair"))
    assert (off[:, 0] == 0).all()
    assert off[:, 1].mean() > 0.25  # drawn in its place, as often as in the data
    np.testing.assert_array_equal(off[:, 3:], before[:, 3:])


def test_a_wish_that_an_example_lacks_takes_the_nearest_that_has_it():
    before = draw(EXAMPLES)
    glasses = draw(EXAMPLES, wanted=EXAMPLES.parse("glasses"))
    # Glasses occur with a smile alone; the colour of the hair stays.
    assert (glasses[:, 3:] == 1).all()
    np.testing.assert_array_equal(glasses[:, :3], before[:, :3])
    # No example has glasses without a smile: those that agree in one of both, then as wished.
    odd = draw(EXAMPLES, wanted=EXAMPLES.parse("glasses, no smile"))
    assert (odd[:, 3:] == [0, 1]).all()


def test_of_equally_near_examples_the_next_one_is_taken():
    names = ("a", "b", "c", "d")
    known = LabelSet("attributes", names, {}, None, ("1", "0 2", "0 3", "2"))
    drawn = draw(known, wanted={0: True})
    # "1" is 3 away from both others: the next one is "0 2". From "2" it is "0 2", 1 away.
    assert rows(drawn) == {"0 2", "0 3"}
    assert rows(draw(known)) == {"1", "0 2", "0 3", "2"}
    share = (drawn[:, 2] > 0).mean()
    assert share == pytest.approx(0.75, abs=0.03)


def test_examples_come_from_the_file_and_are_checked():
    recipe = GANRecipe(name="x", label_kind="attributes", num_labels=2)
    known = {"kind": "attributes", "names": ["a", "b"], "examples": ["0 1", ""]}
    assert of_metadata(recipe, known).examples == ("0 1", "")
    for wrong in ("2", "-1", "0,1", "x", "0" * 500):
        with pytest.raises(UserError, match="must be numbers from 0 to 1, not '"):
            of_metadata(recipe, {**known, "examples": ["1", wrong]})


def test_draws_something_sensible_where_shares_are_unknown():
    drawn = draw(SET)
    assert set(drawn[:, :3].sum(axis=1)) == {1.0}
    np.testing.assert_allclose(drawn.mean(axis=0), [1 / 3] * 3 + [0.25] * 2, atol=0.03)


def test_what_is_wanted_is_drawn_and_the_rest_is_left_alone():
    drawn = draw(SET, wanted=SET.parse("red hair, no smile"))
    assert (drawn[:, :4] == [0, 1, 0, 0]).all()
    np.testing.assert_array_equal(drawn[:, 4], draw(SET)[:, 4])
    off = draw(SET, wanted=SET.parse("no red hair"))
    assert (off[:, 1] == 0).all()
    assert (off[:, :3].sum(axis=1) == 1).all()


def test_draws_classes():
    drawn = draw(LabelSet("classes", PETS.names, shares=(0.7, 0.2, 0.1)))
    assert drawn.dtype == np.int32
    np.testing.assert_allclose(np.bincount(drawn) / len(drawn), (0.7, 0.2, 0.1), atol=0.03)
    assert (draw(PETS, 5, PETS.parse("dog")) == 1).all()


def test_what_a_wish_leaves_free():
    assert SET.free(SET.parse("red hair, smile")).tolist() == [False] * 4 + [True]
    assert SET.free(SET.parse("no red hair")).tolist() == [True, False, True, True, True]
    assert SET.free({}).all()
    assert not PETS.free({}).any()
    low, high = SET.limits()
    assert (low.tolist(), high.tolist()) == ([0] * 5, [1] * 5)


def test_describe():
    assert SET.describe(np.array([0, 1, 0, 1, 0])) == "red hair, smile"
    assert PETS.describe(np.int32(2)) == "owl"


def test_from_metadata():
    recipe = GANRecipe(name="x", label_kind="classes", num_labels=3)
    assert of_metadata(GANRecipe(name="x"), None) is None
    assert of_metadata(recipe, None).names == ("0", "1", "2")
    with pytest.raises(UserError, match="takes 3 labels but its file names 2"):
        of_metadata(recipe, {"names": ["a", "b"]})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"groups": {"hair": ["a", "red"]}}, "group 'hair' .* holds 'red', which is none of its"),
        ({"groups": {"hair": []}}, "group 'hair' .* holds no label"),
        ({"shares": [0.5]}, "must be 2 numbers from 0 to 1, not 1 of them"),
        ({"shares": [0.5, float("nan")]}, "must be 2 numbers from 0 to 1, not nan"),
        ({"shares": [0.5, float("inf")]}, "not inf"),
        ({"shares": [-0.1, 0.5]}, "not -0.1"),
    ],
)
def test_groups_and_shares_of_a_file_are_checked(changed, words):
    recipe = GANRecipe(name="x", label_kind="attributes", num_labels=2)
    known = {"names": ["a", "b"], "groups": {"hair": ["b"]}, "shares": [0, 1.0]}
    assert of_metadata(recipe, known).shares == (0, 1.0)
    assert of_metadata(recipe, known).groups == {"hair": ("b",)}
    with pytest.raises(UserError, match=words):
        of_metadata(recipe, {**known, **changed})
