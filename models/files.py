"""Networks as single `.keras` files that carry their recipe and other metadata.

A `.keras` file is a zip archive; ours has one more member, `gan.json`, which Keras ignores. Files
open in Keras's safe mode: code in a file is refused and never run.
"""

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

import layers  # noqa: F401  registers the custom layers that the files name
from models.networks import blocks  # noqa: F401

MEMBER = "gan.json"


def save(model: keras.Model, path: str | Path, metadata: dict[str, Any]) -> None:
    """Write `model` and `metadata` to `path`, completely or not at all.

    `metadata` should hold "verb", "recipe" (`Recipe.to_dict()`), and "labels" if it takes some.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(suffix=".keras", dir=path.parent)
    os.close(handle)
    try:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(MEMBER, json.dumps(metadata, indent=1))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata that `save` wrote with the network.

    Raises:
        ValueError: the file is missing, damaged or not a network of this project.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(MEMBER))
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is not a complete .keras file: {error}.") from error
    except (KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} does not carry a recipe: it is not a network of this project."
        ) from error


def load(path: str | Path) -> tuple[keras.Model, dict[str, Any]]:
    """Read (network, metadata) back.

    Raises:
        ValueError: the file is missing, damaged, not a network of this project, or contains code.
    """
    metadata = read_metadata(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds of errors; all mean the same to a user
        first = str(error).strip().splitlines()[0]
        raise ValueError(f"{path} cannot be loaded: {first}") from error
    return model, metadata
