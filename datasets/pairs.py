"""Pairs of picture files: two folders with the same names, or both pictures side by side in one."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from datasets import decode, sources
from datasets.errors import DataError, PassingError, PictureError
from datasets.labels import some
from datasets.source import Source

DOUBLE = "is twice as wide as high"
LOOKED_AT = 16  # files that are checked to see whether a folder holds side-by-side pictures


def of_folders(first: Path, second: Path, name: str, count: int | None) -> Source:
    """Pairs of files that have the same path below `first` and `second`, apart from the suffix.

    Files without a partner are left out and reported. Raises `DataError` if no file has one.
    """
    folders = (first, second)
    lists = [sources.scan(folder)[0] for folder in folders]
    left_out: list[tuple[str, str]] = []
    by_stem = [
        _by_stem(files, folder, left_out) for files, folder in zip(lists, folders, strict=True)
    ]
    stems = sorted(by_stem[0].keys() & by_stem[1].keys())
    for here, there in ((0, 1), (1, 0)):
        reason = f"has no partner in {folders[there].name!r}"
        alone = sorted(by_stem[here].keys() - by_stem[there].keys())
        left_out += [(f"{folders[here].name}/{by_stem[here][stem][0]}", reason) for stem in alone]
    if not stems:
        found = [some([file[0] for file in files]) for files in lists]
        raise DataError(
            f"No picture of {str(first)!r} ({found[0]}) has a partner in {str(second)!r} "
            f"({found[1]}). The two pictures of a pair have the same name."
        )
    stems = [stems[i] for i in sources.evenly(count, len(stems))]
    pairs = [(by_stem[0][stem], by_stem[1][stem]) for stem in stems]

    def load():
        return [(str(first), a[0], str(second), b[0]) for a, b in pairs], None

    identity = {"kind": "pairs of folders", "files": pairs, "left out": left_out}
    return Source(
        name, identity, load, render_two,
        lambda item: f"{Path(item[0]).name}/{item[1]} and {Path(item[2]).name}/{item[3]}",
        notes=_count_notes(count, len(pairs)), count=len(pairs), together=2,
        left_out=tuple(left_out),
    )  # fmt: skip


def side_by_side(folder: Path, name: str, count: int | None) -> Source:
    """Pictures twice as wide as high that hold a pair: the first picture on the left.

    Raises `DataError` if none of the first files has this shape.
    """
    files, _ = sources.scan(folder)
    shapes = [_shape(folder / file) for file, _, _ in files[:LOOKED_AT]]
    if DOUBLE not in shapes:
        raise DataError(
            f"{str(folder)!r} holds no pairs: {files[0][0]!r} {shapes[0]}. Pairs are two "
            "sub-folders with files of the same names, or pictures that hold both side by side, "
            "twice as wide as high."
        )
    files = [files[i] for i in sources.evenly(count, len(files))]
    identity = {"kind": "side by side", "files": files}
    return Source(
        name, identity, lambda: ([(str(folder), file) for file, _, _ in files], None),
        render_halves, lambda item: item[1],
        notes=_count_notes(count, len(files)), count=len(files), together=2,
    )  # fmt: skip


def render_two(item: tuple[str, str, str, str], resolution: int) -> tuple[np.ndarray, bool]:
    """Two files → uint8 (2, R, R, 3), and whether one of them was enlarged."""
    pictures, enlarged = [], False
    for folder, name in (item[:2], item[2:]):
        try:
            pixels, larger = decode.read(os.path.join(folder, name), resolution)
        except PassingError:
            raise
        except PictureError as error:
            raise PictureError(f"{Path(folder).name}/{name}: {error}") from None
        pictures.append(pixels)
        enlarged |= larger
    return np.stack(pictures), enlarged


def render_halves(item: tuple[str, str], resolution: int) -> tuple[np.ndarray, bool]:
    """The left and the right half of a file → uint8 (2, R, R, 3), and whether enlarged."""
    picture = decode.read_whole(os.path.join(*item))
    width, side = picture.size
    if width != 2 * side:
        raise PictureError(f"{width} × {side}, not twice as wide as high")
    halves = [picture.crop((left, 0, left + side, side)) for left in (0, side)]
    return np.stack([decode.resize(half, resolution) for half in halves]), side < resolution


def _by_stem(
    files: Sequence[tuple[str, int, int]], folder: Path, left_out: list[tuple[str, str]]
) -> dict[str, tuple[str, int, int]]:
    """Path below the folder without suffix → file; a second file of that name is left out."""
    found: dict[str, tuple[str, int, int]] = {}
    for file in files:
        stem = str(PurePosixPath(file[0]).with_suffix(""))
        if stem in found:
            reason = f"has the name of {found[stem][0]!r}"
            left_out.append((f"{folder.name}/{file[0]}", reason))
        else:
            found[stem] = file
    return found


def _shape(path: Path) -> str:
    """The shape of a file in words, from its header; `DOUBLE` for a pair side by side."""
    try:
        width, height = decode.size(path)
    except PictureError as error:
        return f"cannot be read ({error})"
    return DOUBLE if width == 2 * height else f"is {width} × {height}"


def _count_notes(count: int | None, there: int) -> tuple[str, ...]:
    if count is None or count <= there:
        return ()
    return (f"{count} pairs were asked for; there are {there}.",)
