"""Augmentations: DiffAugment by hand, ADA against its authors' pipeline, and what both leave alone.

`golden/ada.npz` was made with torch 2.14 on a CPU from `training/augment.py` of
github.com/NVlabs/stylegan2-ada-pytorch (main, 2022): `AugmentPipe(…=1)` with p = 1, on x, one
operation or several at a time, with `debug_percentile` q. That sets every uniform number to q,
every normal number to erfinv(2q - 1), and the second rotation to none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from keras import ops
from scipy.special import erfinv

from models import augmentation, autodiff

GOLDEN = np.load(Path(__file__).with_name("golden") / "ada.npz")
# Name in the file → our operations, q.
ADA = {
    "flip": ("flip", 0.9),
    "rotate90": ("rotate90", 0.3),
    "shift": ("shift", 0.9),
    "scale": ("scale", 0.8),
    "rotate": ("rotate", 0.6),
    "stretch": ("stretch", 0.8),
    "move": ("move", 0.7),
    "all_geometry": ("pixel,geometry", 0.8),
    "brightness": ("brightness", 0.8),
    "contrast": ("contrast", 0.8),
    "lumaflip": ("lumaflip", 0.8),
    "hue": ("hue", 0.8),
    "saturation": ("saturation", 0.8),
    "all_colour": ("colour", 0.8),
    "cutout": ("cutout", 0.3),
}
RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (3, 10, 12, 3)).astype("float32")


def numbers_of(made, q):
    """The numbers with which an augmentation does what the authors' does at percentile q."""
    uniform, rotated = [], False
    for each in made.operations:
        gate = 2.0 if each.name == "rotate" and rotated else 0.0  # never, or always
        rotated |= each.name == "rotate"
        uniform += [gate, *[q] * (each.uniform - 1)]
    normal = [erfinv(2 * q - 1)] * made.normal
    return np.float32([[*uniform, *normal]])


def run(made, pictures, numbers, p=1.0):
    return np.array(made(ops.convert_to_tensor(pictures), ops.convert_to_tensor(numbers), p))


@pytest.mark.parametrize("name", ADA)
def test_ada_equals_its_authors(name):
    wanted, q = ADA[name]
    made = augmentation.get("ada", wanted)
    found = run(made, GOLDEN["x"], numbers_of(made, q))
    inside = np.s_[:]
    if name in ("scale", "rotate", "stretch", "move", "all_geometry"):
        # Beyond three times its size the authors' picture is black, ours its edge.
        inside = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(found[inside], GOLDEN[name][inside], atol=2e-4)
    assert np.abs(found - GOLDEN["x"]).max() > 0.05


@pytest.mark.parametrize(
    ("name", "wanted"), [("ada", "pixel,geometry,colour,cutout"), ("diffaug", "")]
)
def test_p_0_changes_nothing_and_p_the_share(name, wanted):
    made = augmentation.get(name, wanted)
    pictures = np.repeat(PICTURES[:1], 400, axis=0)
    numbers = made.draw(np.random.default_rng(1), (400,))
    np.testing.assert_allclose(run(made, pictures, numbers, 0.0), pictures, atol=1e-6)
    only = augmentation.get(name, "brightness")
    numbers = only.draw(np.random.default_rng(1), (400,))
    changed = np.abs(run(only, pictures, numbers, 0.3) - pictures).max(axis=(1, 2, 3)) > 1e-6
    assert changed.mean() == pytest.approx(0.3, abs=0.07)


def test_ada_happens_as_often_as_asked_also_where_there_are_two_rotations():
    """One or both of the rotations happen with probability p: 1 - (1 - q)² = p."""
    made = augmentation.get("ada", "rotate")
    numbers = made.draw(np.random.default_rng(1), (400,))
    pictures = np.repeat(PICTURES[:1], 400, axis=0)
    changed = np.abs(run(made, pictures, numbers, 0.6) - pictures).max(axis=(1, 2, 3)) > 1e-4
    assert changed.mean() == pytest.approx(0.6, abs=0.07)


@pytest.mark.parametrize(
    ("name", "across", "down"),
    [
        ("shift", [0.0, 0.9, 0.5], [0.0, 0.5, 0.9]),
        ("move", [0.0, 0.7, 0.0], [0.0, 0.0, 0.7]),
    ],
)
def test_adas_two_directions_have_a_number_each(name, across, down):
    """The first moves pictures sideways, which changes no picture of rows, the second down."""
    made = augmentation.get("ada", name)
    rows = np.repeat(PICTURES[:1, :, :1], 12, axis=2)
    columns = np.repeat(PICTURES[:1, :1], 10, axis=1)
    for numbers, alike, other in ((across, rows, columns), (down, columns, rows)):
        numbers = np.float32([numbers])
        np.testing.assert_allclose(run(made, alike, numbers), alike, atol=1e-5)
        assert np.abs(run(made, other, numbers) - other).max() > 0.1


def test_adas_hole_lies_where_its_numbers_say():
    """A quarter of the width and three of the height: rows 5 to 9 of 10, columns 0 to 5 of 12."""
    found = run(augmentation.get("ada", "cutout"), PICTURES[:1], np.float32([[0.0, 0.25, 0.75]]))
    expected = PICTURES[:1].copy()
    expected[:, 5:10, 0:6] = 0
    np.testing.assert_allclose(found, expected, atol=1e-6)


# === DiffAugment ===


