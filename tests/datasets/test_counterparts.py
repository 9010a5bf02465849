"""Faces drawn again: what an edit names changes, and nothing else."""

import hashlib
import pickle

import numpy as np
import pytest
from PIL import ImageColor

from datasets import ATTRIBUTES, DataError, Domains, counterparts, faces, lorelei, open_domains
from datasets.attributes import EYE_COLOURS, HAIR_COLOURS

FACES = range(24)


def both(first, second, indices=FACES):
    """Two versions of the faces → int (N, 64, 64, 3) twice, bool (N, 64, 64) where they differ."""
    one, other = (
        np.array([faces.draw(i, 64, edit) for i in indices]).astype(int) for edit in (first, second)
    )
    return one, other, (one != other).any(-1)


def with_hats(count=6):
    return [i for i in range(60) if faces.fits(i, {"hat": True})][:count]


def on(index, edit=None):
    return {n for n, v in zip(ATTRIBUTES, faces.labels_of([index], edit)[0], strict=True) if v}


# === Pixels ===


def test_no_edit_and_an_empty_one_change_nothing():
    np.testing.assert_array_equal(faces.draw(5, 32), faces.draw(5, 32, {}))
    np.testing.assert_array_equal(faces.labels_of([3, 1]), faces.labels(4)[[3, 1]])


def test_glasses_change_the_eyes_region_only():
    """About 3 % of the pixels, all of them around the eyes."""
    _, _, changed = both({"glasses": True}, {"glasses": False})
    assert 0.025 < changed.mean() < 0.04
    assert changed.mean((1, 2)).min() > 0.02
    rows, columns = np.nonzero(changed.any(0))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) >= (25, 40, 20, 50)
    assert (rows.max(), columns.max()) <= (45, 56)


def test_hair_changes_hair_and_eyebrows_only():
    """About 25 of 255 on average; skin, eyes and background are as they were."""
    red, blue, changed = both({"red hair": True}, {"blue hair": True})
    assert 20 < np.abs(red - blue).mean() < 30
    for i in FACES:
        skin = ImageColor.getrgb(faces._plan(i)[0]["skinColor"])
        background = ImageColor.getrgb(faces._plan(i)[0]["backgroundColor"])
        for colour, least in ((skin, 0.05), (background, 0.1)):
            same = np.abs(red[i] - colour).max(-1) == 0
            assert same.mean() > least
            assert not changed[i][same].any()


def test_all_of_the_hair_changes():
    """Aqua as hair has it is the colour of nothing else."""
    aqua, _, changed = both({"aqua hair": True}, {"red hair": True})
    for i in FACES:
        hair = np.abs(aqua[i] - ImageColor.getrgb(faces.HAIR["aqua hair"])).max(-1) <= 14
        assert hair.mean() > 0.04
        assert changed[i][hair].all()


def test_the_iris_stays_when_the_hair_changes():
    red = [faces._plan(i, {"red hair": True})[0] for i in FACES]
    green = [faces._plan(i, {"green hair": True})[0] for i in FACES]
    for first, second in zip(red, green, strict=True):
        differ = {name for name in first if first[name] != second[name]}
        assert differ == {"hairColor", "eyebrowsColor"}


def test_the_shade_of_a_face_is_the_same_in_every_colour():
    def shade(index, name, palette, option):
        drawn = ImageColor.getrgb(faces._plan(index, {name: True})[0][option])
        return tuple(np.subtract(drawn, ImageColor.getrgb(palette[name])))

    for i in FACES:  # colours that are not cut off at 0 or 255
        assert shade(i, "red hair", faces.HAIR, "hairColor") == shade(
            i, "purple hair", faces.HAIR, "hairColor"
        )
        assert shade(i, "green eyes", faces.EYES, "irisColor") == shade(
            i, "brown eyes", faces.EYES, "irisColor"
        )


def test_eye_colour_changes_the_irises_only():
    _, _, changed = both({"red eyes": True}, {"green eyes": True})
    assert 0.005 < changed.mean() < 0.02
    rows = np.nonzero(changed.any((0, 2)))[0]
    assert (rows.min(), rows.max()) >= (28, 34)
    assert rows.max() <= 42


