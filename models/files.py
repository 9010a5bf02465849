"""Networks as single `.keras` files that carry their recipe and other metadata.

A `.keras` file is a zip archive; ours has one more member, `gan.json`, which Keras ignores. Files
open in Keras's safe mode: code in a file is refused and never run.
"""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras

import layers  # noqa: F401  registers the custom layers that the files name
from foreign import archives, bounds, networks, records
from foreign.files import replaced
from models import forms, half_precision

MEMBER = "gan.json"
DISCRIMINATOR = "discriminator"  # the network's name, and that of its file beside the generator's


def save(
    model: keras.Model, path: str | Path, metadata: dict[str, Any], half: bool = False
) -> None:
    """Write `model` and `metadata` to `path`, completely or not at all.

    Args:
        metadata: should hold "verb", "recipe" (`Recipe.to_dict()`), and "labels" if it takes some.
        half: write weights as float16, for half the size; Keras reads them as float32 again.
    """
    with replaced(Path(path)) as unfinished:
        model.save(unfinished)
        if half:
            half_precision.rewrite(unfinished)
        with zipfile.ZipFile(unfinished, "a") as archive:
            archive.writestr(MEMBER, json.dumps(metadata, indent=1))


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata that `save` wrote with the network, in the form `forms.METADATA`.

    Raises:
        ValueError: the file is missing, damaged or not a network of this project.
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise ValueError(f"There is no file {path}.")
    with archives.opened(path, ".keras file") as archive:
        return _metadata(archive, path)


def _metadata(archive: archives.Archive, path: Path) -> dict[str, Any]:
    none = f"{path} does not carry a recipe: it is not a network of this project."
    if MEMBER not in archive.names:
        raise ValueError(none)
    text = archive.read(MEMBER, bounds.SMALL_RECORD)
    found = records.parse_json(text, f"{MEMBER} in {path}")
    if not isinstance(found, dict) or not isinstance(found.get("recipe", {}), dict):
        raise ValueError(none)
    records.refuse_misfit(found, forms.METADATA, f"{MEMBER} in {path}")
    return found


def load(path: str | Path) -> tuple[keras.Model, dict[str, Any]]:
    """Read (network, metadata) back.

    Raises:
        ValueError: the file is missing, damaged, not a network of this project, or contains code.
    """
    metadata = read_metadata(path)
    model = networks.load(Path(path))
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        kind = type(model).__name__
        raise ValueError(f"{path} holds a {kind}; it must hold a functional model of Keras")
    return model, metadata


def discriminator_beside(generator: str | Path) -> Path:
    """Where the discriminator lies that a generator's file was trained against."""
    return Path(generator).with_name(f"{DISCRIMINATOR}.keras")


def read_pair(generator: str | Path) -> dict[str, Any]:
    """The metadata of a generator's file whose discriminator lies beside it.

    Raises:
        ValueError: either file is missing, damaged or of another kind, or they do not belong
            together.
    """
    path, beside = Path(generator), discriminator_beside(generator)
    found = read_metadata(path)
    if found.get("verb", "generate") != "generate" or "recipe" not in found:
        raise ValueError(f"{path} is no generator of this project.")
    if not os.path.isfile(beside):
        raise ValueError(f"There is no {beside.name} beside {path}.")
    other = read_metadata(beside)
    for key in ("recipe", "step", "data_fingerprint"):
        if found.get(key) != other.get(key):
            raise ValueError(f"{beside} belongs to another generator than {path}: {key} differs.")
    return found
