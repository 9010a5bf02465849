"""Cutting, quality, outliers, decisions: each by numbers worked out by hand."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.spatial.distance import cdist

from benchmarks import scenes
from curation import decisions, manifest, outliers, quality
from curation.crop import cut, middle
from curation.decisions import Rules
from curation.detection import Square
from datasets.errors import DataError


def counted(height: int, width: int) -> Image.Image:
    """A picture whose red is the column and whose green is the row."""
    row, column = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([column, row, 0 * row], axis=2).astype(np.uint8))


@pytest.mark.parametrize(
    ("square", "columns", "rows", "padding"),
    [
        (Square(2, 1, 3), [2, 3, 4], [1, 2, 3], 0),
        (Square(-2, 1, 4), [0, 0, 0, 1], [1, 2, 3, 4], 0.5),
        (Square(5, 4, 4), [5, 6, 7, 7], [4, 5, 5, 5], 1 - 3 * 2 / 16),
        (Square(20, 0, 2), [7, 7], [0, 1], 0.5),
    ],
)
def test_squares_come_from_the_pictures_own_pixels(square, columns, rows, padding):
    crop, share = cut(counted(6, 8), square)
    pixels = np.asarray(crop)
    assert pixels.shape == (square.side, square.side, 3)
    assert pixels[0, :, 0].tolist() == columns
    assert pixels[:, 0, 1].tolist() == rows
    assert share == pytest.approx(padding)


def test_the_middle_of_a_picture():
    assert middle(counted(4, 9)) == Square(2, 0, 4)


def test_sharpness_falls_with_blur_and_with_enlarging():
    sharp = scenes.portrait(0, 256)
    small = sharp.resize((48, 48), Image.Resampling.LANCZOS)
    values = [quality.sharpness(p) for p in (sharp, sharp.filter(ImageFilter.GaussianBlur(3)),
                                             small.resize((256, 256)))]  # fmt: skip
    assert values[0] > 3 * max(values[1:])
    # The Laplacian of a checkerboard of 0 and 255 is ±4 · 255 inside.
    board = Image.fromarray((np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8))
    assert quality.sharpness(board.convert("RGB")) == pytest.approx(1020**2, rel=0.05)
    # A ramp has none inside, and none beyond its border: its last values continue.
    ramp = Image.fromarray(np.tile(np.arange(128, dtype=np.uint8), (128, 1))).convert("RGB")
    assert quality.sharpness(ramp) < 1


def test_chroma():
    assert quality.chroma(Image.new("RGB", (40, 40), (90, 90, 90))) == 0
    assert quality.chroma(Image.new("RGB", (40, 40), (90, 200, 50))) == 150
    half = Image.new("RGB", (128, 128), (90, 200, 50))
    half.paste((255, 255, 255), (0, 0, 128, 64))  # no colour there, but a wider range over all
    assert quality.chroma(half) == 75


def test_ranks():
    assert quality.ranks(np.array([5.0, 1.0, 9.0])).tolist() == [0.5, 0.0, 1.0]
    assert quality.ranks(np.array([3.0])).tolist() == [0.0]
    assert quality.ranks(np.array([3.0, 1.0])).tolist() == [1.0, 0.0]
    equal = quality.ranks(np.zeros(40))  # in their order, as the page shows them again
    assert (equal == np.arange(40) / 39).all()


def test_the_neighbours_distance_agrees_with_scipys():
    features = np.random.default_rng(0).normal(size=(150, 12)).astype(np.float32)
    expected = np.sort(cdist(features, features), axis=1)[:, 25]
    np.testing.assert_allclose(outliers.neighbour_distance(features), expected, rtol=1e-4)


def test_alike_junk_ranks_above_the_good():
    rng = np.random.default_rng(1)
    good = rng.normal(size=(300, 32)) * 0.3 + 2
    junk = rng.normal(size=(15, 32)) * 0.01 + np.r_[np.full(16, 2), np.full(16, -2)]
    scores = outliers.scores(np.concatenate([good, junk]).astype(np.float32))
    assert scores[300:].min() > scores[:300].max()


def test_many_faces_are_compared_with_some(monkeypatch):
    features = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    monkeypatch.setattr(outliers, "REFERENCES", 100)
    some = outliers.neighbour_distance(features)
    monkeypatch.setattr(outliers, "REFERENCES", 400)
    everything = outliers.neighbour_distance(features)
    assert np.corrcoef(some, everything)[0, 1] > 0.9
    assert not np.allclose(some, everything)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_few_faces_have_scores(count):
    assert len(outliers.scores(np.eye(8, dtype=np.float32)[:count])) == count


def face(**values):
    return {"file": "f.png", "side": 100, "aspect": 1.0, "chroma": 50.0, "picture": "p.png",
            "sharpness": 1.0, **values}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"side": 63}, "small: 63 px, below 64"),
        ({"side": 64}, ""),
        ({"aspect": 2.01}, "aspect: 2.01, above 2"),
        ({"aspect": 2.0}, ""),
        ({"chroma": 3.9}, "grey"),
        ({"chroma": 4.0}, ""),
    ],
)
def test_reasons(values, reason):
    assert Rules(grey=True).reason(face(**values)) == reason


def test_grey_is_dropped_only_where_asked():
    assert Rules().reason(face(chroma=0.0)) == ""


def test_a_copy_stays_when_the_larger_one_is_bad():
    thumbnails = np.stack([np.asarray(scenes.portrait(0, 16))] * 3)
    faces = [face(file="a", side=90), face(file="b", side=200), face(file="c", side=80)]
    found = decisions.found_reasons(faces, thumbnails, Rules(), set(), set(), recut=False)
    assert found == ["copy of b", "", "copy of b"]
    faces[1]["aspect"] = 9.0
    found = decisions.found_reasons(faces, thumbnails, Rules(), set(), set(), recut=False)
    assert found == ["", "aspect: 9, above 2", "copy of a"]
    found = decisions.found_reasons(faces, thumbnails, Rules(), set(), {"a"}, recut=False)
    assert found == ["its file is gone", "aspect: 9, above 2", ""]


def test_a_persons_word_counts_most():
    faces = [face(file=name) for name in "abc"]
    by_hand = {"a": False, "b": True}
    assert decisions.final_reasons(faces, ["grey", "", ""], by_hand) == ["", "by hand", ""]


@pytest.mark.parametrize(
    ("lines", "decided"),
    [
        ({}, {}),
        ({"b-22-0.png": True}, {"b-22-0.png": True}),
        ({"old-11-1.png": True}, {"a/new-11-1.png": True}),  # the second face of that picture
        ({"b-11-1.png": False}, {"a/new-11-1.png": False}),  # b.png had those contents once
        (
            {"old-11-0.png": False, "a/new-11-0.png": True},
            {"old-11-0.png": False, "a/new-11-0.png": True},
        ),
        ({"b-33-0.png": True}, {"b-33-0.png": True}),  # contents that are nowhere now
        ({"nobody.png": True}, {"nobody.png": True}),
    ],
)
def test_decisions_follow_contents(lines, decided):
    names = {"old": ("old-11-0.png", "old-11-1.png"), "b": ("b-22-0.png",),
             "a/new": ("a/new-11-0.png", "a/new-11-1.png")}  # fmt: skip
    faces = [{"file": file, "picture": name} for name, some in names.items() for file in some]
    assert decisions.follow(lines, faces, {"old"}) == decided


def test_drop_txt(tmp_path):
    path = tmp_path / "drop.txt"
    assert decisions.read(path) == {}
    path.write_bytes(b"\xef\xbb\xbfdrop a b.png\r\nkeep c.png\n\n# said later\nd.png\nkeep\n")
    expected = {"a b.png": True, "c.png": False, "d.png": True, "keep": True}
    assert decisions.read(path) == expected
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="Cannot read the decisions"):
        decisions.read(path)


def test_attributes_by_the_most_probable_of_a_group():
    tags = {"blonde hair": 0.6, "brown hair": 0.7, "smile": 0.36, "hat": 0.35, "blue eyes": 0.3,
            "red eyes": 0.2}  # fmt: skip
    assert manifest.attributes(tags, 0.35) == {"brown hair", "smile"}
    assert manifest.attributes(tags, 0.25) == {"brown hair", "smile", "hat", "blue eyes"}
    assert manifest.attributes({"blue eyes": 0.9}, 0.35) == {"blue eyes"}