@pytest.mark.parametrize(
    ("name", "least", "most", "top", "bottom"),
    [("smile", 0.005, 0.02, 42, 54), ("open mouth", 0.005, 0.02, 42, 54),
     ("blush", 0.01, 0.02, 36, 46)],
)  # fmt: skip
def test_a_mouth_or_a_blush_stays_in_its_place(name, least, most, top, bottom):
    _, _, changed = both({name: True}, {name: False})
    assert least < changed.mean() < most
    rows = np.nonzero(changed.any((0, 2)))[0]
    assert rows.min() >= top
    assert rows.max() <= bottom


def test_a_hat_covers_the_top():
    _, _, changed = both({"hat": True}, {"hat": False}, with_hats())
    assert 0.14 < changed.mean() < 0.2
    assert np.nonzero(changed.any((0, 2)))[0].max() <= 26


def test_one_frame_and_one_mouth_whatever_the_face_wore():
    """What is drawn on follows from the rest of the face."""
    wearing = next(i for i in range(200) if faces._plan(i)[0].get("glassesVariant") == "variant03")
    assert faces._plan(wearing, {"glasses": True})[0]["glassesVariant"] == "variant01"
    mouths = {
        faces._plan(i, {"smile": True, "open mouth": open_mouth})[0]["mouthVariant"]
        for i in range(40) for open_mouth in (True, False)
    }  # fmt: skip
    assert len(mouths) == 2


def test_every_edited_mouth_is_what_it_says():
    shown = {name: (bool(smile), bool(mouth)) for name, smile, mouth in lorelei.MOUTHS}
    assert {shown[name]: name for name in faces.EDITED_MOUTHS.values()} == faces.EDITED_MOUTHS


# === Labels ===


def test_true_labels_of_the_changed_face():
    for i in FACES:
        before = on(i)
        colours = before - set(HAIR_COLOURS) - set(EYE_COLOURS)
        after = on(i, {"aqua hair": True, "pink eyes": True, "glasses": True, "blush": False})
        assert after == (colours | {"aqua hair", "pink eyes", "glasses"}) - {"blush"}
        assert on(i, {"smile": False}) == before - {"smile"}
        assert on(i, {"open mouth": True}) == before | {"open mouth"}


def test_a_hat_takes_the_place_of_a_ribbon():
    ribboned = next(i for i in range(500) if "ribbon" in on(i) and faces.fits(i, {"hat": True}))
    assert on(ribboned, {"hat": True}) == (on(ribboned) | {"hat"}) - {"ribbon"}
    assert on(ribboned, {"hat": False}) == on(ribboned)
    np.testing.assert_array_equal(
        faces.draw(ribboned, 32, {"hat": False}), faces.draw(ribboned, 32)
    )


def test_hats_fit_on_some_hair():
    for i in range(30):
        fits = faces._plan(i)[0]["hairVariant"][-2:] in lorelei.UNDER_A_HAT
        assert faces.fits(i, {"hat": True}) == fits
        assert faces.fits(i, {"hat": False, "glasses": True})
    unfit = next(i for i in range(30) if not faces.fits(i, {"hat": True}))
    with pytest.raises(DataError, match=f"A hat does not fit on the hair of face {unfit}"):
        faces.draw(unfit, 16, {"hat": True})


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("twintails", "'twintails' cannot be added .*glasses, smile, open mouth, hat, blush"),
        ("no red hair", "'no red hair' does not say which colour"),
        ("red hair + pink hair", "one hair colour, not 'pink hair' and 'red hair'"),
        ("glases", "no label 'glases'; nearest: glasses"),
    ],
)
def test_edits_that_are_refused(condition, message):
    with pytest.raises(DataError, match=message) as error:
        counterparts.counterparts([0], condition, 16)
    assert "\n" not in str(error.value)


def test_edits_are_checked_by_whoever_draws():
    for wrong in ({"ribbon": True}, {"red eyes": False}):
        with pytest.raises(DataError):
            faces.draw(0, 16, wrong)
        with pytest.raises(DataError):
            faces.labels_of([0], wrong)


# === Counterparts and drawn pairs ===


