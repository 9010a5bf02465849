"""Copies are found, whatever was done to them; what is distinct is not taken for one."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from benchmarks import scenes
from curation import duplicates

COUNT = 40


def jpeg(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Image.open(buffer).convert("RGB")


CHANGES = {
    "jpeg": jpeg,
    "half": lambda picture: picture.resize((96, 96), Image.Resampling.LANCZOS),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.08),
    "mirrored": ImageOps.mirror,
    "cut aside": lambda picture: picture.crop((7, 4, 187, 184)),
}


def thumbnails(change=lambda picture: picture):
    pictures = [change(scenes.portrait(number, 192)) for number in range(COUNT)]
    return np.stack([duplicates.thumbnail(picture) for picture in pictures])


@pytest.mark.parametrize("recut", [False, True])
def test_distinct_faces_are_no_copies(recut):
    assert duplicates.copies(thumbnails(), np.arange(COUNT), recut) == {}


@pytest.mark.parametrize(
    ("change", "recut"),
    [("jpeg", False), ("half", False), ("mirrored", False), ("jpeg", True), ("half", True),
     ("brighter", True), ("mirrored", True), ("cut aside", True)],
)  # fmt: skip
def test_copies(change, recut):
    both = np.concatenate([thumbnails(), thumbnails(CHANGES[change])])
    found = duplicates.copies(both, np.arange(2 * COUNT), recut)
    assert all(copy - COUNT == original for copy, original in found.items())
    assert len(found) >= COUNT - 2


def test_what_was_cut_aside_needs_moving():
    both = np.concatenate([thumbnails(), thumbnails(CHANGES["cut aside"])])
    assert len(duplicates.copies(both, np.arange(2 * COUNT), recut=False)) < COUNT / 2


def test_the_order_says_which_stays():
    both = np.concatenate([thumbnails(), thumbnails()])
    order = np.arange(2 * COUNT)[::-1]
    found = duplicates.copies(both, order, recut=False)
    assert found == {index: index + COUNT for index in range(COUNT)}


def test_more_copies_than_neighbours_all_go():
    same = np.repeat(thumbnails()[:3], 30, axis=0)
    found = duplicates.copies(same, np.arange(90), recut=False)
    assert sorted(set(range(90)) - set(found)) == [0, 30, 60]
    assert set(found.values()) == {0, 30, 60}


def test_a_chain_of_small_steps_does_not_swallow_its_end():
    picture = thumbnails()[0].astype(float)
    other = thumbnails()[1].astype(float)
    whole = duplicates.distances(picture[None], other[None], recut=False)[0]
    steps = int(whole / (0.6 * duplicates.LIMIT))  # a step is 0.6 of what copies may differ by
    mixed = [picture + (other - picture) * step / steps for step in range(steps + 1)]
    found = duplicates.copies(
        np.stack(mixed).round().astype(np.uint8), np.arange(steps + 1), recut=False
    )
    assert steps not in found or found[steps] != 0
    assert found[1] == 0
    assert 2 not in found


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        # 11 is a copy of 10. 12 is none of 10, but nearer to 11 than half the limit.
        ([(0, 1, 2.9), (1, 2, 1.4)], {11: 10, 12: 10}),
        ([(0, 1, 2.9), (1, 2, 1.6)], {11: 10}),
        # A face that has copies itself stays, however near it is to a copy of another.
        ([(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (2, 4, 1.0)], {11: 10, 13: 12, 14: 12}),
        # Of two that it is a copy of, the one to be kept first.
        ([(0, 2, 2.9), (1, 2, 1.6)], {12: 10}),
    ],
)
def test_who_is_a_copy_of_whom(pairs, found):
    numbers = np.array([pair[:2] for pair in pairs])
    measured = np.array([pair[2] for pair in pairs])
    assert duplicates._greedy(np.arange(10, 15), numbers, measured) == found


def test_distances_by_hand():
    first = np.zeros((1, 16, 16, 3), np.uint8)
    second = first.copy()
    second[:, :, :8] = 40  # half of it brighter by 40: 20 from the mean everywhere
    assert duplicates.distances(first, second, recut=False)[0] == pytest.approx(20)
    assert duplicates.distances(first, first + 9, recut=False)[0] == 0
    # Moved ramps differ by a constant, which does not count; steeper ones are explained by scale.
    ramp = np.broadcast_to(np.linspace(40, 200, 16)[None, None, :, None], (1, 16, 16, 3))
    assert duplicates.distances(ramp, 0.9 * ramp + 20, recut=True)[0] < 0.5
    assert duplicates.distances(ramp, 0.9 * ramp + 20, recut=False)[0] > 3


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few(count):
    assert duplicates.copies(thumbnails()[:count], np.arange(count), recut=True) == {}


def test_flat_pictures_are_copies_of_each_other():
    flat = np.stack([np.full((16, 16, 3), value, np.uint8) for value in (0, 99, 255)])
    assert duplicates.copies(flat, np.arange(3), recut=True) == {1: 0, 2: 0}
