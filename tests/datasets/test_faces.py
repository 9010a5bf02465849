"""The drawn faces: the same everywhere, and labelled truthfully."""

import functools
import hashlib
import io

import numpy as np
import pytest
import resvg_py
from dicebear import Avatar
from PIL import Image, ImageColor

from datasets import ATTRIBUTES, GROUPS, faces, lorelei

# sha256 of the pixels at 64 px, with dicebear-core 10.7.0, dicebear-styles 10.6.0, resvg-py 0.5.0.
GOLDEN = {
    0: "d185d1913d5e74e3",
    1: "84dc26f9dd01257e",
    7: "7e8bef9d34971eef",
    100: "5f765d74403fecfb",
    19999: "96def6376f469209",
}
GOLDEN_LABELS = "02c44b97332474b6"


def attributes(index):
    return faces._plan(index)[1]


def test_the_34_attributes_in_the_order_of_the_notes():
    assert len(ATTRIBUTES) == len(set(ATTRIBUTES)) == 34
    assert ATTRIBUTES[:3] == ("blonde hair", "brown hair", "black hair")
    assert ATTRIBUTES[12:19] == (
        "grey hair", "long hair", "short hair", "twintails", "drill hair", "ponytail", "blush",
    )  # fmt: skip
    assert ATTRIBUTES[23:25] == ("glasses", "blue eyes")
    assert ATTRIBUTES[-1] == "orange eyes"
    assert [len(members) for members in GROUPS.values()] == [13, 10]


@pytest.mark.parametrize("index", GOLDEN)
def test_golden_pixels(index):
    pixels = faces.draw(index, 64)
    assert (pixels.shape, pixels.dtype) == ((64, 64, 3), np.uint8)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:16] == GOLDEN[index]


def test_golden_labels():
    values = faces.labels(200)
    assert values.dtype == np.float32
    assert hashlib.sha256(values.astype(np.uint8).tobytes()).hexdigest()[:16] == GOLDEN_LABELS


def test_one_hair_and_one_eye_colour_each_and_every_attribute_occurs():
    values = faces.labels(1500)
    for members in GROUPS.values():
        columns = [ATTRIBUTES.index(name) for name in members]
        assert (values[:, columns].sum(axis=1) == 1).all()
        share = values[:, columns].mean(axis=0) * len(columns)
        assert ((share > 0.6) & (share < 1.4)).all()
    assert (values.sum(axis=0) >= 30).all()


def test_long_and_short_exclude_each_other():
    values = faces.labels(500)
    both = values[:, ATTRIBUTES.index("long hair")] * values[:, ATTRIBUTES.index("short hair")]
    assert both.sum() == 0


def distance(pixels, colour):
    return np.abs(pixels.astype(int) - ImageColor.getrgb(colour)).max(axis=-1)


@pytest.mark.parametrize("index", range(12))
def test_the_hair_has_the_colour_of_its_label(index):
    """Within the shades of one name, a good part of the picture."""
    near = distance(faces.draw(index, 64), faces.HAIR[attributes(index)[0]]) <= 15
    assert near.mean() > 0.04


@pytest.mark.parametrize("palette", [faces.HAIR, faces.EYES])
def test_colours_are_distinct(palette):
    colours = [np.array(ImageColor.getrgb(colour)) for colour in palette.values()]
    for i, first in enumerate(colours):
        for second in colours[:i]:
            assert np.linalg.norm(first - second) > 40  # more than the shades of two names differ


def render(options):
    svg = lorelei.crop(str(Avatar(lorelei_style(), options)))
    png = resvg_py.svg_to_bytes(svg_string=svg, width=64, height=64, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


lorelei_style = functools.cache(lorelei.style)


def both_ways(index, **changed):
    """The share of the pixels of face `index` that change when some options do."""
    options = faces._plan(index)[0]
    return (render(options) != render({**options, **changed})).any(axis=-1).mean()


PART_OF = {"glasses": "glasses", "blush": "freckles", "hat": "headwear", "ribbon": "headwear",
           "twintails": "tails", "drill hair": "tails"}  # fmt: skip


@pytest.mark.parametrize("name", PART_OF)
def test_an_attribute_is_on_exactly_when_its_part_is_seen(name):
    """Taking the part away changes the picture when the label is on, and only then."""
    part = f"{PART_OF[name]}Probability"
    on = next(i for i in range(500) if name in attributes(i) and faces._plan(i)[0][part] == 100)
    assert both_ways(on, **{part: 0}) > 0.003
    wearing = {other for other, its in PART_OF.items() if its == PART_OF[name]}
    off = next(i for i in range(500) if not wearing & set(attributes(i)))
    assert both_ways(off, **{part: 0}) == 0


def test_eye_colour_is_seen_in_every_face():
    for index in range(60):
        assert both_ways(index, irisColor="#00ff00") > 0.0005, index


def lowest_hair(variant):
    """The lowest row of the hair on the 980 × 980 canvas, or None without any."""
    options = {**faces._plan(0)[0], **dict.fromkeys(
        ("tailsProbability", "headwearProbability", "glassesProbability"), 0)}  # fmt: skip
    options |= {"hairVariant": f"variant{variant}", "hairColor": "#ff00ff", "skinColor": "#ffffff"}
    options |= {"eyebrowsColor": "#ffffff", "irisColor": "#ffffff", "outlineColor": "#ffffff"}
    seen = distance(render(options), "#ff00ff") < 60
    rows = np.flatnonzero(seen.any(axis=1))
    _, top, size, _ = map(float, lorelei.VIEW_BOX.split())
    return top + (rows.max() + 1) * size / 64


CHIN = 757


@pytest.mark.parametrize("variant", lorelei.LONG + lorelei.LONG_PONYTAIL + lorelei.LONG_TWINTAILS)
def test_long_hair_falls_below_the_chin(variant):
    assert lowest_hair(variant) > CHIN


@pytest.mark.parametrize("variant", lorelei.SHORT)
def test_short_hair_ends_above_the_chin(variant):
    assert lowest_hair(variant) < CHIN - 50


def test_any_resolution_shows_the_same_face():
    small, other, large = (faces.draw(*face).astype(float) for face in ((3, 32), (4, 32), (3, 128)))
    shrunk = large.reshape(32, 4, 32, 4, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 6
    assert np.abs(shrunk - other).mean() > 20
