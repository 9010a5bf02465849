"""How much is read or made at most: for each reader of a foreign file, and for each number."""

from __future__ import annotations

MB = 1_000_000

# Bytes of a file.
RECORD = 64 * MB  # a JSON that this project writes: run.json, guard.json, a cache's meta.json
SMALL_RECORD = 4 * MB  # a JSON about one picture or one network
TABLE = 1_000 * MB  # a CSV
PICKLE = 4 * MB  # the structure of a `.pth` file, without its numbers

# An archive, or a file of weights, may hold this many times its own size, and a little more:
# trained weights can hardly be compressed.
GROWTH, SPARE = 8, 16 * MB
MEMBERS = 100_000  # files in an archive

# Of a network: how deep its description is nested, its layers, the numbers that a layer gives for
# one picture, and the numbers that it may have beside its weights.
DEPTH, LAYERS, TENSOR, SPARE_NUMBERS = 100, 2_000, 2**28, 100_000

DIGITS = 30  # of a whole number in a record
NAME = 255  # bytes of a file's name, and of a whole path:
PATH = 4_000

COUNT = 10**9  # what is counted and has no closer limit: steps, channels, pictures
PICTURES = 10_000_000  # pictures of a data set
SIDE = 100  # rows, columns or tiles of a page
PAGE = 4_096  # pictures on a page
FILM = 20_000  # pictures in a film