def test_diffaugment_of_some_pictures_goes_by_a_number_of_its_own():
    found = run(augmentation.get("diffaug", "brightness"), PICTURES[:2],
                np.float32([[0.4, 0.9], [0.6, 0.1]]), 0.5)  # fmt: skip
    np.testing.assert_allclose(found[0], PICTURES[0] + 0.4, atol=1e-6)
    np.testing.assert_array_equal(found[1], PICTURES[1])


def diffaug(wanted, u, pictures=PICTURES):
    made = augmentation.get("diffaug", wanted)
    return run(made, pictures, np.float32([[0.0, *row] for row in u]))


def test_colours_by_hand():
    u = [[0.9], [0.1], [0.5]]
    np.testing.assert_allclose(
        diffaug("brightness", u), PICTURES + np.float32([0.4, -0.4, 0])[:, None, None, None],
        atol=1e-6,
    )  # fmt: skip
    mean = PICTURES.mean(axis=-1, keepdims=True)
    factor = np.float32([1.8, 0.2, 1.0])[:, None, None, None]
    expected = (PICTURES - mean) * factor + mean
    np.testing.assert_allclose(diffaug("saturation", u), expected, atol=1e-6)
    mean = PICTURES.mean(axis=(1, 2, 3), keepdims=True)
    factor = np.float32([1.4, 0.6, 1.0])[:, None, None, None]
    expected = (PICTURES - mean) * factor + mean
    np.testing.assert_allclose(diffaug("contrast", u), expected, atol=1e-6)


def test_translation_by_hand():
    """Of 10 × 12: one row (10 / 8 rounded) and two columns (12 / 8) at most, zeros come in.

    As in the authors' code, pixel i shows pixel i + shift.
    """
    u = [[0.0, 0.0], [0.999, 0.999], [0.5, 0.5]]
    found = diffaug("translation", u)
    padded = np.pad(PICTURES, ((0, 0), (1, 1), (2, 2), (0, 0)))
    np.testing.assert_allclose(found[0], padded[0, 0:10, 0:12], atol=1e-6)
    np.testing.assert_allclose(found[1], padded[1, 2:12, 4:16], atol=1e-6)
    np.testing.assert_allclose(found[2], PICTURES[2], atol=1e-6)


def test_translations_are_equally_frequent():
    made = augmentation.get("diffaug", "translation")
    numbers = made.draw(np.random.default_rng(0), (3000,))
    rows = np.floor(numbers[:, 1] * 3)  # -1, 0 and 1 of 10 rows
    _, counts = np.unique(rows, return_counts=True)
    np.testing.assert_allclose(counts / 3000, 1 / 3, atol=0.04)


def test_cutout_by_hand():
    """5 × 6 of 10 × 12; centres from 0 to 9 (an odd length: 10 places) and from 0 to 12 (13)."""
    found = diffaug("cutout", [[0.0, 0.0], [0.55, 0.5], [0.999, 0.999]])
    for index, (top, left) in enumerate([(0 - 2, 0 - 3), (5 - 2, 6 - 3), (9 - 2, 12 - 3)]):
        expected = PICTURES[index].copy()
        expected[max(top, 0) : top + 5, max(left, 0) : left + 6] = 0
        np.testing.assert_allclose(found[index], expected, atol=1e-6)


# === Both ===


@pytest.mark.parametrize("name", ["ada", "diffaug"])
@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparent_pictures(name, channels):
    made = augmentation.get(name, "colour")
    numbers = made.draw(np.random.default_rng(2), (3,))
    if channels == 4:
        pictures = np.concatenate([PICTURES, PICTURES[..., :1]], axis=-1)
        found = run(made, pictures, numbers)
        np.testing.assert_array_equal(found[..., 3], pictures[..., 3])
        np.testing.assert_allclose(found[..., :3], run(made, PICTURES, numbers), atol=1e-5)
    else:
        grey = PICTURES[..., :1]
        found = run(made, grey, numbers)
        expected = run(made, np.repeat(grey, 3, axis=-1), numbers).mean(axis=-1, keepdims=True)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["ada", "diffaug"])
def test_the_gradient_passes_through(name):
    """An augmentation of these operations is linear in the picture but for constants."""
    made = augmentation.get(name)
    numbers = ops.convert_to_tensor(made.draw(np.random.default_rng(3), (3,)))
    weights = RNG.standard_normal(PICTURES.shape).astype("float32")
    loss = lambda x: ops.sum(weights * made(x, numbers, 1.0))  # noqa: E731
    x = ops.convert_to_tensor(PICTURES)
    gradient = np.array(autodiff.input_gradient(loss, x, []))
    step = RNG.standard_normal(PICTURES.shape).astype("float32")
    up, down = (float(loss(ops.convert_to_tensor(PICTURES + s * step))) for s in (0.5, -0.5))
    assert (gradient * step).sum() == pytest.approx(up - down, rel=1e-3, abs=1e-3)


def test_what_is_not_known_lists_what_is():
    with pytest.raises(
        ValueError, match=r"Unknown augmentation 'x'\. Known: none, diffaug, ada, apa"
    ):
        augmentation.get("x")
    with pytest.raises(ValueError, match=r"ada has no operation 'cut'\. Known: pixel, geometry, "):
        augmentation.get("ada", "colour,cut")
    assert augmentation.get("none") is None
    assert augmentation.get("apa") is None
    without = augmentation.get("ada", "shift, colour")  # text must not be mirrored
    assert [each.name for each in without.operations][:2] == ["shift", "brightness"]
