"""From pictures to a data set of faces: the work of `prepare.py RAW --faces OUT`.

The first steps process only new pictures and save their results at once. The last steps, which look
at all faces together, run every time.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from curation import decisions, extraction, illustration2vec, manifest, outliers, review
from curation.decisions import Rules
from curation.extraction import Task
from curation.files import Folder, utf8
from curation.quality import SIZE as SEEN
from curation.store import Store, damaged
from datasets import labels, processes, sources
from datasets.errors import DataError

Features = Callable[[np.ndarray], np.ndarray]  # uint8 (N, H, W, 3) → (N, d)
Tag = Callable[[list[Image.Image]], list[dict[str, float]]]
AT_ONCE = 32  # faces that are described or tagged between two saves
FEW = 8  # for fewer pictures, starting processes costs more than it saves


@dataclass(frozen=True)
class Options:
    """How faces are found, described and chosen.

    detector   "cascade", the path of an ONNX file, or "none" if each picture is a face
    turned     whether to look for tilted heads too
    tagger     faces → probabilities, or None; `tagger_name` identifies the tagger
    tags       a folder of illustration2vec's JSON, in place of a tagger
    threshold  the probability above which an attribute is on
    write_tags whether to write illustration2vec's JSON
    features   pictures → features for ranking outliers, or None
    """

    detector: str = "cascade"
    turned: bool = False
    tagger: Tag | None = None
    tagger_name: str = ""
    tags: Path | None = None
    threshold: float = 0.35
    write_tags: bool = False
    features: Features | None = None
    rules: Rules = field(default_factory=Rules)
    workers: int | None = None
    progress: bool = True


def run(raw: Path, out: Path, options: Options) -> list[str]:
    """Do the remaining work; returns lines to print. Raises `DataError`."""
    files, passed_over = sources.scan(raw)
    folder = Folder(out, raw)
    path = folder.work / "faces.sqlite"
    store = Store(path)
    try:
        folder.remove_unfinished()
        _same_settings(store, raw, folder, options)
        gone = set(store.known()) - {name for name, _, _ in files}
        new = _find_faces(store, folder, raw, files, gone, options)
        _describe(store, folder, options)
        unclear = _tag(store, folder, options)
        lines = [*unclear, *_choose(store, folder, gone, options)]
    except (OSError, sqlite3.OperationalError) as error:
        raise DataError(
            f"Cannot write in {str(out)!r}: {getattr(error, 'strerror', None) or error}. The "
            "results so far are kept: the same command continues."
        ) from None
    except sqlite3.DatabaseError:
        raise DataError(damaged(path)) from None
    finally:
        store.close()
    head = f"{len(files):,} pictures, {new:,} of them looked at now."
    if passed_over:
        kinds = ", ".join(f"{utf8(suffix)} {n}" for suffix, n in passed_over.most_common(5))
        head += f" Files of other kinds, passed over: {passed_over.total()} ({kinds})."
    return [head, *lines]


def _same_settings(store: Store, raw: Path, folder: Folder, options: Options) -> None:
    """Check that the folder of faces has the same pictures and the same detector as before."""
    asked = {"raw": os.fsencode(raw.resolve()).hex(), "detector": options.detector,
             "turned": options.turned}  # fmt: skip
    kept = store.settle(asked)
    for key in ("detector", "turned"):
        if kept[key] != asked[key]:
            raise DataError(
                f"The faces in {str(folder.path)!r} were found with {key} = {kept[key]}, not "
                f"{asked[key]}. Use the same options, or another folder."
            )
    try:
        before = Path(os.fsdecode(bytes.fromhex(kept["raw"])))
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(str(error)) from error
    if kept["raw"] != asked["raw"]:
        if before.exists():
            raise DataError(
                f"The faces in {str(folder.path)!r} are those of {str(before)!r}. Add pictures "
                "there, or give another folder."
            )
        store.change("raw", asked["raw"])  # it was moved


def _find_faces(
    store: Store,
    folder: Folder,
    raw: Path,
    files: list[tuple[str, int, int]],
    gone: set[str],
    options: Options,
) -> int:
    """Process new and changed pictures; returns their number."""
    known = store.known()
    stale = gone | {name for name, *row in files if name in known and known[name] != tuple(row)}
    store.forget_copies_of(stale)
    known = store.known()
    new = [row for row in files if known.get(row[0]) != row[1:]]
    tasks = [
        (Task(str(raw), *row, str(folder.dropped), options.detector, options.turned),)
        for row in new
    ]
    workers = options.workers or processes.cores()
    workers = 1 if len(tasks) < FEW else min(workers, len(tasks))
    seen = {digest: name for digest, name in store.digests().items() if name not in stale}
    done = processes.each_done(extraction.look_at, tasks, workers, extraction.ended)
    title = "Finding faces" if options.detector != "none" else "Reading faces"
    for picture in _shown(done, title, len(tasks), options):
        twin = seen.setdefault(picture.digest, picture.name) if picture.digest else picture.name
        if twin != picture.name:
            if extraction.file_stem(twin) != extraction.file_stem(picture.name):
                for crop in picture.crops:
                    folder.delete(crop.file)
            picture = extraction.same_file(picture, utf8(twin))
        for file in store.add(picture):
            folder.delete(file)
    return len(new)


def _describe(store: Store, folder: Folder, options: Options) -> None:
    if options.features is None:
        return
    there = _there(folder, store.without("features"))
    files = list(there)
    for some in _shown(_parts(files), "Describing faces", -(-len(files) // AT_ONCE), options):
        pictures = np.stack([folder.read(there[file], SEEN) for file in some])
        store.set_features(some, options.features(pictures))


def _tag(store: Store, folder: Folder, options: Options) -> list[str]:
    """Tag the faces; returns lines to print."""
    name = options.tagger_name if options.tags is None else "illustration2vec"
    if not name:
        return []
    if store.settle({"tagger": name})["tagger"] != name:  # another tagger: tag all faces again
        store.forget_tags()
        store.change("tagger", name)
    if options.tags is not None:
        store.forget_tags()  # the JSON may have changed, and reading it is cheap
        found, lines = _tags_of_pictures(store, options.tags)
        store.set_tags(found)
        return lines
    if options.tagger is None:
        return []
    there = _there(folder, store.without("tags"))
    files = list(there)
    for some in _shown(_parts(files), "Tagging faces", -(-len(files) // AT_ONCE), options):
        pictures = [folder.read(there[file]) for file in some]
        store.set_tags(dict(zip(some, options.tagger(pictures), strict=True)))
    return []


def _tags_of_pictures(store: Store, folder: Path) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The JSON of each face, or of its picture if that has no other face; and lines to print.

    A JSON whose name pictures of several folders have is that of none.
    """
    tags, every = illustration2vec.read_folder(folder), store.faces()
    pictures = [name for name, _ in store.pictures()]
    shared = {
        "file": illustration2vec.shared_names(face["file"] for face in every),
        "picture": illustration2vec.shared_names(pictures),
    }
    found = {}
    for _, group in itertools.groupby(every, key=lambda face: face["picture"]):
        faces = list(group)
        for face in faces:
            keys = ("file", "picture") if len(faces) == 1 else ("file",)
            given = (illustration2vec.for_picture(tags, face[key], shared[key]) for key in keys)
            values = next((each for each in given if each is not None), None)
            if values is not None:
                found[face["file"]] = values
    of_one = {os.path.splitext(name)[0] for name in pictures}
    unclear = sorted((shared["picture"] & tags.keys()) - of_one)
    if not unclear:
        return found, []
    return found, [
        f"Tags passed over, since pictures of several folders have their names: {len(unclear)} "
        f"({labels.some(unclear)}). Put each JSON into a folder named like its picture's."
    ]


