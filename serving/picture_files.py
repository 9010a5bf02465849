"""Translating files of pictures with a network, in batches: each input has one output."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from console.errors import UserError
from console.wording import listed
from datasets import decode
from datasets.errors import PictureError
from media import film
from serving.output import disk_errors, whole_file

if TYPE_CHECKING:
    from serving.kinds import OnPictures

FILMS = (".gif", ".webp")  # files that may hold several frames
_WITH_OPACITY = (".png", ".webp")
_JPEG = {"quality": 95, "subsampling": 0}
_SAVE = {".jpg": _JPEG, ".jpeg": _JPEG, ".jpe": _JPEG, ".jfif": _JPEG, ".webp": {"lossless": True}}
Seen = Callable[[list[np.ndarray], list[np.ndarray]], None]


@dataclasses.dataclass(frozen=True)
class Job:
    """One input file and its output file."""

    source: Path
    target: Path


@dataclasses.dataclass
class Done:
    """The result of the jobs: how many files were written, and which could not be read."""

    written: int = 0
    left_out: list[tuple[Path, str]] = dataclasses.field(default_factory=list)


def plan(source: Path, out: Path, overwrite: bool, tag: str = "") -> list[Job]:
    """The jobs: one picture or film, or all in a folder and its sub-folders, under their own names.

    With a `tag` results are called NAME.TAG.SUFFIX, for several of each picture. For a single file,
    `out` is a file if it has a picture's suffix, else the folder for it. Raises `UserError` if
    there is nothing to do, or if an original or, without `overwrite`, an existing file would be
    replaced.
    """
    if source.is_dir():
        jobs = [Job(path, out / path.relative_to(source)) for path in _pictures(source, out)]
        if not jobs:
            raise UserError(f"{source} holds no picture ({', '.join(sorted(decode.SUFFIXES))})")
    elif source.is_file():
        is_file = out.suffix.lower() in decode.SUFFIXES and not out.is_dir()
        if is_file and tag:
            raise UserError(f"several pictures are made of {source}; --out {out} must be a folder")
        jobs = [Job(source, out if is_file else out / source.name)]
    else:
        raise UserError(f"there is no file or folder {source}")
    if tag:
        jobs = [Job(job.source, _tagged(job.target, tag)) for job in jobs]
    originals = {job.source.resolve() for job in jobs}
    for job in jobs:
        if job.target.resolve() in originals:
            raise UserError(f"{job.target} is one of the originals; choose another --out")
    existing = [str(job.target) for job in jobs if job.target.exists()]
    if existing and not overwrite:
        raise UserError(f"{listed(existing, 2)} exist already; --overwrite replaces such files")
    _refuse_unwritable(out if source.is_dir() else jobs[0].target.parent)
    return jobs


def _tagged(path: Path, tag: str) -> Path:
    return path.with_name(f"{path.stem}.{tag}{path.suffix}")


def _pictures(folder: Path, out: Path) -> list[Path]:
    """All pictures in `folder`, sorted, without the results of an earlier call in `out`."""
    inside = out.resolve()
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [n for n in folders if (Path(place) / n).resolve() != inside]
        found += [Path(place) / n for n in names if Path(n).suffix.lower() in decode.SUFFIXES]
    return sorted(found)


def _refuse_unwritable(folder: Path) -> None:
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise UserError(f"cannot write to {folder}: {there} is not a writable folder")


def carry_out(
    translator: OnPictures,
    jobs: list[Job],
    seen: Seen,
    tick: Callable[[], None],
    size: int,
) -> Done:
    """Read, translate and write, at most `size` pictures, or one film's frames, in memory.

    Args:
        seen: called with the pictures before and after, uint8 (H, W, 3 or 4), a batch at a time;
            of a film with its first frame.
        tick: called after each file, written or left out.
    """
    if translator.any_size:
        size = 1  # pictures of any size may be large
    done = Done()
    for batch in _batches(translator, jobs, done, tick, size):
        if isinstance(batch, Job):
            _film(translator, batch, done, seen, size)
            tick()
            continue
        before = [picture for _, picture in batch]
        after = translator.apply(before, size)
        for (job, _), made in zip(batch, after, strict=True):
            _write(job.target, made)
            done.written += 1
            tick()
        seen(before, after)
    return done


def _batches(
    translator: OnPictures,
    jobs: list[Job],
    done: Done,
    tick: Callable[[], None],
    size: int,
) -> Iterator[list[tuple[Job, np.ndarray]] | Job]:
    """Readable pictures, `size` at a time, and films, each on its own."""
    batch: list[tuple[Job, np.ndarray]] = []
    for job in jobs:
        try:
            if job.source.suffix.lower() in FILMS and decode.frame_count(job.source) > 1:
                yield job
                continue
            batch.append((job, translator.read(job.source)))
        except PictureError as error:
            done.left_out.append((job.source, str(error)))
            tick()
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _film(translator: OnPictures, job: Job, done: Done, seen: Seen, size: int) -> None:
    """Translate a film frame by frame; a damaged one is left out whole."""
    frames, seconds, first = [], [], None
    suffix = job.target.suffix.lower()
    try:
        if suffix not in FILMS:
            raise PictureError(f"it is a film, and a {suffix} holds one picture; write a .gif")
        for before, after, shown in translator.film(job.source, size):
            first = first or ([before[0]], [after[0]])
            frames.append(after)
            seconds += shown
    except PictureError as error:
        done.left_out.append((job.source, str(error)))
        return
    encoded = film.encoded(np.concatenate(frames), seconds, suffix=suffix)
    with _made(job.target) as unfinished:
        unfinished.write_bytes(encoded)
    seen(*first)
    done.written += 1


def _write(path: Path, picture: np.ndarray) -> None:
    suffix = path.suffix.lower()
    kind = Image.registered_extensions()[suffix]
    image = Image.fromarray(picture)
    if picture.shape[2] == 4 and suffix not in _WITH_OPACITY:
        image = decode.to_rgb(image)
    with _made(path) as unfinished:
        image.save(unfinished, format=kind, **_SAVE.get(suffix, {}))


def _made(path: Path):
    """`whole_file` for one of many pictures, whose folder is made if it is missing."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return whole_file(path, durable=False)
