"""`run.json`: what a run was made with, beside its recipe."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import keras
import numpy as np

import datasets
from training.settings import Settings

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "pillow")


def record_of(
    settings: Settings, overrides: dict[str, Any], precision: str, data: datasets.ImageData
) -> dict[str, Any]:
    """The record of a run, ready for JSON. `overrides`: recipe fields given on the command line."""
    labels = None
    if data.labels is not None:
        groups = {name: list(members) for name, members in data.labels.groups.items()}
        labels = {
            "kind": data.labels.kind,
            "names": list(data.labels.names),
            "groups": groups,
            "shares": [round(float(share), 5) for share in _shares(data.labels)],
        }
    return {
        "settings": settings.to_dict(),
        "overrides": {name: value for name, value in overrides.items() if name != "steps"},
        "precision": precision,
        "seed": settings.seed,
        "backend": keras.backend.backend(),
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "count": len(data.images),
            "labels": labels,
        },
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _shares(labels: datasets.Labels) -> np.ndarray:
    """How often each class or attribute occurs, 0 to 1."""
    if labels.kind == "classes":
        return np.bincount(labels.values, minlength=len(labels.names)) / len(labels.values)
    return np.asarray(labels.values).mean(axis=0)
