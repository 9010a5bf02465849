"""One set of pictures divided into parts: views of its cache, with the labels of their rows."""

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from datasets import conditions as words
from datasets import sources
from datasets.data import ImageData
from datasets.errors import DataError
from datasets.labels import Labels
from datasets.rows import Rows


def split(data: ImageData, conditions: Sequence[str]) -> list[ImageData]:
    """Divide a labelled set by label conditions: one part for each, with its labels.

    conditions  each an attribute or class ("red hair"), "no X" for its absence, or several joined
                by " + " ("red hair + no hat")

    The parts are `Rows` of the set's own array: nothing is copied. Raises `DataError` for a set
    without labels, an unknown label, an empty part, and pictures that are in two parts.
    """
    if data.labels is None:
        raise DataError(
            f"{data.name!r} has no labels to divide it by; give some with --labels, or a folder "
            "per domain."
        )
    wanted = [words.parse(condition, data.labels.names) for condition in conditions]
    masks = [words.mask(data.labels, one) for one in wanted]
    _refuse_empty(data, conditions, masks)
    _refuse_shared(data, conditions, wanted, masks)
    return [
        part(data, np.flatnonzero(mask), condition, sorted(one.items()))
        for condition, mask, one in zip(conditions, masks, wanted, strict=True)
    ]


def where(data: ImageData, condition: str) -> ImageData:
    """The pictures of a labelled set that fulfil a condition, as for `split`, and their labels.

    Raises `DataError` for a set without labels, an unknown label, and a condition that no picture
    fulfils.
    """
    if data.labels is None:
        raise DataError(
            f"{data.name!r} has no labels, so none of its pictures is known to have "
            f"{condition!r}; give some with --labels."
        )
    wanted = words.parse(condition, data.labels.names)
    rows = np.flatnonzero(words.mask(data.labels, wanted))
    if not len(rows):
        raise DataError(f"No picture of {data.name!r} fulfils {condition!r}.")
    return part(data, rows, condition, ["only", sorted(wanted.items())])


def hold_out(data: ImageData, every: int) -> tuple[ImageData, ImageData]:
    """(training pictures, held-out pictures): pictures 0, `every`, 2 `every`, … are held out.

    The choice depends only on the data, not on a seed, so that it is the same whenever the data is
    opened again. With `every` 0 none are held out: both parts are all of the data. Raises
    `DataError` for 1, which leaves nothing to train on.
    """
    if every == 0:
        return data, data
    if every < 2:
        raise DataError(
            f"Held out 1 in {every} leaves nothing; give 10 for every tenth, 0 for none."
        )
    held = np.arange(len(data.images)) % every == 0
    trained = part(data, np.flatnonzero(~held), "trained", ["trained", every])
    return trained, part(data, np.flatnonzero(held), "held-out", ["held-out", every])


def few(data: ImageData, count: int) -> tuple[ImageData, ImageData]:
    """(`count` pictures, all others): those few are evenly spread over the data.

    Raises `DataError` if no others are left.
    """
    if not 1 <= count < len(data.images):
        raise DataError(
            f"{count} of the pictures of {data.name!r} leave none besides: it has "
            f"{len(data.images)}."
        )
    chosen = sources.evenly(count, len(data.images))
    others = np.setdiff1d(np.arange(len(data.images)), chosen)
    return (
        part(data, chosen, "few", ["few", count]),
        part(data, others, "others", ["others", count]),
    )


def part(
    data: ImageData,
    rows: np.ndarray,
    title: str,
    identity: Any,
    images: np.ndarray | None = None,
    values: np.ndarray | None = None,
) -> ImageData:
    """Some rows of `data` as a separate data set.

    title     its name for users
    identity  its difference from other parts, as JSON values, for the fingerprint
    images, values  arrays from which the rows are taken, if not the data's own
    """
    labels, captions = data.labels, data.captions
    if labels is not None:
        values = labels.values if values is None else values
        labels = Labels(labels.kind, labels.names, values[rows], labels.groups)
    if captions is not None:
        captions = tuple(captions[row] for row in rows)
    return replace(
        data,
        images=Rows(data.images if images is None else images, rows),
        labels=labels,
        captions=captions,
        name=f"{data.name}-{sources.safe(title)}",
        fingerprint=digest(data.fingerprint, identity),
    )


def _refuse_empty(data: ImageData, conditions, masks) -> None:
    for condition, mask in zip(conditions, masks, strict=True):
        if not mask.any():
            raise DataError(
                f"No picture of {data.name!r} is in the domain {condition!r}; choose another or "
                "add pictures."
            )


def _refuse_shared(data: ImageData, conditions, wanted, masks) -> None:
    for here, there in itertools.combinations(range(len(conditions)), 2):
        if shared := int((masks[here] & masks[there]).sum()):
            apart = [name for name in wanted[there] if name not in wanted[here]]
            way = ""
            if apart:
                opposite = f"no {apart[0]}" if wanted[there][apart[0]] else apart[0]
                way = f"; '{conditions[here]} + {opposite}' would leave them out"
            raise DataError(
                f"The domains {conditions[here]!r} and {conditions[there]!r} share {shared:,} of "
                f"the pictures of {data.name!r}{way}."
            )


def digest(*parts: Any) -> str:
    """12 hexadecimal digits of JSON values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
