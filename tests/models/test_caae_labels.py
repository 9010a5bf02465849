"""CAAE's recipe: the ages and the second label that it takes, and what it refuses."""

import dataclasses

import numpy as np
import pytest

from datasets import Labels
from models import recipes
from models.systems.caae import labels as caae_labels
from tests.models import tiny_caae

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"form": "paper"}, "form paper lets the encoder play against D_z; give code_weight above"),
        ({"second_label": "Prior"}, "second_label cannot be 'Prior', which names another input"),
        ({"second_label": "codes"}, "second_label cannot be 'codes', which .* or a layer"),
        ({"warm_up": 4}, "warm_up 4 leaves no steps for the discriminators"),
        ({"form": "both"}, "unknown form 'both', known: released, paper"),
        ({"resolution": 8}, "resolution must be a whole number of at least 16"),
        ({"tile_ratio": 0.0}, "tile_ratio must be above 0"),
        ({"held_out": 1}, "held_out 1 keeps every picture out of training"),
        ({"variation_weight": -1.0}, "variation_weight must be at least 0"),
        ({"identity_weight": -1.0}, "identity_weight must be at least 0"),
        ({"batch_size": 1}, "batch_size must be a whole number of at least 2"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_caae.recipe(**changes)


def labels_of(kind, names, values, groups=()):
    return Labels(kind, tuple(names), np.asarray(values), dict(groups))


def test_ages_are_ordered_by_their_first_number():
    assert caae_labels.ordered(["10-19", "30+", "4 to 9"]) == ("4 to 9", "10-19", "30+")
    assert caae_labels.ordered(["adult", "child"]) == ("adult", "child")
    assert caae_labels.ordered(["age 10", "young"]) == ("age 10", "young")


def test_folders_are_taken_as_ages():
    found = caae_labels.taken(labels_of("classes", ["10-19", "4-9"], [1, 0, 0]))
    assert (found.kind, found.names) == ("attributes", ("4-9", "10-19"))
    assert found.groups == {"age": ("4-9", "10-19")}
    np.testing.assert_array_equal(found.values, [[1, 0], [0, 1], [0, 1]])


def test_the_labels_that_a_recipe_takes():
    values = np.array([[1, 0, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 1, 0]], "float32")
    names = ("f", "m", "age 20", "age 3", "x", "y", "z")
    groups = {"sex": ("f", "m"), "age": ("age 20", "age 3"), "eyes": ("x", "y", "z")}
    labels = labels_of("attributes", names, values, groups)
    alone, mine = dataclasses.replace(recipes.load("caae")).with_labels(labels)
    assert mine.names == ("age 3", "age 20")
    assert (alone.ages, alone.num_labels, alone.conditions) == (2, 2, {"age": 2})
    np.testing.assert_array_equal(mine.values, [[1, 0], [0, 1]])
    recipe = dataclasses.replace(recipes.load("caae"), second_label="eyes")
    fitted, mine = recipe.with_labels(labels)
    assert fitted.conditions == {"age": 2, "eyes": 3}
    np.testing.assert_array_equal(mine.values, [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0]])
    assert mine.groups == {"age": ("age 3", "age 20"), "eyes": ("x", "y", "z")}


@pytest.mark.parametrize(
    ("labels", "second", "words"),
    [
        (labels_of("attributes", ["hat"], [[1.0]]), "", "have labels but no ages; give --labels"),
        (labels_of("classes", ["7"], [0]), "", "all pictures have the same age, '7'; two are need"),
        (labels_of("classes", ["7", "9"], [0, 1]), "sex", "no label 'sex': it has the age alone"),
        (labels_of("attributes", ["a", "b", "c"], [[1, 0, 1]],
                   {"age": ("a", "b"), "hat": ("c",)}), "sex", "no label 'sex': it has 'hat'"),
        (labels_of("attributes", ["a", "b", "c"], [[1, 0, 1]],
                   {"age": ("a", "b"), "hat": ("c",)}), "hat", "same hat, 'c'; two are needed"),
    ],
)  # fmt: skip
def test_labels_that_are_refused(labels, second, words):
    recipe = dataclasses.replace(recipes.load("caae"), second_label=second)
    with pytest.raises(ValueError, match=words):
        recipe.with_labels(labels)
