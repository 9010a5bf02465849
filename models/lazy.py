"""Modules that are imported when they are first used.

Losses and penalties are written with `keras.ops`, and recipes list their names. A command line
that only lists names must not wait for TensorFlow, so these files import Keras through this one.
"""

import importlib
from typing import Any


class Lazy:
    """A proxy for the module `name`; the first access to an attribute imports it."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


keras = Lazy("keras")
ops = Lazy("keras.ops")
replicas = Lazy("layers.replicas")
latents = Lazy("models.latents")
