"""Features of real pictures, cached on disk; the key covers everything they depend on."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from foreign.files import replaced
from metrics.extractors import Extractor, Features


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/keras-gan/features`, or the same under `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "keras-gan" / "features"


def key(extractor: Extractor, fingerprint: str, selection: dict) -> str:
    """A name for the features of a data set (by fingerprint) and a selection of its pictures."""
    content = {"extractor": extractor.passport(), "data": fingerprint, "selection": selection}
    text = json.dumps(content, sort_keys=True)
    return f"{extractor.name}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def cached(
    extractor: Extractor,
    fingerprint: str,
    selection: dict,
    compute: Callable[[], Features],
    folder: Path | None = None,
) -> Features:
    """The features from the cache, else those of `compute()`, which are then cached.

    A damaged file is made again; a folder that is not writable only costs time.
    """
    path = (folder or default_folder()) / f"{key(extractor, fingerprint, selection)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Features(stored["pool"], stored.get("logits"))
    except Exception:  # a damaged file can raise anything; it is made again
        pass
    features = compute()
    arrays: dict[str, Any] = {"pool": features.pool}
    if features.logits is not None:
        arrays["logits"] = features.logits
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path, shared=True) as unfinished:
            np.savez(unfinished, **arrays)
    return features
