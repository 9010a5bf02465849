"""One picture → its faces as files, with their measurements. Runs in separate processes."""

import functools
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from curation import detection, detectors, quality
from curation.crop import cut, middle
from curation.detection import Found, Square
from curation.duplicates import thumbnail
from curation.store import SAME_FILE, Crop, Picture
from datasets import decode
from datasets.errors import PassingError, PictureError
from foreign.files import replaced

NO_FACE = "no face found"
RECUT = 1.2  # of a face's width: copies are recognised by this square in the middle of the box


@dataclass(frozen=True)
class Task:
    """`detector` is "cascade", an ONNX file, or "none" if each picture is a face."""

    raw: str
    name: str
    bytes: int
    modified: int
    folder: str
    detector: str
    turned: bool


def look_at(task: Task) -> Picture:
    """Find, cut out, judge and write the faces of one picture, below `task.folder`.

    A face's file is named after its picture and the picture's contents, so that a second call
    writes the same files. Raises `OSError` if they cannot be written.
    """
    path = os.path.join(task.raw, task.name)
    try:
        picture = decode.read_whole(path)
        with open(path, "rb") as contents:
            digest = hashlib.file_digest(contents, "sha256").hexdigest()
    except PassingError as error:
        return unread(task, str(error))
    except OSError as error:
        refused = unread if error.errno in decode.PASSING else not_usable
        return refused(task, error.strerror or str(error))
    except PictureError as error:
        return not_usable(task, str(error))
    crops = []
    for number, (found, square) in enumerate(_faces(picture, task)):
        crop, padding = cut(picture, square)
        seen = crop
        if task.detector != "none":  # the frame is asymmetric: a mirrored copy would not match
            width = RECUT * max(found.width, found.height)
            seen, _ = cut(picture, detection.square_around(found.x, found.y, width))
        file = f"{file_stem(task.name)}-{digest[:8]}-{number}.png"
        write_png(crop, Path(task.folder) / file)
        crops.append(
            Crop(
                file, square.left, square.top, square.side, found.tilt,
                None if task.detector == "none" else round(found.score, 4),
                round(padding, 4),
                round(max(found.width / found.height, found.height / found.width), 3),
                round(quality.sharpness(crop), 2), round(quality.chroma(crop), 2),
                thumbnail(seen).tobytes(),
            )
        )  # fmt: skip
    reason = "" if crops else NO_FACE
    return Picture(task.name, task.bytes, task.modified, digest, reason, tuple(crops))


def not_usable(task: Task, reason: str) -> Picture:
    """A picture without usable faces, and why."""
    return Picture(task.name, task.bytes, task.modified, "", reason)


def same_file(picture: Picture, other: str) -> Picture:
    """A picture whose contents are those of another one."""
    return replace(picture, reason=f"{SAME_FILE} {other}", crops=())


def unread(task: Task, reason: str) -> Picture:
    """A picture that could not be read at this moment; the next call looks at it anew."""
    return replace(not_usable(task, reason), modified=-1)


def ended(task: Task) -> Picture:
    """A picture whose process was killed twice; the next call looks at it anew."""
    return unread(task, "the process that read it was ended, probably for lack of memory")


def write_png(picture: Image.Image, path: Path) -> None:
    """Write the PNG to `path`, completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path, shared=True) as unfinished:  # two equal pictures may have one name
        picture.save(unfinished, format="PNG", compress_level=4)


def file_stem(name: str) -> str:
    """The beginning of the file names of a picture's faces.

    It is the picture's path without characters that some file systems or pages do not allow.
    Sub-folders stay, since they may be classes.
    """
    parts = name.split("/")
    parts[-1] = os.path.splitext(parts[-1])[0]
    return "/".join(_plain(part) for part in parts)


def _faces(picture: Image.Image, task: Task) -> list[tuple[Found, Square]]:
    if task.detector == "none":
        whole = Found(picture.width / 2, picture.height / 2, picture.width, picture.height, 1.0)
        return [(whole, middle(picture))]
    detector = _detector(task.detector, task.turned)
    return [(found, detector.frame(found)) for found in detector.detect(picture)]


@functools.lru_cache(maxsize=1)
def _detector(spec: str, turned: bool) -> detection.Detector:
    return detectors.build(spec, turned)


def _plain(part: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in part)
    return plain[:60] or "_"
