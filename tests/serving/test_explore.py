from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops
from PIL import Image

from console.errors import UserError
from serving.explore import arithmetic, attention, directions
from serving.explore.projection import project
from serving.explore.truncation import truncation_sheet
from tests.serving import tiny


def first_features(generator, z):
    """The first layer's output, by NumPy: a 1×1 transposed convolution is a matrix product."""
    kernel = ops.convert_to_numpy(generator.network.get_layer("stage_0").kernel)
    return np.einsum("nc,hwoc->nhwo", z, kernel).reshape(len(z), -1)


def test_first_linear_map_by_hand(plain):
    z = np.random.default_rng(0).standard_normal((3, 8)).astype("float32")
    matrix = plain.linear_map()
    np.testing.assert_allclose(z @ matrix, first_features(plain, z), atol=1e-5)


def test_factorisation_finds_what_changes_the_first_layer_most(plain):
    found, values = directions.factorise(plain)
    np.testing.assert_allclose(found @ found.T, np.eye(8), atol=1e-5)
    changes = np.sum(first_features(plain, found) ** 2, axis=1)
    np.testing.assert_allclose(changes, values, rtol=1e-4)
    assert (np.diff(values) <= 0).all()
    rng = np.random.default_rng(0).standard_normal((200, 8))
    others = rng / np.linalg.norm(rng, axis=1, keepdims=True)
    assert np.sum(first_features(plain, others) ** 2, axis=1).max() <= values[0]


def test_factorisation_of_a_conditional_first_layer_takes_the_latent_alone():
    generator = tiny.generator("classes", g_conditioning="concat")
    assert generator.linear_map().shape[0] == 8
    found, _ = directions.factorise(generator)
    assert found.shape == (8, 8)


def test_turn_vector_is_a_difference_of_means(plain):
    z = plain.draw_latents(12, seed=3)
    expected = z[[4, 9]].mean(axis=0) - z[[1, 2]].mean(axis=0)
    np.testing.assert_allclose(directions.between(plain, [1, 2], [4, 9], seed=3), expected)


def test_a_property_grows_along_its_direction(plain):
    direction = directions.by_property(plain, "brightness", pool=128)
    page = directions.walk(plain, direction, reach=3, rows=4, columns=3)
    assert page.mode == "RGB"
    z = plain.draw_latents(32, seed=9)
    step = direction / np.linalg.norm(direction)
    assert plain.generate(z + step).mean() > plain.generate(z - step).mean() + 1e-3


def test_properties_by_hand():
    images = np.zeros((1, 2, 4, 3))
    images[0, :, :2] = [0.6, 0.2, 0.1]  # bright and warm on the left
    expected = {"brightness": 0.15, "saturation": 0.25, "warmth": 0.25, "turn": 0.3}
    for name, value in expected.items():
        np.testing.assert_allclose(directions.PROPERTIES[name](images), [value])


def test_a_walk_goes_from_against_its_direction_to_along_it(plain):
    direction = np.arange(1.0, 9.0)
    page = directions.walk(plain, direction, reach=3, rows=2, columns=3, seed=5)
    deviation = np.sqrt(plain.draw_latents(64, 0).var(axis=0, ddof=1).mean())
    step = 3 * deviation * direction / np.linalg.norm(direction)
    top = page.height - 2 * 66 - 2  # below the captions
    for column, offset in enumerate((-step, 0 * step, step)):
        z = plain.draw_latents(2, seed=5) + offset
        for row, picture in enumerate(plain.pictures(z.astype("float32")).images):
            left, upper, *_ = _box(column, row, 64)
            assert np.abs(_picture_at(page, left, top + upper) - picture).max() <= 1
    clip = directions.walk_clip(plain, direction, reach=3, tiles=1, steps=2, seed=5)
    first = plain.pictures((plain.draw_latents(1, seed=5) - step).astype("float32")).images[0]
    assert np.abs(clip.frames[0][::8, ::8].astype(int) - first).max() <= 1


