"""Sources of pictures. Describing a source is cheap; only drawing its pictures takes time.

Five kinds: a folder of picture files, the embedded faces, the same at five ages, drawn triangles,
and a public set, of `keras.datasets` or of scikit-learn (`datasets/public.py`).
"""

import functools
import importlib.metadata
import os
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from datasets import ages, captions, decode, faces, labels, readers, triangles
from datasets.attributes import ATTRIBUTES, GROUPS
from datasets.errors import DataError
from datasets.public import PUBLIC
from datasets.shapes import Resolution, shape_of
from datasets.source import Source
from foreign import bounds, numbers
from foreign.names import problem

FACES, TRIANGLES = "faces", "triangles"
MOST = bounds.PICTURES
AGES = ages.NAME
KNOWN = (FACES, AGES, TRIANGLES, *PUBLIC)  # sets that are not folders


def find(
    spec: str | os.PathLike,
    label_spec: str | None,
    count: int | None,
    caption_spec: str | None = None,
) -> Source:
    """The source that `spec` names: "faces", "ages", "triangles", a public set, or a folder.

    Raises `DataError` if there is none, or if the requested labels or captions do not fit it.
    """
    check_count(count)
    label_spec = None if label_spec is None else str(label_spec)
    if str(spec) in KNOWN and caption_spec not in (None, captions.DRAWN):
        raise DataError(
            f"Captions {caption_spec!r} are for a folder of pictures, not {str(spec)!r}."
        )
    if str(spec) != FACES and caption_spec == captions.DRAWN:
        raise DataError(f"Captions are made for {FACES!r} only; give a CSV file or 'files'.")
    if str(spec) == FACES:
        return _faces(label_spec, faces.DEFAULT_COUNT if count is None else count, caption_spec)
    if str(spec) == AGES:
        return _ages(label_spec, ages.DEFAULT_COUNT if count is None else count)
    if str(spec) == TRIANGLES:
        return _triangles(label_spec, triangles.TRAINING if count is None else count)
    if str(spec) in PUBLIC:
        return _public(str(spec), label_spec, count)
    return _folder(folder_of(spec), label_spec, count, caption_spec)


def folder_of(spec: str | os.PathLike) -> Path:
    """The folder that `spec` names. Raises `DataError` for a name that no folder can have."""
    if wrong := problem(spec):
        raise DataError(f"The name of the data, {numbers.shown(os.fspath(spec))}, {wrong}.")
    return Path(spec).expanduser()


def check_count(count: int | None) -> None:
    """Refuse a number of pictures below 1, or far above what can be drawn."""
    if count is not None and (wrong := numbers.outside(count, int, (1, None, MOST, None))):
        raise DataError(f"The number of pictures must be {wrong}, not {count}.")


def own_labels_only(name: str, label_spec: str | None) -> bool:
    """Whether a set with its own labels uses them. Refuses other labels."""
    if label_spec not in (None, "none"):
        raise DataError(
            f"{name!r} brings its own labels; --labels {label_spec} does not apply. "
            "Leave it out, or say none."
        )
    return label_spec is None


# === Embedded faces ===


def _faces(label_spec: str | None, count: int, caption_spec: str | None) -> Source:
    labelled = own_labels_only(FACES, label_spec)

    @functools.cache
    def known() -> labels.Labels:
        return labels.Labels("attributes", ATTRIBUTES, faces.labels(count), dict(GROUPS))

    def load():
        return range(count), labels.Found(list(range(count)), known(), "", []) if labelled else None

    identity = {
        "kind": "faces",
        "count": count,
        "labelled": labelled,
        "drawn by": drawn_by(),
    }
    return Source(
        FACES, identity, load, render_face, lambda index: f"face {index}",
        count=count, labelled=labelled,
        told=(lambda: captions.of_labels(known())) if caption_spec else None,
    )  # fmt: skip


def drawn_by() -> dict[str, str]:
    """The versions of the packages that the pixels of the faces depend on."""
    packages = ("dicebear-core", "dicebear-styles", "resvg-py")
    return {package: importlib.metadata.version(package) for package in packages}


def render_face(index: int, resolution: Resolution) -> tuple[np.ndarray, bool]:
    """Face number `index`, uint8 (R, R, 3), and whether it was enlarged: never.

    Of other shapes the middle, and with opacity everywhere.
    """
    return _shaped(faces.draw(index, max(shape_of(resolution)[:2])), resolution), False


def render_triangle(index: int, resolution: Resolution) -> tuple[np.ndarray, bool]:
    """Triangle number `index`, as `render_face`."""
    return _shaped(triangles.render(index, max(shape_of(resolution)[:2])), resolution), False


def _shaped(square: np.ndarray, resolution: Resolution) -> np.ndarray:
    """A square RGB drawing as a picture of that shape."""
    if square.shape == shape_of(resolution):
        return square
    return decode.fitted(Image.fromarray(square), resolution)


# === The same faces at five ages ===


def _ages(label_spec: str | None, count: int) -> Source:
    labelled = own_labels_only(AGES, label_spec)

    def load():
        known = labels.Labels("attributes", ages.NAMES, ages.labels(count), dict(ages.GROUPS))
        return range(count), labels.Found(list(range(count)), known, "", []) if labelled else None

    identity = {"kind": AGES, "count": count, "labelled": labelled, "drawn by": drawn_by()}
    return Source(
        AGES, identity, load, render_person, lambda index: f"person {index}",
        count=count, labelled=labelled,
    )  # fmt: skip


def render_person(index: int, resolution: Resolution) -> tuple[np.ndarray, bool]:
    """Person number `index`, as `render_face`."""
    return _shaped(ages.draw(index, max(shape_of(resolution)[:2])), resolution), False


# === Triangles ===


