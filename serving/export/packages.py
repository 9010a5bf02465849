"""The packages that formats need besides TensorFlow; they are looked for before any work."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from console.errors import UserError

# The name of a format, its modules, what pip calls them.
_NEEDED = {
    "onnx": ("ONNX", ("tf2onnx", "onnxruntime"), "tf2onnx onnxruntime"),
    "litert": ("LiteRT", ("ai_edge_litert",), "ai-edge-litert"),
}


def require(forms: Iterable[str]) -> None:
    """Raise `UserError` for the first of these formats that lacks a package."""
    for form in forms:
        _, modules, _ = _NEEDED.get(form, ("", (), ""))
        there = all(map(importlib.util.find_spec, modules))
        if not there and not (form == "litert" and _tensorflow_has_litert()):
            raise missing(form)


def missing(form: str) -> UserError:
    """The error of a format that lacks a package."""
    title, _, packages = _NEEDED[form]
    return UserError(f"{title} needs packages that are not installed: pip install {packages}")


def folder_of(module: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    found = importlib.util.find_spec(module)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) if places else None


def _tensorflow_has_litert() -> bool:
    """Whether this TensorFlow holds an interpreter, as older releases do."""
    place = folder_of("tensorflow")
    return place is not None and (place / "lite" / "python" / "interpreter.py").is_file()
