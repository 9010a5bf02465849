"""The labels that a CAAE takes: the age, as ordered classes, and perhaps one more."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

AGE = "age"


def taken(labels: Any, second: str = "") -> Any:
    """The ages of `datasets.Labels`, and the group `second`, as attributes of one-of groups.

    Classes count as ages. Ages are put into their order, see `ordered`; a multi-hot row has first
    the ages, then the members of the second group.

    Raises:
        ValueError: no ages, only one, or no group of that name.
    """
    if labels.kind == "classes":
        values = np.eye(len(labels.names), dtype=np.float32)[labels.values]
        labels = dataclasses.replace(
            labels, kind="attributes", values=values, groups={AGE: tuple(labels.names)}
        )
    if AGE not in labels.groups:
        raise ValueError(
            "the pictures have labels but no ages; give --labels FILE, a CSV with the columns "
            "file,age; or --labels folders, with a folder for each age; or --data ages"
        )
    groups = {AGE: ordered(labels.groups[AGE])}
    if second:
        others = [name for name in labels.groups if name != AGE]
        if second not in others:
            known = f"has {' and '.join(map(repr, others))}" if others else "has the age alone"
            raise ValueError(f"the data has no label {second!r}: it {known}")
        groups[second] = tuple(labels.groups[second])
    for name, members in groups.items():
        if len(members) < 2:
            raise ValueError(f"all pictures have the same {name}, {members[0]!r}; two are needed")
    names = tuple(name for members in groups.values() for name in members)
    columns = [labels.names.index(name) for name in names]
    return dataclasses.replace(labels, names=names, values=labels.values[:, columns], groups=groups)


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Ages in the order of the first number in their names; as they are if one has no number."""
    numbers = {name: int(found[0]) for name in names if (found := re.search(r"\d+", name))}
    return tuple(sorted(names, key=numbers.__getitem__) if len(numbers) == len(names) else names)


def chosen(values: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
    """Multi-hot rows (…, sum(sizes)) → for each group the member that is on, int32 (…)."""
    ends = np.cumsum(sizes)
    parts = [values[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]
    return [part.argmax(axis=-1).astype(np.int32) for part in parts]
