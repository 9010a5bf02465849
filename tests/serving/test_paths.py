import numpy as np
import pytest

from console.errors import UserError
from datasets.pixels import to_uint8
from serving.explore.paths import (
    closed,
    interpolate,
    interpolation_sheet,
    linear,
    opened,
    spherical,
)
from serving.pictures import enlarged


def test_spherical_by_hand():
    a, b = np.array([2.0, 0.0]), np.array([0.0, 2.0])
    half = 2 * np.sqrt(0.5)
    np.testing.assert_allclose(spherical(a, b, 0.5), [half, half], rtol=1e-6)
    third = [2 * np.cos(np.pi / 6), 2 * np.sin(np.pi / 6)]
    np.testing.assert_allclose(spherical(a, b, 1 / 3), third, rtol=1e-6)
    np.testing.assert_allclose(linear(a, b, 0.5), [1, 1])


def test_spherical_keeps_the_length_where_the_straight_path_dips():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5, 64))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    for t in (0, 0.3, 0.5, 1):
        np.testing.assert_allclose(np.linalg.norm(spherical(a, b, t), axis=1), 1, rtol=1e-5)
    assert (np.linalg.norm(linear(a, b, 0.5), axis=1) < 0.9).all()
    np.testing.assert_allclose(spherical(a, b, 0), a, atol=1e-6)
    np.testing.assert_allclose(spherical(a, b, 1), b, atol=1e-6)


def test_parallel_vectors_take_the_straight_path():
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(spherical(a, 3 * a, 0.5), 2 * a)
    np.testing.assert_allclose(spherical(a, -a, 0.25), 0.5 * a)
    assert np.isfinite(spherical(a, 0 * a, 0.5)).all()


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_closed_path_goes_through_every_key_and_has_no_jump(path):
    keys = np.random.default_rng(0).standard_normal((3, 2, 16)).astype("float32")
    way = closed(keys, 10, path)
    assert way.shape == (30, 2, 16)
    np.testing.assert_allclose(way[::10], keys, atol=1e-6)
    steps = np.linalg.norm(np.diff(np.concatenate([way, way[:1]]), axis=0), axis=-1)
    assert steps.max() < 0.25 * np.linalg.norm(keys[0] - keys[1], axis=-1).max()


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_open_path_begins_and_ends_at_its_ends(path):
    keys = np.random.default_rng(0).standard_normal((3, 2, 16)).astype("float32")
    way = opened(keys, 7, path)
    np.testing.assert_allclose(way[[0, 3, 6]], keys, atol=1e-6)
    np.testing.assert_allclose(way[1], closed(keys, 3, path)[1], atol=1e-6)
    np.testing.assert_allclose(opened(keys, 4, "linear")[1], keys[0] / 3 + 2 * keys[1] / 3, 1e-5)
    assert opened(keys, 1, path).shape == (1, 2, 16)


def test_sheet_through_latents(attributes):
    page = np.asarray(interpolation_sheet(attributes, count=2, columns=3, rows=2, seed=4))
    assert page.shape == (2 * 66 + 2, 3 * 66 + 2, 3)
    z, y = attributes.draw_latents(4, seed=4), attributes.draw_labels(2, seed=4)
    ends = enlarged(to_uint8(attributes.generate(z, np.repeat(y, 2, axis=0))), 64)
    for row in range(2):
        for end, column in enumerate((0, 2)):
            top, left = 2 + 66 * row, 2 + 66 * column
            found = page[top : top + 64, left : left + 64].astype(int)
            assert np.abs(found - ends[2 * row + end]).max() <= 1


def test_sheet_through_labels(attributes):
    page = np.asarray(interpolation_sheet(attributes, columns=2, through=["blue hair", "red hair"]))
    for column, name in enumerate(("blue hair", "red hair")):
        alone = enlarged(attributes.sample(1, attributes=name).images, 64)[0]
        found = page[2:66, 2 + 66 * column : 66 + 66 * column].astype(int)
        assert np.abs(found - alone).max() <= 1


def test_film_through_latents(plain):
    clip = interpolate(plain, count=2, steps=3, seed=4)
    assert clip.frames.shape == (6, 128, 128, 3)
    key = enlarged(plain.sample(2, seed=4).images)
    assert np.abs(clip.frames[[0, 3]].astype(int) - key).max() <= 1
    tiled = interpolate(plain, count=2, steps=2, tiles=4)
    assert tiled.frames.shape == (4, 38, 38, 3)


@pytest.mark.parametrize("kind", ["attributes", "classes"])
def test_film_through_labels(kind, request):
    generator = request.getfixturevalue(kind)
    names = ["blue hair", "red hair"] if kind == "attributes" else ["cat", "owl"]
    clip = interpolate(generator, through=names, steps=4)
    assert len(clip.frames) == 8
    for frame, name in zip(clip.frames[::4], names, strict=True):
        label = generator.draw_labels(1, wanted=generator.parse(name))
        alone = enlarged(to_uint8(generator.generate(generator.draw_latents(1), label)))[0]
        assert np.abs(frame.astype(int) - alone).max() <= 1
    between = np.abs(clip.frames[2].astype(int) - clip.frames[0]).mean()
    assert between < np.abs(clip.frames[4].astype(int) - clip.frames[0]).mean()
    np.testing.assert_array_equal(clip.frames[3], clip.frames[5])  # there and back


def test_mistakes(plain, attributes):
    with pytest.raises(UserError, match="Known: linear, spherical"):
        interpolate(plain, path="straight")
    with pytest.raises(UserError, match="1 latents give no path"):
        interpolate(plain, count=1)
    with pytest.raises(UserError, match="one set of attributes gives no path"):
        interpolate(attributes, through=["smile"])
    with pytest.raises(UserError, match="without labels"):
        interpolate(plain, through=["smile", "hat"])
    with pytest.raises(UserError, match="only one hair colour"):
        interpolate(attributes, through=["blue hair", "smile"], attributes="red hair")