@pytest.fixture
def drawn(tmp_path):
    def open_pairs(*conditions, count=12, resolution=16, **options) -> Domains:
        return open_domains(
            "faces", ("a", "b"), resolution, conditions=conditions, count=count,
            cache_dir=tmp_path / "cache", progress=False, **options,
        )  # fmt: skip

    return open_pairs


def test_counterparts_of_an_unpaired_split(drawn):
    source = drawn("no glasses", "glasses", count=40).parts["a"]
    changed = counterparts.counterparts(source.images.rows[:5], "glasses", 16)
    back = counterparts.counterparts(source.images.rows[:5], "no glasses", 16)
    assert (changed.shape, changed.dtype) == ((5, 16, 16, 3), np.uint8)
    np.testing.assert_array_equal(back, source.images[:5])
    assert all((one != two).any() for one, two in zip(changed, back, strict=True))
    assert counterparts.counterparts([], "glasses", 16).shape == (0, 16, 16, 3)


def test_drawn_pairs(drawn):
    domains = drawn("red hair", "blue hair + glasses", paired=True)
    assert domains.paired
    assert domains.titles == {"a": "red hair", "b": "blue hair + glasses"}
    assert domains.name == "faces-red_hair-blue_hair___glasses"
    red, blue = domains.parts.values()
    np.testing.assert_array_equal(red.images[3], faces.draw(3, 16, {"red hair": True}))
    edit = {"blue hair": True, "glasses": True}
    np.testing.assert_array_equal(blue.images[3], faces.draw(3, 16, edit))
    np.testing.assert_array_equal(red.labels.values, faces.labels_of(range(12), {"red hair": True}))
    np.testing.assert_array_equal(blue.labels.values, faces.labels_of(range(12), edit))
    assert red.folder == blue.folder
    assert np.load(red.folder / "images.npy").shape == (12, 2, 16, 16, 3)
    assert len({red.fingerprint, blue.fingerprint, domains.fingerprint}) == 3


def test_other_processes_can_draw_pairs():
    source = counterparts.source(("no glasses", "glasses"), None, 3)
    render = pickle.loads(pickle.dumps(source.render))
    pixels, enlarged = render(1, 16)
    assert (pixels.shape, enlarged) == ((2, 16, 16, 3), False)
    np.testing.assert_array_equal(pixels[1], faces.draw(1, 16, {"glasses": True}))


def test_pairs_with_hats_take_faces_that_they_fit_on(drawn):
    domains = drawn("no hat", "hat", paired=True, count=5)
    for k, index in enumerate(with_hats(5)):
        np.testing.assert_array_equal(
            domains.parts["b"].images[k], faces.draw(index, 16, {"hat": True})
        )
    assert domains.parts["b"].labels.values[:, ATTRIBUTES.index("hat")].tolist() == [1] * 5
    assert domains.notes == ["Only faces with hair that fits a hat are drawn."]


def test_other_pairs_have_another_fingerprint(drawn):
    usual = drawn("no glasses", "glasses", paired=True, count=3)
    others = [
        drawn("glasses", "no glasses", paired=True, count=3),
        drawn("no blush", "blush", paired=True, count=3),
        drawn("no glasses", "glasses", paired=True, count=2),
        drawn("no glasses", "glasses", paired=True, count=3, labels="none"),
        drawn("no glasses", "glasses", paired=True, count=3, resolution=8),
        drawn("no glasses", "glasses", count=40),
    ]
    assert len({domains.fingerprint for domains in (usual, *others)}) == 7
    assert others[3].parts["a"].labels is None


@pytest.mark.parametrize(
    ("conditions", "options", "message"),
    [
        (("glasses", "glasses"), {}, "must differ; both are 'glasses'"),
        (("twintails", "glasses"), {}, "'twintails' cannot be added"),
        (("no glasses", "glasses"), {"labels": "folders"}, "brings its own labels"),
    ],
)
def test_pairs_that_are_refused(drawn, conditions, options, message):
    with pytest.raises(DataError, match=message):
        drawn(*conditions, paired=True, **options)


def test_an_edited_face_is_the_same_everywhere():
    edit = {"blue hair": True, "green eyes": True, "glasses": True, "smile": True, "blush": True}
    pixels = faces.draw(7, 64, edit)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == GOLDEN


GOLDEN = "fcf060f79d0d7881"
