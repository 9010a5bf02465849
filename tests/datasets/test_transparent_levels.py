"""The transparent level or colour of a PNG of every depth, in files made by hand."""

import struct
import zlib

import numpy as np
import pytest

from datasets import decode
from datasets.shapes import Shape

GREY, COLOUR = 0, 2  # as the header of a PNG has them


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(path, depth, kind, row, hidden):
    """A PNG of 4 × 1 pixels: the bytes of its one row, and its transparent level or colour."""
    header = struct.pack(">IIBBBBB", 4, 1, depth, kind, 0, 0, 0)
    levels = struct.pack(f">{len(hidden)}H", *hidden)
    parts = [(b"IHDR", header), (b"tRNS", levels), (b"IDAT", zlib.compress(b"\0" + row))]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [*parts, (b"IEND", b"")])
    )
    return path


COLOURS = [1000, 2000, 3000, 65535, 0, 40000, 0, 0, 0, 1000, 2000, 40000]
CASES = {
    "grey 1": (1, GREY, bytes([0b10100000]), [1], [255, 0, 255, 0], [0, 2]),
    "grey 2": (2, GREY, bytes([0b00011011]), [1], [0, 85, 170, 255], [1]),
    "grey 4": (4, GREY, bytes([0x05, 0xAF]), [5], [0, 85, 170, 255], [1]),
    "grey 8": (8, GREY, bytes([0, 5, 10, 255]), [5], [0, 5, 10, 255], [1]),
    "grey 16": (16, GREY, struct.pack(">4H", 0, 257, 514, 65535), [257], [0, 1, 2, 255], [1]),
    "colour 8": (8, COLOUR, bytes(range(12)), [3, 4, 5], [0, 3, 6, 9], [1]),
    "colour 16": (16, COLOUR, struct.pack(">12H", *COLOURS), COLOURS[:3], [3, 255, 0, 3], [0]),
    "grey 4, none": (4, GREY, bytes([0x05, 0xAF]), [3], [0, 85, 170, 255], []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_transparent_level_is_that_of_the_file(tmp_path, case):
    depth, kind, row, hidden, values, transparent = case
    path = png(tmp_path / "p.png", depth, kind, row, hidden)
    opacity = [0 if column in transparent else 255 for column in range(4)]
    on_white = [255 if column in transparent else values[column] for column in range(4)]
    pixels, _ = decode.read(path, Shape(1, 4, 4))
    assert pixels[0, :, 3].tolist() == opacity
    assert decode.read(path, Shape(1, 4, 3))[0][0, :, 0].tolist() == on_white
    np.testing.assert_array_equal(np.asarray(decode.read_whole(path))[0, :, 0], on_white)