def test_walk_clip_goes_there_and_back(plain):
    clip = directions.walk_clip(plain, np.ones(8), tiles=1, steps=4)
    assert clip.frames.shape == (8, 128, 128, 3)
    np.testing.assert_array_equal(clip.frames[1], clip.frames[-1])


def test_arithmetic_by_hand(attributes):
    z, y = attributes.draw_latents(6), attributes.draw_labels(6)
    mean_z, mean_y = arithmetic.average(attributes, [1, 4])
    np.testing.assert_allclose(mean_z, (z[1] + z[4]) / 2)
    np.testing.assert_allclose(mean_y, (y[1] + y[4]) / 2)
    page = arithmetic.arithmetic(attributes, [[0, 1], [2]], [[3]])
    centre = _picture_at(page, page.width - 3 * 66 - 2 + 68, page.height - 3 * 66 - 2 + 68)
    expected = attributes.generate(
        ((z[0] + z[1]) / 2 + z[2] - z[3])[None],
        np.clip((y[0] + y[1]) / 2 + y[2] - y[3], 0, 1)[None],
    )
    assert np.abs(centre / 127.5 - 1 - expected[0]).max() < 0.02


def test_arithmetic_keeps_vectors_of_captions_as_they_are():
    """They are no shares of attributes: their numbers lie beyond 0 and 1."""
    seen = []
    generator = SimpleNamespace(
        labels=SimpleNamespace(limits=lambda: (np.full(3, -np.inf), np.full(3, np.inf))),
        draw_latents=lambda count, seed: np.zeros((count, 2), "float32"),
        generate=lambda z, y: seen.append(y) or np.zeros((len(z), 8, 8, 3), "float32"),
    )
    arithmetic._around(generator, np.zeros(2), np.array([-2.0, 0.5, 7.0]), 0)
    np.testing.assert_array_equal(seen[0], [[-2.0, 0.5, 7.0]] * 9)


def _box(column, row, side):
    """Where a tile of a sheet without captions lies."""
    left, top = 2 + column * (side + 2), 2 + row * (side + 2)
    return left, top, left + side, top + side


def _picture_at(page, left, top, enlarged=4, size=16):
    box = (left, top, left + enlarged * size, top + enlarged * size)
    return np.asarray(page.crop(box))[::enlarged, ::enlarged].astype(float)


def test_attention_maps_by_hand(attributes):
    made = attributes.sample(2)
    maps = attention.attention_maps(attributes, made.latents, made.labels)
    assert maps.shape == (2, 8, 8, 8, 8)
    np.testing.assert_allclose(maps.sum(axis=(3, 4)), 1, rtol=1e-5)
    layer = attention.attention_layers(attributes.network)[0]
    import keras

    x = keras.Model(attributes.network.inputs, layer.input)([made.latents, made.labels])
    x = ops.convert_to_numpy(x)
    f, g = (ops.convert_to_numpy(conv.kernel)[0, 0] for conv in (layer.f, layer.g))
    scores = (x[0, 2, 5] @ g) @ (x[0].reshape(64, -1) @ f).T
    expected = np.exp(scores - scores.max())
    np.testing.assert_allclose(maps[0, 2, 5].ravel(), expected / expected.sum(), rtol=1e-4)


def test_attention_figure(plain):
    points = [(0.1, 0.1), (1, 1), (0.26, 0.8)]
    page = attention.figure(plain, count=2, points=points)
    assert page.size == (4 * 162 + 2, 2 * 162 + 2)
    made = plain.sample(2)
    maps = attention.attention_maps(plain, made.latents, made.labels)
    picture = Image.fromarray(made.images[1]).resize((160, 160), Image.Resampling.BICUBIC)
    tile = lambda column: np.asarray(page.crop(_box(column, 1, 160)))  # noqa: E731
    np.testing.assert_array_equal(tile(0), attention._with_points(picture, points))
    # The point (0.26, 0.8) lies in row 6 and column 2 of the 8 × 8 queries.
    expected = attention._with_map(picture, maps[1, 6, 2], points[2], attention._COLOURS[2])
    np.testing.assert_array_equal(tile(3), expected)
    swapped = attention._with_map(picture, maps[1, 2, 6], points[2], attention._COLOURS[2])
    assert not np.array_equal(tile(3), swapped)
    with pytest.raises(UserError, match="between 0,0 and 1,1"):
        attention.figure(plain, points=[(1.2, 0)])
    with pytest.raises(UserError, match="there is no number 1"):
        attention.figure(plain, layer=1)
    with pytest.raises(UserError, match="nothing to show"):
        attention.figure(tiny.generator(attention_resolution=0))


