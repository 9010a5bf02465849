"""Pairs of files: rows that belong together."""

import json

import numpy as np
import pytest
from PIL import Image

from datasets import Batches, DataError, open_domains
from tests.datasets.conftest import first_values, save_picture


@pytest.fixture
def pairs(tmp_path):
    """`open_domains` of pairs at 8 px, with its own cache folder and no progress bar."""

    def open_quietly(spec, resolution=8, **options):
        options = {"cache_dir": tmp_path / "cache", "progress": False, "paired": True, **options}
        return open_domains(spec, ("a", "b"), resolution, **options)

    return open_quietly


def save(folder, **colours):
    """Pictures by name, each of one colour."""
    for name, colour in colours.items():
        save_picture(folder / f"{name}.png", (colour, 0, 0))
    return folder


def double(path, left, right, size=8):
    """A picture whose left half has one colour and whose right half another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size, 2 * size, 3), np.uint8)
    pixels[:, :size, 0], pixels[:, size:, 0] = left, right
    Image.fromarray(pixels).save(path)


def reds(domains):
    return [first_values(np.asarray(part.images)) for part in domains.parts.values()]


# === Two folders ===


def test_files_of_the_same_name(pairs, tmp_path):
    save(tmp_path / "d" / "trainB", x=11, y=12, z=13, lone=14)
    save(tmp_path / "d" / "trainA", z=3, x=1, alone=9)
    save(tmp_path / "d" / "trainA" / "deep", x=4)
    save(tmp_path / "d" / "trainB" / "deep", x=15)
    save_picture(tmp_path / "d" / "trainA" / "y.bmp", (2, 0, 0))  # another ending
    save_picture(tmp_path / "d" / "trainA" / "y.png", (99, 0, 0))  # comes after y.bmp
    found = pairs(tmp_path / "d")
    assert reds(found) == [[4, 1, 2, 3], [15, 11, 12, 13]]
    assert found.paired
    assert list(found.titles.values()) == ["trainA", "trainB"]
    assert found.name == "d"
    assert found.left_out == [
        ("trainA/y.png", "has the name of 'y.bmp'"),
        ("trainA/alone.png", "has no partner in 'trainB'"),
        ("trainB/lone.png", "has no partner in 'trainA'"),
    ]
    first, second = found.parts.values()
    assert (first.name, second.name) == ("d-trainA", "d-trainB")
    assert first.folder == second.folder
    assert first.labels is None
    stored = np.load(first.folder / "images.npy")
    assert stored.shape == (4, 2, 8, 8, 3)
    meta = json.loads((first.folder / "meta.json").read_text())
    assert len(meta["left_out"]) == 3  # remembered by the cache
    assert found.report()[:3] == [
        "a: 4 pairs of 'trainA'", "b: 4 pairs of 'trainB'", "Pictures left out: 3"
    ]  # fmt: skip


def test_two_given_folders(pairs, tmp_path):
    first, second = save(tmp_path / "in", x=1, y=2), save(tmp_path / "out", x=3, y=4)
    found = pairs(first, spec_b=second)
    assert reds(found) == [[1, 2], [3, 4]]
    assert (found.name, list(found.titles.values())) == ("in-out", ["in", "out"])
    assert pairs(first, spec_b=second, labels="none").fingerprint == found.fingerprint
    for part in found.parts.values():  # views on the read-only map, not copies of it
        assert not part.images.array.flags.writeable


def test_a_bad_picture_leaves_out_both(pairs, tmp_path):
    save(tmp_path / "d" / "a", u=1, v=2, w=3, x=4)
    save(tmp_path / "d" / "b", u=11, v=12, w=13, x=14)
    (tmp_path / "d" / "a" / "v.png").write_bytes(b"")
    (tmp_path / "d" / "b" / "w.png").write_bytes(b"no picture")
    found = pairs(tmp_path / "d")
    assert reds(found) == [[1, 4], [11, 14]]
    assert found.left_out == [
        ("a/v.png and b/v.png", "a/v.png: the file is empty"),
        ("a/w.png and b/w.png", "b/w.png: not a picture, or damaged at its start"),
    ]


def test_a_count_of_pairs(pairs, tmp_path):
    names = {name: i for i, name in enumerate("uvwxyz")}
    save(tmp_path / "d" / "a", **names)
    save(tmp_path / "d" / "b", **names)
    assert reds(pairs(tmp_path / "d", count=3)) == [[0, 2, 4]] * 2
    found = pairs(tmp_path / "d", count=7)
    assert len(found.parts["a"].images) == 6
    assert found.notes == ["7 pairs were asked for; there are 6."]
    assert pairs(tmp_path / "d", count=6, cache_dir=tmp_path / "other").notes == []


def test_a_changed_or_a_lone_file_is_noticed(pairs, tmp_path):
    save(tmp_path / "d" / "a", x=1)
    save(tmp_path / "d" / "b", x=2)
    prints = [pairs(tmp_path / "d").fingerprint]
    save(tmp_path / "d" / "b", y=3)
    prints.append(pairs(tmp_path / "d").fingerprint)
    save(tmp_path / "d" / "b", x=4)
    found = pairs(tmp_path / "d")
    assert len({*prints, found.fingerprint}) == 3
    assert reds(found) == [[1], [4]]


def test_smaller_pictures_are_counted_as_pairs(pairs, tmp_path):
    for name, sizes in {"x": (8, 40), "y": (40, 40), "z": (40, 8)}.items():
        for folder, size in zip("ab", sizes, strict=True):
            save_picture(tmp_path / "d" / folder / f"{name}.png", size=size)
    (note,) = pairs(tmp_path / "d", 16).notes
    assert note.startswith("2 of 3 pictures are smaller than 16 px")


# === Side by side ===


def test_both_in_one_picture(pairs, tmp_path):
    for i in range(3):
        double(tmp_path / "d" / f"{i}.png", i, 10 + i)
    save(tmp_path / "d", **{"-": 9})  # comes first
    save_picture(tmp_path / "d" / "wide.png", size=(24, 8))
    found = pairs(tmp_path / "d")
    assert reds(found) == [[0, 1, 2], [10, 11, 12]]
    assert [np.unique(part.images[:, :, :, 0][0]).tolist() for part in found.parts.values()] == [
        [0], [10]
    ]  # fmt: skip
    assert list(found.titles.values()) == ["left", "right"]
    assert found.left_out == [
        ("-.png", "8 × 8, not twice as wide as high"),
        ("wide.png", "24 × 8, not twice as wide as high"),
    ]
    assert reds(pairs(tmp_path / "d", count=2)) == [[1], [11]]  # "-.png", which is bad, and 1.png


def test_halves_are_resized_each_for_itself(pairs, tmp_path):
    double(tmp_path / "d" / "0.png", 0, 200, size=32)
    left, right = pairs(tmp_path / "d").parts.values()
    assert (left.images[0][..., 0] == 0).all()  # nothing of the other half shows at the seam
    assert (right.images[0][..., 0] == 200).all()
    assert left.notes == []
    assert "1 of 1 pictures are smaller" in pairs(tmp_path / "d", 64).notes[0]


# === What does not fit ===


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("other", {}, r"No picture of 'other/a' \('x.png'\) has a partner in 'other/b' \('y.png'"),
        ("square", {}, r"'square' holds no pairs: 'x.png' is 8 × 8. .*same names.*twice as wide"),
        ("bad", {}, "'bad' holds no pairs: 'x.png' cannot be read .not a picture.*same names"),
        ("facades", {}, "holds train and val, the parts of one data set.*'facades/train'"),
        ("missing", {}, "There is no folder 'missing'"),
        ("faces", {}, "There are no pairs of 'faces': .*faces and --domains"),
        ("square", {"spec_b": "mnist"}, "There are no pairs of 'mnist'"),
        ("square", {"spec_b": "square"}, "'square' lies in 'square'"),
        ("square", {"conditions": ("x", "y")}, "Only 'faces' can be drawn .*, not 'square'"),
        ("square", {"labels": "folders"}, "Pairs of files take no labels; --labels folders"),
    ],
)
def test_what_is_refused(pairs, tmp_path, monkeypatch, spec, options, message):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "other" / "a", x=1)
    save(tmp_path / "other" / "b", y=1)
    save(tmp_path / "square", x=1)
    save(tmp_path / "bad", x=1)
    (tmp_path / "bad" / "x.png").write_bytes(b"no picture")
    for part in ("train", "val"):
        double(tmp_path / "facades" / part / "1.png", 1, 2)
    with pytest.raises(DataError, match=message) as error:
        pairs(spec, **options)
    assert "\n" not in str(error.value)


# === Batches ===


def test_rows_and_mirrors_of_a_pair_stay_together(pairs, tmp_path):
    """A dark left column shows the mirroring; pair i has the colours i and 100 + i."""
    for i in range(20):
        for folder, colour in (("a", i), ("b", 100 + i)):
            pixels = np.full((8, 8, 3), colour + 1, np.uint8)
            pixels[:, 0] = 0
            (tmp_path / "d" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "d" / folder / f"{i:02}.png")
    parts = pairs(tmp_path / "d").parts.values()
    first, second = (Batches(part, 10, seed=4, mirror=True, stream=2) for part in parts)
    mirrored = 0
    for step in range(5):
        one, other = first.batch(step)[0], second.batch(step)[0]
        np.testing.assert_array_equal(one[:, 4, 4] + 100, other[:, 4, 4])
        np.testing.assert_array_equal(one[:, 0, 0] == 0, other[:, 0, 0] == 0)
        mirrored += (one[:, 0, 0, 0] > 0).sum()
    assert 10 < mirrored < 40
