"""Pictures of other shapes than square RGB: sizes in words, pixels by hand, the cache."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from curation import command
from datasets import DataError, cache, decode, shapes, sources
from datasets.data import check_resolution
from datasets.shapes import Shape
from datasets.source import Source

RNG = np.random.default_rng(0)
TALL = RNG.integers(0, 256, (12, 8, 3), np.uint8)  # 8 wide, 12 high


def save(folder, pixels, name="p.png", **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(folder / name, **options)
    return folder / name


# === Sizes in words ===


@pytest.mark.parametrize(
    ("text", "sides"), [("64", (64, 64)), ("64x96", (96, 64)), ("96×64", (64, 96))]
)
def test_sizes_are_width_times_height(text, sides):
    assert shapes.parse(text) == sides


@pytest.mark.parametrize("text", ["", "64x", "x64", "64x96x3", "-8", "6.5"])
def test_other_texts_are_refused(text):
    with pytest.raises(DataError, match="width x height"):
        shapes.parse(text)


def test_labels_of_shapes():
    assert [Shape(*each).label for each in ((64, 64), (96, 64), (64, 64, 1), (96, 64, 4))] == [
        "64", "64x96", "64-grey", "64x96-RGBA",
    ]  # fmt: skip
    assert shapes.shape_of(8) == (8, 8, 3)
    assert shapes.simplest((8, 8, 3)) == 8
    assert isinstance(shapes.simplest((8, 8, 3)), int)
    assert shapes.simplest((8, 8, 4)) == (8, 8, 4)
    assert shapes.simplest((8, 12, 3)) == (8, 12, 3)


@pytest.mark.parametrize("shape", [(96, 64, 3), (8, 4096, 4), (1024, 1030, 1)])
def test_sides_of_other_shapes_need_no_powers_of_two(shape):
    check_resolution(shape)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((7, 64, 3), "shorter side must be from 8"),
        ((64, 4097, 3), "at most 4096, not 4097x64"),
        ((1025, 1030, 3), "to 1024 px"),
        ((64, 64, 2), "not 2"),
        ((48, 48, 4), "power of two"),
    ],
)
def test_sides_out_of_range(shape, words):
    with pytest.raises(DataError, match=words):
        check_resolution(shape)


# === Aspect ===


def test_a_picture_of_the_shape_keeps_every_pixel(tmp_path):
    pixels, enlarged = decode.read(save(tmp_path, TALL), (12, 8, 3))
    np.testing.assert_array_equal(pixels, TALL)
    assert not enlarged


def test_the_middle_of_that_aspect_is_cut_out(tmp_path):
    """Of 8 × 12 the middle 8 × 4, and the middle 6 × 12: rows 4 to 7, columns 1 to 6."""
    wide = decode.read(save(tmp_path, TALL), (4, 8, 3))[0]
    np.testing.assert_array_equal(wide, TALL[4:8])
    narrow, enlarged = decode.read(tmp_path / "p.png", (12, 6, 3))
    np.testing.assert_array_equal(narrow, TALL[:, 1:7])
    assert not enlarged


@pytest.mark.parametrize(
    ("shape", "enlarged"), [((12, 8, 3), False), ((13, 8, 3), True), ((8, 9, 3), True)]
)
def test_either_side_may_be_too_small(tmp_path, shape, enlarged):
    assert decode.read(save(tmp_path, TALL), shape)[1] is enlarged


def test_a_picture_on_its_side_is_measured_upright(tmp_path):
    exif = Image.Exif()
    exif[decode.EXIF_ORIENTATION] = 6  # shown after a quarter turn: 12 wide, 8 high
    path = save(tmp_path, TALL, exif=exif)
    pixels, enlarged = decode.read(path, (8, 12, 3))
    np.testing.assert_array_equal(pixels, np.rot90(TALL, -1))
    assert not enlarged
    assert decode.read(path, (12, 8, 3))[1]


# === Grey ===


def test_grey_by_bt_601(tmp_path):
    pixels = decode.read(save(tmp_path, TALL), (12, 8, 1))[0]
    assert pixels.shape == (12, 8, 1)
    expected = TALL @ [0.299, 0.587, 0.114]
    assert np.abs(pixels[..., 0] - expected).max() <= 1


def test_grey_files_keep_their_levels_and_transparent_is_white(tmp_path):
    levels = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    np.testing.assert_array_equal(decode.read(save(tmp_path, levels), (8, 8, 1))[0][..., 0], levels)
    opacity = np.full((8, 8), 255, np.uint8)
    opacity[2] = 0
    both = Image.merge("LA", [Image.fromarray(levels), Image.fromarray(opacity)])
    found = decode.read(save(tmp_path, both), (8, 8, 1))[0][..., 0]
    np.testing.assert_array_equal(found, np.where(opacity, levels, 255))


# === Opacity ===


def test_opacity_and_visible_colours_are_kept(tmp_path):
    rgba = RNG.integers(1, 256, (8, 8, 4), np.uint8)
    np.testing.assert_array_equal(decode.read(save(tmp_path, rgba), (8, 8, 4))[0], rgba)


def test_what_lies_under_invisible_pixels_is_white(tmp_path):
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[..., 0] = 200  # a hidden red
    rgba[3, 4] = (10, 20, 30, 40)
    pixels = decode.read(save(tmp_path, rgba), (8, 8, 4))[0]
    assert pixels[3, 4].tolist() == [10, 20, 30, 40]
    pixels[3, 4] = 255, 255, 255, 0
    assert (pixels == [255, 255, 255, 0]).all()


def test_hidden_colours_do_not_bleed_when_it_shrinks(tmp_path):
    """Blue on the left, an invisible red on the right: half-visible pixels stay blue."""
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[:, :15] = (0, 0, 255, 255)
    rgba[:, 15:] = (255, 0, 0, 0)
    pixels = decode.read(save(tmp_path, rgba), (8, 8, 4))[0]
    partly = (pixels[..., 3] > 0) & (pixels[..., 3] < 255)
    assert partly.any()
    assert (pixels[partly][:, :3] == [0, 0, 255]).all()
    assert (pixels[:, -1] == [255, 255, 255, 0]).all()


def test_opaque_files_are_opaque(tmp_path):
    pixels = decode.read(save(tmp_path, TALL), (12, 8, 4))[0]
    np.testing.assert_array_equal(pixels[..., :3], TALL)
    assert (pixels[..., 3] == 255).all()


def test_a_palette_and_16_bits_with_a_transparent_colour(tmp_path):
    palette = Image.fromarray(np.eye(8, dtype=np.uint8)).convert("P")
    path = save(tmp_path, palette, transparency=1)
    opacity = decode.read(path, (8, 8, 4))[0][..., 3]
    np.testing.assert_array_equal(opacity, 255 * (1 - np.eye(8)))
    deep = np.where(np.eye(8) > 0, 77, 40_000).astype(np.uint16)
    path = save(tmp_path, Image.fromarray(deep), transparency=77)
    pixels = decode.read(path, (8, 8, 4))[0]
    np.testing.assert_array_equal(pixels[..., 3], 255 * (1 - np.eye(8)))
    assert pixels[0, 1].tolist() == [156, 156, 156, 255]  # 40 000 · 255 / 65 535 = 155.6
    assert pixels[0, 0].tolist() == [255, 255, 255, 0]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays_become_images_and_back(channels):
    pixels = RNG.integers(0, 256, (3, 5, channels), np.uint8)
    image = decode.image_of(pixels)
    assert (image.mode, image.size) == ({1: "L", 3: "RGB", 4: "RGBA"}[channels], (5, 3))
    np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


# === The cache, and the sources ===


def a_source(**identity):
    return Source("x", identity, lambda: ([], None), None, str)


def test_square_rgb_keeps_the_fingerprint_that_it_had():
    text = json.dumps(
        {"files": [["a.png", 3, 4]], "kind": "folder", "resolution": 64, "version": 1}
    )
    known = hashlib.sha256(text.encode()).hexdigest()[:12]
    source = a_source(kind="folder", files=[["a.png", 3, 4]])
    assert cache.fingerprint(source, 64) == known
    assert cache.fingerprint(source, (64, 64, 3)) == known
    shaped = [cache.fingerprint(source, each) for each in ((64, 64, 4), (64, 96, 3), (96, 64, 3))]
    assert len({known, *shaped}) == 4


def test_a_folder_of_sprites_is_cached_with_its_opacity(tmp_path, opened):
    (tmp_path / "sprites").mkdir()
    rgba = RNG.integers(1, 256, (3, 12, 8, 4), np.uint8)
    for number, pixels in enumerate(rgba):
        save(tmp_path / "sprites", pixels, f"{number}.png")
    data = opened(tmp_path / "sprites", (12, 8, 4))
    np.testing.assert_array_equal(data.images, rgba)
    assert data.folder.name.startswith("sprites-8x12-RGBA-")
    assert "at 8x12 px, RGBA" in data.report()[0]
    assert "smaller" not in " ".join(data.notes)
    plain = opened(tmp_path / "sprites", 8)
    assert plain.images.shape == (3, 8, 8, 3)
    assert "at 8 px;" in plain.report()[0]
    assert "3 of 3 pictures are smaller than 8x16 px" in " ".join(
        opened(tmp_path / "sprites", (16, 8, 3)).notes
    )


@pytest.mark.parametrize("spec", ["faces", "triangles", "ages"])
def test_drawn_pictures_are_cut_from_the_square_ones(spec, opened):
    square = opened(spec, 16, count=2).images
    tall = opened(spec, (16, 8, 3), count=2).images
    np.testing.assert_array_equal(tall, square[:, :, 4:12])
    grey = opened(spec, (8, 16, 1), count=2).images
    assert np.abs(grey[..., 0] - square[:, 4:12] @ [0.299, 0.587, 0.114]).max() <= 1
    clear = opened(spec, (16, 16, 4), count=2).images
    np.testing.assert_array_equal(clear[..., :3], square)
    assert (clear[..., 3] == 255).all()


def test_public_sets_in_other_shapes():
    levels = RNG.integers(0, 256, (28, 28), np.uint8)
    pixels, enlarged = sources.render_array(levels, (32, 32, 1))
    np.testing.assert_array_equal(pixels[2:30, 2:30, 0], levels)
    assert not enlarged
    assert sources.render_array(levels, (32, 40, 1))[1]


def test_the_command_caches_shapes_and_shows_them_on_white(tmp_path, folder, capsys):
    rgba = np.full((8, 8, 4), (200, 0, 0, 0), np.uint8)  # a hidden red
    for path in folder.iterdir():
        save(folder, rgba, path.name)
    options = ["--cache", str(tmp_path / "c"), "--sheet", str(tmp_path / "s.png"), "--workers=1"]
    assert command.main([str(folder), "--resolution", "8x16", "--channels=4", *options]) == 0
    assert "at 8x16 px, RGBA" in capsys.readouterr().out
    with Image.open(tmp_path / "s.png") as sheet:
        assert (sheet.mode, sheet.size) == ("RGB", (64, 16))
        assert sheet.getpixel((7, 8)) == (255, 255, 255)
    assert command.main([str(folder), "--resolution=8by16"]) == 2
    assert "width x height" in capsys.readouterr().err
