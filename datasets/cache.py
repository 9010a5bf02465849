"""One uint8 array on disk per set of pictures, built once and memory-mapped.

    <cache folder>/<name>-<resolution>-<fingerprint>/
        images.npy    uint8 (N, H, W, C), C 3 unless asked otherwise, of pairs (N, 2, H, W, 3)
        labels.npy    int32 (N,) or float32 (N, A), of pairs (N, 2, A), when there are labels
        captions.json for each picture its captions, if requested
        meta.json     label names, left-out pictures, notes, inputs of the fingerprint

It is built in a folder `….building-…` beside it and renamed when complete, so a folder with the
final name is always whole. The fingerprint covers the format's version, the resolution, the
relative path, size and modification time (ns) of every picture, and the labels. Contents are not
read, since that would cost as much as building. A moved folder keeps its cache; a touched file in
it causes a new one.
"""

import errno
import hashlib
import io
import json
import os
import shutil
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from datasets import drawing
from datasets.captions import Captioned, Captions
from datasets.errors import DataError
from datasets.labels import Found, Labels
from datasets.shapes import Resolution, shape_of, simplest
from datasets.source import Source
from foreign import arrays, bounds, records
from foreign.numbers import shown

VERSION = 1  # raise it when the pixels or the labels made from the same source change
DEFAULT_FOLDER = Path(__file__).parent / "cache"
UNFINISHED = ".building-"
ABANDONED_AFTER = 24 * 3600.0  # seconds without a change, for builders on other machines
SPARE_BYTES = 16 << 20
_NAMES = {"kind": str, "names": [str], "groups": records.Every([str])}
META = {"name": str, "count": int, "left_out": [[str]], "notes": [str], "labels": (_NAMES, None)}


def fingerprint(source: Source, resolution: Resolution) -> str:
    """12 hexadecimal digits, the same on every machine for the same pictures and settings."""
    parts = {"version": VERSION, "resolution": simplest(resolution), **source.identity}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def ensure(
    source: Source, resolution: Resolution, folder: Path, workers: int | None, progress: bool
) -> Path:
    """The folder of the complete cache, built if it is not there. Raises `DataError`."""
    label = shape_of(resolution).label
    path = folder / f"{source.name}-{label}-{fingerprint(source, resolution)}"
    _remove_unfinished(folder)
    if (path / "meta.json").is_file():
        return path
    if os.path.lexists(path):
        raise DataError(_damaged(path, "it holds no meta.json"))
    building = folder / f"{path.name}{UNFINISHED}{_host()}-{os.getpid()}"
    try:
        building.mkdir(parents=True)
        _build(source, resolution, building, workers, progress)
        _publish(building, path)
    except OSError as error:
        raise DataError(_explain(error, folder)) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return path


def read(
    path: Path, pictures: tuple[int, ...] | None = None
) -> tuple[np.ndarray, Labels | None, Captions | None, dict[str, Any]]:
    """A complete cache → images (read-only memory map), labels, captions, meta.

    `pictures`: the expected shape of one item, such as (H, W, 3); None: any. Raises `DataError` for
    a cache that is damaged, or whose parts do not fit its record or each other.
    """
    try:
        meta = records.read_object(path / "meta.json", META)
        images = arrays.mapped(path / "images.npy")
        _check_images(images, pictures, meta.get("count"))
        labels = None
        if known := meta["labels"]:
            groups = {name: tuple(members) for name, members in known["groups"].items()}
            values = np.array(arrays.mapped(path / "labels.npy"))
            labels = Labels(known["kind"], tuple(known["names"]), values, groups)
            _check_labels(labels, images)
        captions = None
        if (path / "captions.json").is_file():
            texts = records.read_json(path / "captions.json", bounds.TABLE)
            records.refuse_misfit(texts, [[str]], "captions.json")
            captions = tuple(map(tuple, texts))
            _need(len(captions) == len(images), f"{len(captions)} captioned of {len(images)}")
    except KeyError as error:
        raise DataError(_damaged(path, f"its record says nothing of {error}")) from error
    except ValueError as error:
        raise DataError(_damaged(path, " ".join(str(error).split()))) from error
    return images, labels, captions, meta


