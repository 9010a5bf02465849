"""`run.json`: how a run was made, apart from its recipe."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np

import datasets
from datasets.text import WordEncoder
from foreign import packages
from models.recipe import Recipe
from models.version import VERSION

JUDGES = ("lite0", "lite1")
# In `from`, where it is so: what the run began with may have been trained on what is held out.
SEEN_HELD_OUT = "may_have_seen_held_out"
SET_IN_FILE = "set_in_file"  # the fields by which a recipe's file changes another recipe
OWN_LABELS = ("auto", "data", "none")  # values of `--labels` that use the data's own labels or none
# Captions that a generator keeps, to draw from where none is given.
_EXAMPLES, _EXAMPLES_OF_VECTORS = 2_000, 64  # captions
_EXAMPLES_OF_LABELS = 500
_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "pillow")


def record_of(
    settings: dict[str, Any], overrides: dict[str, Any], precision: str, data: datasets.Domains
) -> dict[str, Any]:
    """The record of a run, ready for JSON. `overrides`: recipe fields given on the command line."""
    parts = list(data.parts.values())
    text = _text(parts[0])
    return {
        "version": VERSION,
        "commit": commit(),
        "settings": settings,
        "overrides": {name: value for name, value in overrides.items() if name != "steps"},
        "precision": precision,
        "seed": settings["seed"],
        "backend": keras.backend.backend(),
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "count": len(parts[0].images),
            "labels": labels_of(parts[0].labels) if len(parts) == 1 else None,
            **_domains(data),
            **({"captions": _digest(parts[0].captions)} if text else {}),
            **({"vectors": _digest_of_vectors(parts[0])} if text and "vectors" in text else {}),
        },
        **({"text": text} if text else {}),
        "versions": {"python": platform.python_version(), **packages.versions(*_PACKAGES)},
    }


def judge_of(record: dict[str, Any], recipe: Recipe) -> str:
    """The feature network that measures a run while it trains.

    Before it was recorded, that was Lite1 for Projected GANs, and Lite0 for all others.
    """
    if record.get("judge") in JUDGES:
        return record["judge"]
    return JUDGES[getattr(recipe, "architecture", "") == "projected"]


def labels_of(labels: datasets.Labels | None) -> dict[str, Any] | None:
    """What records say of labels: their kind, names and groups, how often each is on, examples."""
    if labels is None:
        return None
    return {
        "kind": labels.kind,
        "names": list(labels.names),
        "groups": {name: list(members) for name, members in labels.groups.items()},
        "shares": [round(float(share), 5) for share in _shares(labels)],
        **({"examples": _examples(labels)} if labels.kind == "attributes" else {}),
    }


def _text(data: datasets.ImageData) -> dict[str, Any] | None:
    """What encodes captions, and examples of them: with their vectors, if these are the user's."""
    if data.encoder is None or data.captions is None:
        return None
    record = {"encoder": data.encoder.to_dict()}
    own = isinstance(data.encoder, WordEncoder)
    rng = np.random.default_rng(0)
    examples = data.sentences(1).texts(_EXAMPLES if own else _EXAMPLES_OF_VECTORS, rng)
    if not own:
        record["vectors"] = data.encoder.encode(examples).tolist()
    return {**record, "examples": examples}


def _digest(captions: Any) -> str:
    """Changes with any caption."""
    return hashlib.sha256(json.dumps(captions).encode()).hexdigest()[:12]


def _digest_of_vectors(data: datasets.ImageData) -> str:
    """Changes with any vector of the captions; those of a `WordEncoder` follow from the captions.

    Args:
        data: with captions and an encoder.
    """
    assert data.captions is not None
    assert data.encoder is not None
    texts = sorted({text for each in data.captions for text in each})
    vectors = np.asarray(data.encoder.encode(texts), "float32")
    return hashlib.sha256(vectors.tobytes()).hexdigest()[:12]


def _domains(data: datasets.Domains) -> dict[str, Any]:
    """Each domain's title and size, if there are several."""
    if len(data.parts) == 1:
        return {}
    domains = {
        name: {"title": data.titles[name], "count": len(part.images)}
        for name, part in data.parts.items()
    }
    return {"domains": domains}


def made_by_older_networks(record: dict[str, Any]) -> str | None:
    """Which earlier version made a run and how its networks differ, in words, or `None`.

    It explains why a checkpoint does not fit, but does not say whether it fits: most recipes'
    networks are the same. Version 0.2.0 gave the notes' networks their biases and widths, the
    residual networks' conditional generators a plain last norm, and runs their version.
    """
    if "version" in record:
        return None
    return (
        "a version before 0.2.0, whose networks differ (attention and BIGGAN's blocks without "
        "biases, other widths of BIGGAN and dcgan_64, a last norm with labels in sn_resnet)"
    )


def commit(folder: Path = Path(__file__).parent.parent) -> str | None:
    """The git commit that `folder` has checked out, with "-dirty" appended if files differ from it.

    `None` without git, and if `folder` is not the top of a repository: that would be the commit of
    another project.
    """

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        # If git fails, it prints nothing here.
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()

    try:
        if git("rev-parse", "--show-prefix"):
            return None
        return git("describe", "--always", "--exclude=*", "--abbrev=40", "--dirty") or None
    except (OSError, subprocess.TimeoutExpired):
        return None


def _examples(labels: datasets.Labels) -> list[str]:
    """Which attributes are on in pictures all over the data, as numbers: "3 13 24".

    From these a generator's labels are drawn: attributes that occur together stay together.
    """
    values = np.asarray(labels.values)
    places = np.linspace(0, len(values) - 1, min(len(values), _EXAMPLES_OF_LABELS)).astype(int)
    return [" ".join(map(str, np.flatnonzero(values[place] > 0.5))) for place in places]


def _shares(labels: datasets.Labels) -> np.ndarray:
    """How often each class or attribute occurs, 0 to 1."""
    if labels.kind == "classes":
        return np.bincount(labels.values, minlength=len(labels.names)) / len(labels.values)
    return np.asarray(labels.values).mean(axis=0)
