"""The theory of GANs in four scenes: each is a film with the exact numbers beside it.

A scene is a module with `STEPS`, its default, and `play(steps, frames, seed)`, which yields the
frames of its film with their numbers.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from PIL import Image

SCENES = {
    "optimum": "D beside p_data / (p_data + p_g), the game's value beside -log 4 + 2 JSD",
    "collapse": "modes that G loses, and three treatments",
    "vanishing": "G's gradient under a perfect D: minimax, non-saturating, Wasserstein",
    "slope": "a critic whose weights are clipped beside one whose slope is penalised",
}


@dataclass(frozen=True)
class Frame:
    """A picture of the film, the step that it shows, and its numbers by name."""

    step: int
    picture: Image.Image
    numbers: dict[str, float]


def scene(name: str) -> ModuleType:
    """The module of a scene."""
    return importlib.import_module(f"{__name__}.{name}")


def marks(steps: int, frames: int) -> list[int]:
    """The steps that are shown: 0, and `frames` more at equal distances."""
    count = min(frames, steps)
    return [steps * index // count for index in range(count + 1)]


def play(name: str, steps: int, frames: int, seed: int) -> Iterator[Frame]:
    """The frames of a scene, trained as it goes."""
    yield from scene(name).play(steps, frames, seed)