def _check_images(images: np.ndarray, pictures: tuple[int, ...] | None, count: int | None) -> None:
    _need(images.dtype == np.uint8, f"its pictures are {images.dtype}, not uint8")
    shape = images.shape
    _need(len(shape) > 3 and len(shape) < 6 and shape[0] > 0, f"its pictures have shape {shape}")
    fits = pictures is None or shape[1:] == pictures
    _need(fits, f"its pictures have shape {shape[1:]}, not {pictures}")
    _need(count in (None, shape[0]), f"it holds {shape[0]} pictures, and its record says {count}")


def _check_labels(labels: Labels, images: np.ndarray) -> None:
    """Refuse labels of another form than their kind has, or for another number of pictures."""
    values, names = labels.values, len(labels.names)
    if labels.kind == "classes":
        _need(values.dtype == np.int32, f"its classes are {values.dtype}, not int32")
        _need(values.shape == (len(images),), f"its classes have shape {values.shape}")
        _need(((values >= 0) & (values < names)).all(), f"it has {names} classes, and others occur")
        return
    _need(labels.kind == "attributes", f"its labels are of kind {shown(labels.kind)}")
    pair = images.shape[1:-3]
    _need(values.dtype == np.float32, f"its labels are {values.dtype}, not float32")
    _need(values.shape == (len(images), *pair, names), f"its labels have shape {values.shape}")
    _need(np.isfinite(values).all(), "its labels are not finite")
    members = {name for group in labels.groups.values() for name in group}
    _need(members <= set(labels.names), "its groups name other labels than it has")


def _need(right: Any, wrong: str) -> None:
    if not right:
        raise ValueError(wrong)


def _damaged(path: Path, reason: str) -> str:
    return f"The cache {str(path)!r} is damaged ({reason}). Delete this folder; it is made anew."


def _build(
    source: Source, resolution: Resolution, folder: Path, workers: int | None, progress: bool
) -> None:
    one = shape_of(resolution)
    if source.count and source.together == 1:  # before a million labels are made in vain
        _need_space(folder, source.count * int(np.prod(one)))
    items, found = source.load()
    captioned = source.captions() if source.captions else None
    left_out = list(source.left_out)
    rows = _described(source, items, (found, captioned), left_out)
    items = [items[row] for row in rows]
    pictures = (source.together,) if source.together > 1 else ()
    shape = (len(items), *pictures, *one)
    _need_space(folder, int(np.prod(shape)))
    header = _npy_header(shape)
    file = folder / "images.npy"
    file.write_bytes(header)
    report = drawing.draw_all(
        file, len(header), items, source.render, resolution, workers, progress,
        title=f"Caching {source.name} at {one.size} px",
    )  # fmt: skip
    left_out += [(source.describe(items[row]), why) for row, why in sorted(report.bad.items())]
    kept = [row for row in range(len(items)) if row not in report.bad]
    if not kept:
        name, reason = left_out[-1]
        raise DataError(
            f"All {len(left_out)} pictures of {source.name!r} are bad; "
            f"the last is {name!r}: {reason}."
        )
    if report.bad:
        _close_gaps(file, len(header), np.array(kept, np.int64), shape)
    notes = list(source.notes)
    for given in (found, captioned):
        notes += given.notes if given else []
    if report.enlarged:
        notes.append(
            f"{report.enlarged} of {len(kept)} pictures are smaller than {one.size} px "
            "and were enlarged; a lower --resolution would be sharper."
        )
    kept = [rows[row] for row in kept]
    meta = {"name": source.name, "count": len(kept), "left_out": left_out, "notes": notes,
            "labels": None}  # fmt: skip
    _write_descriptions(folder, meta, found, captioned, kept)