def _choose(store: Store, folder: Folder, gone: set[str], options: Options) -> list[str]:
    """Choose the faces that stay, move files, write tables and pages; returns lines to print."""
    faces = store.faces()
    described = options.features is not None
    ranked = outliers.scores(store.features()) if described else [None] * len(faces)
    for face, score in zip(faces, ranked, strict=True):
        face["outlier"] = None if score is None else round(float(score), 4)
        on = manifest.attributes(face["tags"] or {}, options.threshold)
        face["shown"] = ", ".join(sorted(on))
    recut = options.detector != "none"
    by_hand = decisions.follow(decisions.read(folder.decisions), faces, gone)
    lost = {face["file"] for face in faces if folder.find(face["file"]) is None}
    automatic = decisions.found_reasons(faces, store.thumbnails(), options.rules, gone, lost, recut)
    reasons = decisions.final_reasons(faces, automatic, by_hand)
    without = [(name, reason) for name, reason in store.pictures() if reason]
    # The tables come first: if the run stops before the files move, the next run corrects that.
    manifest.write(folder, faces, reasons, without)
    kept = [face["file"] for face, reason in zip(faces, reasons, strict=True) if not reason]
    folder.arrange(kept)
    names, labelled = manifest.write_labels(folder, faces, reasons, options.threshold)
    if options.write_tags:
        for face in faces:
            if face["tags"]:
                illustration2vec.write(folder.tags, face["file"], face["tags"])
    review.write(folder, faces, automatic, by_hand)
    sheet = review.write_sheet(folder, faces, reasons)
    return [*manifest.counts(reasons, without),
            *_notes(folder, faces, by_hand, names, labelled, sheet)]  # fmt: skip


def _notes(folder, faces, by_hand, names, labelled, sheet) -> list[str]:
    lines = []
    unknown = sorted(set(by_hand) - {face["file"] for face in faces})
    if unknown:
        some = ", ".join(repr(name) for name in unknown[:3])
        lines.append(f"drop.txt names {len(unknown)} faces that do not exist ({some}).")
    if names:
        lines.append(f"Labels: {labelled:,} faces, {len(names)} attributes, {folder.labels}")
    lines.append(f"Manifest: {folder.manifest}. Clean by hand: {folder.review}")
    if sheet:
        lines.append(f"Sheet of {sheet} kept faces: {folder.sheet}. Train: --data {folder.faces}")
    return lines


def _there(folder: Folder, files: list[str]) -> dict[str, Path]:
    """The faces whose file is still there, and where."""
    return {file: path for file in files if (path := folder.find(file))}


def _parts(files: list[str]) -> Iterator[list[str]]:
    return (files[start : start + AT_ONCE] for start in range(0, len(files), AT_ONCE))


def _shown(things: Iterator, title: str, total: int, options: Options) -> Iterator:
    hidden = not options.progress or not total
    return iter(tqdm(things, desc=title, total=total, disable=hidden))
