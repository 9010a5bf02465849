"""Every form a picture file takes, against pixels worked out by hand."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import decode
from datasets.errors import PictureError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (8, 8, 3), np.uint8)


def read(path, resolution=8):
    return decode.read(path, resolution)[0]


def save(tmp_path, image, name="p.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "options"),
    [("p.png", {}), ("p.bmp", {}), ("p.webp", {"lossless": True}), ("P.PNG", {})],
)
def test_lossless_formats_keep_every_pixel(tmp_path, name, options):
    np.testing.assert_array_equal(
        read(save(tmp_path, Image.fromarray(PIXELS), name, **options)), PIXELS
    )


def test_jpeg_is_near(tmp_path):
    flat = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    path = save(tmp_path, Image.fromarray(flat), "p.jpg", quality=95)
    assert np.abs(read(path).astype(int) - flat).max() <= 3


def test_cmyk_jpeg(tmp_path):
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # full magenta and yellow: red
    pixels = read(save(tmp_path, cmyk, "p.jpg", quality=95)).astype(int)
    assert np.abs(pixels - [255, 0, 0]).max() <= 4


def test_rgba_is_composited_on_white(tmp_path):
    alpha = RNG.integers(0, 256, (8, 8, 1), np.uint8)
    path = save(tmp_path, Image.fromarray(np.concatenate([PIXELS, alpha], 2)))
    share = alpha / 255
    expected = PIXELS * share + 255 * (1 - share)
    assert np.abs(read(path) - expected).max() <= 1  # PIL rounds in integers


def test_fully_transparent_is_white_whatever_lies_under_it(tmp_path):
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (read(save(tmp_path, image)) == 255).all()


def test_grey(tmp_path):
    path = save(tmp_path, Image.fromarray(PIXELS[..., 0]))
    np.testing.assert_array_equal(read(path), np.repeat(PIXELS[..., :1], 3, 2))


def test_grey_with_alpha(tmp_path):
    image = Image.new("LA", (8, 8), (100, 255))
    image.paste((100, 0), (0, 0, 4, 8))
    pixels = read(save(tmp_path, image))
    assert (pixels[:, :4] == 255).all()
    assert (pixels[:, 4:] == 100).all()


def test_black_and_white(tmp_path):
    bits = PIXELS[..., 0] > 127
    path = save(tmp_path, Image.fromarray(bits))
    np.testing.assert_array_equal(read(path)[..., 1], bits * 255)


def palette_picture():
    image = Image.new("P", (8, 8), 1)
    image.putpalette([255, 0, 0, 0, 200, 50, 9, 9, 9])
    image.paste(0, (0, 0, 4, 8))
    return image


@pytest.mark.parametrize("name", ["p.png", "p.gif"])
def test_palette(tmp_path, name):
    pixels = read(save(tmp_path, palette_picture(), name))
    assert (pixels[:, :4] == (255, 0, 0)).all()
    assert (pixels[:, 4:] == (0, 200, 50)).all()


@pytest.mark.parametrize("name", ["p.png", "p.gif"])
def test_palette_with_a_transparent_colour(tmp_path, name):
    pixels = read(save(tmp_path, palette_picture(), name, transparency=0))
    assert (pixels[:, :4] == 255).all()
    assert (pixels[:, 4:] == (0, 200, 50)).all()


def test_palette_with_partial_transparency(tmp_path):
    pixels = read(save(tmp_path, palette_picture(), transparency=bytes([0, 255])))
    assert (pixels[:, :4] == 255).all()
    assert (pixels[:, 4:] == (0, 200, 50)).all()


def test_16_bit_grey_keeps_its_top_bits(tmp_path):
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    path = save(tmp_path, Image.fromarray(values))
    np.testing.assert_array_equal(read(path)[..., 0], np.rint(values / 257).astype(np.uint8))


def test_16_bit_colour_png(tmp_path):
    """PIL cannot write one, so it is put together by hand."""
    values = np.full((8, 8, 3), (0x1234, 0x8000, 0xFFFF), ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    path = tmp_path / "p.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip
    assert np.abs(read(path).astype(int) - (0x12, 0x80, 0xFF)).max() <= 1


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        assert np.abs(read(tmp_path / name).astype(int) - (255, 0, 0)).max() <= 1, name


# What a camera held in each way stores, so that turning it back gives the picture.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](PIXELS))
    path = save(tmp_path, Image.fromarray(stored), exif=exif)
    np.testing.assert_array_equal(read(path), PIXELS)


def test_exif_turns_before_the_crop(tmp_path):
    """An odd row more below than above: which rows are in the middle depends on what is up."""
    tall = np.concatenate([np.zeros((4, 8, 3), np.uint8), PIXELS, np.zeros((5, 8, 3), np.uint8)])
    exif = Image.Exif()
    exif[0x0112] = 3
    path = save(tmp_path, Image.fromarray(tall[::-1, ::-1].copy()), exif=exif)
    np.testing.assert_array_equal(read(path), PIXELS)


def test_centre_crop(tmp_path):
    wide = np.zeros((8, 20, 3), np.uint8)
    wide[:, 6:14] = PIXELS
    np.testing.assert_array_equal(read(save(tmp_path, Image.fromarray(wide))), PIXELS)


def test_shrinking_averages_and_does_not_alias(tmp_path):
    """A fine chequerboard becomes even grey; picking pixels would keep black or white."""
    board = (np.indices((128, 128)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = read(save(tmp_path, Image.fromarray(board)))
    assert np.abs(pixels.astype(int) - 127.5).max() <= 3


def test_a_big_jpeg_is_decoded_small_but_well(tmp_path):
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    image = Image.fromarray(np.stack([np.tile(ramp, (512, 1))] * 3, 2))
    pixels = read(save(tmp_path, image, "p.jpg", quality=95), 16)
    expected = ramp.reshape(16, 32).mean(1)
    assert np.abs(pixels[8, 1:-1, 0] - expected[1:-1]).max() <= 3


def test_enlarging_is_told(tmp_path):
    path = save(tmp_path, Image.fromarray(PIXELS))
    assert decode.read(path, 8)[1] is False
    pixels, enlarged = decode.read(path, 16)
    assert enlarged is True
    assert pixels.shape == (16, 16, 3)


def test_broken_exif_does_not_cost_the_picture(tmp_path):
    path = save(tmp_path, Image.fromarray(PIXELS), exif=b"Exif\0\0garbage")
    np.testing.assert_array_equal(read(path), PIXELS)


def cut_short(tmp_path, name):
    noise = RNG.integers(0, 256, (64, 64, 3), np.uint8)
    whole = save(tmp_path, Image.fromarray(noise), name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    return tmp_path / name


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.webp", "p.gif", "p.bmp"])
def test_files_cut_short_are_refused(tmp_path, name):
    with pytest.raises(PictureError):
        read(cut_short(tmp_path, name))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"hello", "not a picture"), (b"\x89PNG\r\n\x1a\nrest", "not a picture")],
)
def test_what_is_no_picture_is_refused(tmp_path, content, reason):
    path = tmp_path / "p.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=reason):
        read(path)


def test_a_dangling_link_is_refused(tmp_path):
    (tmp_path / "p.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(PictureError, match="No such file"):
        read(tmp_path / "p.png")