def _described(
    source: Source,
    items: Sequence[Any],
    descriptions: Sequence[Found | Captioned | None],
    left_out: list[tuple[str, str]],
) -> list[int]:
    """The rows of the items that have all descriptions; the others are added to `left_out`."""
    rows = list(range(len(items)))
    for given in descriptions:
        if given is not None:
            known = set(given.rows)
            missing = [row for row in rows if row not in known]
            left_out += [(source.describe(items[row]), given.missing) for row in missing]
            rows = [row for row in rows if row in known]
    if not rows:
        raise DataError(f"No picture of {source.name!r} has both a label and a caption.")
    return rows


def _write_descriptions(
    folder: Path,
    meta: dict[str, Any],
    found: Found | None,
    captioned: Captioned | None,
    kept: Sequence[int],
) -> None:
    """Write the labels and captions of the `kept` rows, and the metadata."""
    if captioned:
        texts = dict(zip(captioned.rows, captioned.texts, strict=True))
        (folder / "captions.json").write_text(json.dumps([texts[row] for row in kept]), "utf-8")
    if found:
        place = {row: i for i, row in enumerate(found.rows)}
        np.save(folder / "labels.npy", found.labels.values[[place[row] for row in kept]])
        meta["labels"] = {k: v for k, v in asdict(found.labels).items() if k != "values"}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1), "utf-8")


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """The header that `np.save` writes before the pixels, with room for any count."""
    buffer = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()


def _close_gaps(file: Path, offset: int, kept: np.ndarray, shape: tuple[int, ...]) -> None:
    """Move the good rows together and shorten the file. Rows move only towards the start."""
    rows = np.memmap(file, np.uint8, "r+", offset, shape)
    for start in range(0, len(kept), 1024):
        chosen = kept[start : start + 1024]
        rows[start : start + len(chosen)] = rows[chosen]
    rows.flush()
    del rows
    header = _npy_header((len(kept), *shape[1:]))
    if len(header) != offset:
        raise AssertionError("the .npy header changed its length")
    with file.open("r+b") as images:
        images.write(header)
        images.truncate(offset + len(kept) * int(np.prod(shape[1:])))


def _publish(building: Path, path: Path) -> None:
    try:
        building.rename(path)
    except OSError:
        if not (path / "meta.json").is_file():  # not simply that another run was faster
            raise


def _remove_unfinished(folder: Path) -> None:
    """Delete the folders of killed builders, but not those that others are building now."""
    for path in folder.glob(f"*{UNFINISHED}*"):
        host, _, process = path.name.partition(UNFINISHED)[2].rpartition("-")
        if host == _host() and process.isdecimal():
            abandoned = int(process) == os.getpid() or not _is_running(int(process))
        else:
            newest = max((p.stat().st_mtime for p in path.glob("*")), default=path.stat().st_mtime)
            abandoned = time.time() - newest > ABANDONED_AFTER
        if abandoned:
            shutil.rmtree(path, ignore_errors=True)


def _host() -> str:
    """Where the numbers of processes are this one's: containers may share a host's name."""
    try:
        return f"{socket.gethostname()}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return socket.gethostname()


def _is_running(process: int) -> bool:
    if os.name == "nt":  # there, os.kill would end the process it asks about
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _need_space(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed + SPARE_BYTES:
        raise OSError(errno.ENOSPC, f"{needed / 2**20:,.0f} MiB are needed")


def _explain(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(folder).free / 2**20
        detail = f"{error.strerror}, " if "needed" in str(error.strerror) else ""
        return (
            f"The disk is full: caching in {str(folder)!r} failed ({detail}{free:,.0f} MiB are "
            "free). Nothing was kept. Free some space, choose another cache folder, or use a "
            "lower --resolution."
        )
    return f"Cannot write the cache in {str(folder)!r}: {error.strerror or error}."
