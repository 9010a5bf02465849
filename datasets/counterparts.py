"""Drawn faces in two versions that differ only in what a condition names."""

import functools
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from datasets import conditions, faces, labels, sources
from datasets.attributes import ATTRIBUTES, GROUPS
from datasets.errors import DataError
from datasets.source import Source


def edit_of(condition: str) -> dict[str, bool]:
    """The edit of a face that makes a condition true ("blue hair", "no glasses + hat").

    Raises `DataError` for an unknown attribute and for one that cannot be added or removed.
    """
    edit = conditions.parse(condition, ATTRIBUTES)
    faces.check_edit(edit)
    return edit


def counterparts(indices: Iterable[int], condition: str, resolution: int) -> np.ndarray:
    """These faces with the condition true and all else unchanged → uint8 (N, R, R, 3).

    indices    numbers of faces; for a part of a split, `part.images.rows`
    condition  as "blue hair", "no glasses" or "red hair + no hat"

    Raises `DataError` for a condition that cannot be drawn onto one of these faces.
    """
    edit = edit_of(condition)
    drawn = [faces.draw(int(index), resolution, edit) for index in indices]
    return np.array(drawn, np.uint8).reshape(-1, resolution, resolution, 3)


def source(domains: Sequence[str], label_spec: str | None, count: int | None) -> Source:
    """Pairs: every face drawn once with each condition true.

    Its items are (number of domains, R, R, 3) each, its label values (N, number of domains, 34).
    If a hat is added, the first `count` faces with hair that fits a hat are taken.

    Raises `DataError` for conditions that cannot be drawn, or that are the same.
    """
    edits = [edit_of(domain) for domain in domains]
    if len({str(sorted(edit.items())) for edit in edits}) < len(edits):
        raise DataError(f"The domains of a pair must differ; both are {domains[0]!r}.")
    labelled = sources.own_labels_only(sources.FACES, label_spec)
    count = faces.DEFAULT_COUNT if count is None else count

    def load():
        fitting = (i for i in itertools.count() if all(faces.fits(i, edit) for edit in edits))
        indices = list(itertools.islice(fitting, count)) if hats else list(range(count))
        if not labelled:
            return indices, None
        values = np.stack([faces.labels_of(indices, edit) for edit in edits], axis=1)
        known = labels.Labels("attributes", ATTRIBUTES, values, dict(GROUPS))
        return indices, labels.Found(list(range(count)), known, "", [])

    hats = any(edit.get("hat") for edit in edits)
    notes = ("Only faces with hair that fits a hat are drawn.",) if hats else ()
    identity = {
        "kind": "drawn pairs",
        "count": count,
        "edits": [sorted(edit.items()) for edit in edits],
        "labelled": labelled,
        "drawn by": sources.drawn_by(),
    }
    return Source(
        sources.FACES, identity, load, functools.partial(render, edits),
        lambda index: f"face {index}",
        notes=notes, count=count, labelled=labelled, together=len(edits),
    )  # fmt: skip


def render(
    edits: Sequence[dict[str, bool]], index: int, resolution: int
) -> tuple[np.ndarray, bool]:
    """Face `index` after each edit → uint8 (number of edits, R, R, 3), not enlarged."""
    return np.stack([faces.draw(index, resolution, edit) for edit in edits]), False
