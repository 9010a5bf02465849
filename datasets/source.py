"""What a source of pictures says of itself, before one is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets import labels
from datasets.captions import Captioned, Captions


@dataclass(frozen=True)
class Source:
    """A set of pictures that can be cached.

    name      short, safe in a file name
    identity  everything that the cache depends on, as JSON values; hashed into the fingerprint
    load      () → (items, found labels or None); runs only when a cache is built
    render    (item, resolution) → (uint8 of that `Resolution`, enlarged); a function of a module,
              so that other processes can call it; raises PictureError. If an item holds several
              pictures `together`, it gives uint8 (together, resolution, resolution, 3)
    describe  item → its name for users
    notes     information about the source for the user
    count     the largest possible number of pictures; None: unknown before they are drawn
    labelled  whether it has labels
    together  how many pictures an item holds: 2 for pairs
    left_out  (file, reason) of pictures known to be unusable before any is drawn
    captions  () → the captions, if requested; runs only when a cache is built
    told      () → the captions of all items, if requested and not cached: they follow from these
    """

    name: str
    identity: dict[str, Any]
    load: Callable[[], tuple[Sequence[Any], labels.Found | None]]
    render: Callable[[Any, Any], tuple[np.ndarray, bool]]
    describe: Callable[[Any], str]
    notes: tuple[str, ...] = ()
    count: int | None = None
    labelled: bool = False
    together: int = 1
    left_out: tuple[tuple[str, str], ...] = ()
    captions: Callable[[], Captioned] | None = None
    told: Callable[[], Captions] | None = None