def test_truncation_sheet(attributes):
    page = truncation_sheet(attributes, (1.0, 0.5), rows=3)
    assert page.size[0] == 2 * 66 + 2
    top = page.height - 3 * 66 - 2  # below the captions
    for column, level in enumerate((1.0, 0.5)):
        made = attributes.sample(3, truncation=level).images
        for row, picture in enumerate(made):
            left, upper, *_ = _box(column, row, 64)
            np.testing.assert_array_equal(_picture_at(page, left, top + upper), picture)
    with pytest.raises(UserError, match="truncation must be"):
        truncation_sheet(attributes, (1.5,))


@pytest.mark.parametrize("kind", ["none", "attributes", "classes"])
def test_projection_finds_a_picture_of_its_own(kind):
    generator = tiny.generator(kind)
    target = generator.sample(1, seed=77)
    found = project(generator, target.images[0], steps=60, starts=2, progress=False)
    assert found.rmse < 0.5 * found.start
    again = generator.pictures(found.latent[None], found.label if kind == "none" else
                               found.label[None])  # fmt: skip
    np.testing.assert_array_equal(again.images[0], found.found)
    difference = found.found.astype(float) - found.target
    np.testing.assert_allclose(found.rmse, np.sqrt(np.mean(difference**2)))
    np.testing.assert_allclose(found.psnr, 10 * np.log10(255**2 / np.mean(difference**2)))
    assert np.abs(found.latent).max() <= 1
    assert found.side_by_side().width == 3 * 194 + 2


def test_a_latent_is_kept_whatever_the_letters_of_its_suffix(plain, tmp_path):
    picture = plain.sample(1).images[0]
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = project(plain, tmp_path / "a.png", steps=1, starts=1)
    found.save(tmp_path / "A.NPZ")
    assert [path.name for path in tmp_path.glob("*.NPZ")] == ["A.NPZ"]
    np.testing.assert_array_equal(np.load(tmp_path / "A.NPZ")["latent"], found.latent)


@pytest.mark.parametrize(
    ("latent", "low", "high"),
    [("truncated_normal", -1, 1), ("uniform", -1, 1), ("binomial", 0, 1), ("normal", -2.5, 2.5)],
)
def test_a_projection_stays_where_training_drew_latents(latent, low, high):
    """A step far too large: every number ends at one of its two bounds, or where it was."""
    generator = tiny.generator("attributes", latent=latent)
    white = np.full((16, 16, 3), 255, "uint8")
    found = project(generator, white, steps=2, starts=1, rate=1e6, progress=False)
    assert set(np.unique(found.latent)) == {low, high}
    assert set(np.unique(found.label)) <= {0, 1}


def test_projection_keeps_named_attributes_and_reads_files(tmp_path, attributes):
    picture = Image.new("RGB", (40, 30), "red")
    picture.save(tmp_path / "red.png")
    found = project(attributes, tmp_path / "red.png", steps=2, starts=1,
                    attributes="blue hair, no smile", progress=False)  # fmt: skip
    assert (found.label[:3] == [1, 0, 0]).all()
    assert found.target[0, 0].tolist() == [255, 0, 0]
    found.save(tmp_path / "latent.npz")
    np.testing.assert_array_equal(np.load(tmp_path / "latent.npz")["latent"], found.latent)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    for name, words in (("bad.png", "cannot be used"), ("none.png", "there is no picture")):
        with pytest.raises(UserError, match=words):
            project(attributes, tmp_path / name)
