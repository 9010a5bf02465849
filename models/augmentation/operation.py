"""One operation of an augmentation: its name, and its random numbers of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    """An operation on pictures, or on what pictures will be sampled with.

    Attributes:
        name: what users call it; operations of one name are chosen together.
        uniform, normal: how many numbers of either kind it takes for each picture.
        function: see the modules that define operations.
    """

    name: str
    uniform: int
    normal: int
    function: Callable[..., Any]


def shares(operations: Sequence[Operation], numbers: Any) -> Iterator[tuple[Operation, Any, Any]]:
    """Each operation with its uniform (N, u) and its normal (N, n) numbers."""
    place = 0
    normal = sum(each.uniform for each in operations)
    for each in operations:
        yield (
            each,
            numbers[:, place : place + each.uniform],
            numbers[:, normal : normal + each.normal],
        )
        place += each.uniform
        normal += each.normal
