"""The tables of a run: the manifest of all faces, the labels of those that stay, the counts."""

import csv
import io
from collections import Counter
from collections.abc import Sequence

from curation.files import Folder, utf8
from datasets.attributes import ATTRIBUTES, groups_among
from foreign.files import write_text

NUMBERS = ("x", "y", "side", "tilt", "score", "padding", "aspect", "sharpness", "chroma",
           "outlier")  # fmt: skip


def write(
    folder: Folder,
    faces: Sequence[dict],
    reasons: Sequence[str],
    without: Sequence[tuple[str, str]],
) -> None:
    """`manifest.csv`: a row per face, then a row for each picture (name, reason) without faces.

    The attributes are the tagger's probabilities; they have columns if any face was tagged.
    """
    names = [name for name in ATTRIBUTES if any(name in (face["tags"] or {}) for face in faces)]
    rows = [["face", "kept", "why", "picture", *NUMBERS, *names]]
    for face, reason in zip(faces, reasons, strict=True):
        tags = face["tags"] or {}
        values = ["" if face[key] is None else face[key] for key in NUMBERS]
        rows.append([face["file"], "no" if reason else "yes", reason, utf8(face["picture"]),
                     *values, *(tags.get(name, "") for name in names)])  # fmt: skip
    blank = [""] * (len(NUMBERS) + len(names))
    rows += [["", "no", reason, utf8(name), *blank] for name, reason in without]
    write_text(folder.manifest, _csv(rows))


def write_labels(
    folder: Folder, faces: Sequence[dict], reasons: Sequence[str], threshold: float
) -> tuple[list[str], int]:
    """Write `labels.csv` for tagged faces that stay; its attributes and its number of rows.

    Without any tags the file is not written.
    """
    tagged = [face for face, reason in zip(faces, reasons, strict=True)
              if face["tags"] and not reason]  # fmt: skip
    names = [name for name in ATTRIBUTES if any(name in face["tags"] for face in tagged)]
    if not names:
        folder.labels.unlink(missing_ok=True)
        return [], 0
    rows: list[list] = [["file", *names]]
    for face in tagged:
        on = attributes(face["tags"], threshold)
        rows.append([face["file"], *(int(name in on) for name in names)])
    write_text(folder.labels, _csv(rows))
    return names, len(tagged)


def attributes(tags: dict[str, float], threshold: float) -> set[str]:
    """Which attributes are on: those with a probability above the threshold.

    In a one-of group only the most probable one is on.
    """
    names = tuple(tags)
    on = {name for name in names if tags[name] > threshold}
    for members in groups_among(names).values():
        on -= set(members)
        best = max(members, key=lambda name: tags[name])
        if tags[best] > threshold:
            on.add(best)
    return on


def counts(reasons: Sequence[str], without: Sequence[tuple[str, str]]) -> list[str]:
    """Lines to print: faces by reason, and pictures without a face by reason."""
    kept = sum(not reason for reason in reasons)
    lines = [f"{kept:,} of {len(reasons):,} faces stay."]
    kinds = Counter(_kind(reason) for reason in reasons if reason)
    lines += [f"  {count:>7,}  dropped: {kind}" for kind, count in kinds.most_common()]
    if without:
        lines.append(f"{len(without):,} pictures gave no face.")
        kinds = Counter(_kind(reason) for _, reason in without)
        lines += [f"  {count:>7,}  {kind}" for kind, count in kinds.most_common(8)]
    return lines


def _kind(reason: str) -> str:
    for name in ("small", "aspect", "copy of", "the same file as"):
        if reason.startswith(name):
            return name.removesuffix(" of") if name == "copy of" else name.removesuffix(" as")
    return reason


def _csv(rows: Sequence[Sequence]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
