"""The drawn persons at five ages: the same everywhere, true labels, exact counterparts."""

import hashlib
import pickle

import numpy as np
import pytest
from PIL import ImageColor

from datasets import ages, faces, open_data, sources
from datasets.errors import DataError

SOME = range(24)
GOLDEN = "7d944f96101a6504"


def test_golden_pixels():
    pixels = ages.counterparts(range(3), 64, age=4, sex=1)
    assert (pixels.shape, pixels.dtype) == ((3, 64, 64, 3), np.uint8)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == GOLDEN


def test_ages_and_sexes_are_uniform_and_independent_of_each_other_and_of_the_face():
    values = ages.labels(6000)
    age, sex = values[:, :5].argmax(axis=1), values[:, 5:].argmax(axis=1)
    assert (values[:, :5].sum(axis=1) == 1).all()
    assert (values[:, 5:].sum(axis=1) == 1).all()
    table = np.array([[((age == a) & (sex == s)).mean() for s in (0, 1)] for a in range(5)])
    np.testing.assert_allclose(table, 0.1, atol=0.015)
    hair = faces.labels(1500)[:, :13].argmax(axis=1)
    assert abs(np.corrcoef(hair, sex[:1500])[0, 1]) < 0.07
    assert abs(np.corrcoef(hair, age[:1500])[0, 1]) < 0.07


def test_labels_say_what_is_drawn():
    values = ages.labels(40)
    assert ages.NAMES == ("age 0", "age 1", "age 2", "age 3", "age 4", "female", "male")
    for index in range(40):
        age, sex = ages.person(index)
        assert values[index].nonzero()[0].tolist() == [age, 5 + sex]
        own = ages.draw(index, 16)
        np.testing.assert_array_equal(own, ages.draw(index, 16, age, sex))


def test_the_sex_shows_from_age_2_on_and_not_before():
    for index in SOME:
        for age in range(5):
            female, male = (ages.draw(index, 64, age, sex) for sex in (0, 1))
            changed = (female != male).any(axis=2)
            assert changed.any() == (age >= 2), (index, age)
            assert not changed[:32].any()  # a beard is in the lower half


def test_hair_becomes_grey_at_ages_3_and_4():
    grey = np.array(ImageColor.getrgb(ages.GREY))
    for index in SOME:
        own = np.array(ImageColor.getrgb(faces.look(index)["hairColor"]))
        shown = [own, own, own, np.rint(0.55 * own + 0.45 * grey), np.rint(0.1 * own + 0.9 * grey)]
        for age, colour in enumerate(shown):
            pixels = ages.draw(index, 128, age, 0).astype(int)
            near = (np.abs(pixels - colour).max(axis=2) <= 1).sum()
            assert near > 200, (index, age)  # of 16 384; a hat leaves the least


def test_eyes_become_smaller():
    """Pixels in which an eye differs from a face without eyes: fewer from age to age."""
    for index in (0, 3, 8, 12):
        areas = []
        for age in range(3):  # from 3 on the hair changes too
            options = faces.look(index)
            blind = options | {"eyesProbability": 0}
            style = ages._style(age)
            both = (faces.render(each, 128, style).astype(int) for each in (options, blind))
            areas.append((np.abs(np.subtract(*both)).max(axis=2) > 8).sum())
        assert areas == sorted(areas, reverse=True), (index, areas)
        assert areas[0] > 1.15 * areas[2]


def test_nothing_else_changes_with_age():
    """The border shows the background, and all that is far from eyes, hair and beard stays."""
    for index in SOME:
        young, old = (ages.draw(index, 64, age, 0).astype(int) for age in (0, 2))
        changed = (young != old).any(axis=2)
        assert changed.any()
        rows = np.flatnonzero(changed.any(axis=1))
        assert rows.min() >= 16, index
        assert rows.max() <= 44, index


def test_as_a_data_set(tmp_path):
    data = open_data("ages", 16, count=30, cache_dir=tmp_path, progress=False)
    assert data.name == "ages"
    assert (data.labels.kind, data.labels.names) == ("attributes", ages.NAMES)
    assert data.labels.groups == {"age": ages.AGES, "sex": ages.SEXES}
    np.testing.assert_array_equal(data.labels.values, ages.labels(30))
    for index in (0, 7, 29):
        np.testing.assert_array_equal(data.images[index], ages.draw(index, 16))
    bare = open_data("ages", 16, labels="none", count=30, cache_dir=tmp_path, progress=False)
    assert bare.labels is None
    others = [data, bare, open_data("faces", 16, count=30, cache_dir=tmp_path, progress=False)]
    assert len({each.fingerprint for each in others}) == 3


def test_other_processes_can_draw_them():
    source = sources.find("ages", None, 3)
    render = pickle.loads(pickle.dumps(source.render))
    pixels, enlarged = render(1, 16)
    np.testing.assert_array_equal(pixels, ages.draw(1, 16))
    assert not enlarged
    assert source.describe(1) == "person 1"
    assert sources.find("ages", None, None).count == 20_000


def test_counterparts_take_their_own_sex_unless_told():
    made = ages.counterparts([4, 9], 16, 3)
    for row, index in zip(made, (4, 9), strict=True):
        np.testing.assert_array_equal(row, ages.draw(index, 16, 3, ages.person(index)[1]))
    assert ages.counterparts([], 16, 3).shape == (0, 16, 16, 3)


def test_other_labels_are_refused():
    with pytest.raises(DataError, match="'ages' brings its own labels"):
        sources.find("ages", "folders", None)