def _triangles(label_spec: str | None, count: int) -> Source:
    if label_spec not in (None, "none"):
        raise DataError(f"{TRIANGLES!r} has no labels; --labels {label_spec} does not apply.")
    if count > triangles.TRAINING:
        raise DataError(f"{TRIANGLES!r} has {triangles.TRAINING} to train on, not {count}.")
    identity = {"kind": TRIANGLES, "count": count}
    return Source(
        TRIANGLES,
        identity,
        lambda: (range(count), None),
        render_triangle,
        lambda index: f"triangle {index}",
        count=count,
    )


# === Public sets ===


def _public(name: str, label_spec: str | None, count: int | None) -> Source:
    labelled = own_labels_only(name, label_spec)

    def load():
        images, classes, class_names = PUBLIC[name]()
        chosen = evenly(count, len(images))
        known = labels.Labels("classes", class_names, classes[chosen].astype(np.int32))
        rows = list(range(len(chosen)))
        return images[chosen], labels.Found(rows, known, "", []) if labelled else None

    identity = {"kind": "keras.datasets", "set": name, "count": count, "labelled": labelled}
    return Source(
        name, identity, load, render_array, lambda _: name, count=count, labelled=labelled
    )


def render_array(image: np.ndarray, resolution: Resolution) -> tuple[np.ndarray, bool]:
    """uint8 (H, W) or (H, W, 3) → RGB at the resolution; 28 × 28 is first padded to 32 × 32."""
    if image.shape[:2] == (28, 28):
        image = np.pad(image, [(2, 2), (2, 2), *[(0, 0)] * (image.ndim - 2)])
    picture, shape = Image.fromarray(image), shape_of(resolution)
    small = picture.width < shape.width or picture.height < shape.height
    return decode.fitted(picture, shape), small


# === Folders ===


def _folder(
    folder: Path, label_spec: str | None, count: int | None, caption_spec: str | None
) -> Source:
    files, passed_over = scan(folder)
    if caption_spec == captions.FILES:
        del passed_over[".txt"]
    notes = []
    if passed_over:
        kinds = ", ".join(f"{suffix} {n}" for suffix, n in passed_over.most_common(5))
        total = passed_over.total()
        notes.append(f"Files of other kinds, passed over: {total} ({kinds}).")
    if count is not None and count > len(files):
        notes.append(f"{count} pictures were asked for; the folder has {len(files)}.")
    every = [name for name, _, _ in files]
    files = [files[i] for i in evenly(count, len(files))]
    reader, label_identity = readers.of_labels(folder, label_spec)
    relative = [name for name, _, _ in files]

    def load():
        found = reader(relative, every) if reader else None
        return [(str(folder), name) for name in relative], found

    identity = {"kind": "folder", "files": files, "labels": label_identity}
    captioned, caption_identity = readers.of_captions(folder, relative, every, caption_spec)
    if captioned:
        identity["captions"] = caption_identity
    return Source(
        safe(folder.resolve().name), identity, load, render_file, lambda item: item[1],
        tuple(notes), len(files), reader is not None, captions=captioned,
    )  # fmt: skip


def render_file(item: tuple[str, str], resolution: Resolution) -> tuple[np.ndarray, bool]:
    """The picture of (folder, path below it), as `decode.read` gives it."""
    return decode.read(os.path.join(*item), resolution)


def scan(folder: Path) -> tuple[list[tuple[str, int, int]], Counter]:
    """Every picture below the folder as (relative path, bytes, mtime in ns), and other suffixes.

    Links are followed, but cycles only once. Raises `DataError` if there is no picture.
    """
    try:
        exists = folder.exists()
    except OSError as error:  # of a folder above it that may not be entered
        raise DataError(f"Cannot read the folder {str(folder)!r}: {error.strerror}.") from None
    if not exists:
        known = ", ".join(KNOWN)
        raise DataError(f"There is no folder {str(folder)!r}. Data is a folder or one of: {known}.")
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is a file; give the folder that holds the pictures.")
    files, visited, empty = [], set(), True
    others: Counter[str] = Counter()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        status = os.stat(root)
        if (status.st_dev, status.st_ino) in visited:  # a link back into the tree
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        empty = empty and not names
        for name in names:
            suffix = os.path.splitext(name)[1].lower()
            if name.startswith("."):
                continue
            if suffix not in decode.SUFFIXES:
                others[suffix or "no suffix"] += 1
                continue
            path = os.path.join(root, name)
            try:
                status = os.stat(path)
            except OSError:
                size = time = -1  # a dangling link: reported as unreadable when it is drawn
            else:
                size, time = status.st_size, status.st_mtime_ns
                if not os.access(path, os.R_OK):  # allowed later, it is drawn anew
                    size = time = -1
            files.append((Path(path).relative_to(folder).as_posix(), size, time))
    if not files:
        what = "is empty" if empty else f"holds no picture (found {_kinds(others)})"
        known = ", ".join(sorted(decode.SUFFIXES))
        raise DataError(f"The folder {str(folder)!r} {what}. Pictures end in: {known}.")
    return sorted(files), others


def _refuse(error: OSError) -> None:
    raise DataError(f"Cannot read the folder {error.filename!r}: {error.strerror}.")


def _kinds(others: Counter) -> str:
    return ", ".join(f"{n} {suffix}" for suffix, n in others.most_common(3)) or "hidden files only"


def evenly(count: int | None, total: int) -> np.ndarray:
    """`count` of `total` indices, in order and evenly spread, so that each part gives its share.

    All of them, if `count` is None or there are fewer.
    """
    if count is None or count >= total:
        return np.arange(total)
    return np.arange(count) * total // count


def safe(name: str) -> str:
    """A name that can be part of a path, of at most 40 letters."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:40] or "pictures"
