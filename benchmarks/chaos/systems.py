"""The files of each system: its network, its run's recipe, a checkpoint; and films."""

from __future__ import annotations

import dataclasses
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.chaos import mutator
from benchmarks.chaos.target import Target, by, written, zip_by
from console.errors import UserError
from datasets.errors import PictureError

_GROWING = {
    "resolution": 16, "filters": 64, "most_filters": 8, "latent_dim": 6, "batch_size": 4,
    "most_batch": 8, "batch_sides": 64, "stable_pictures": 8, "fade_pictures": 16, "steps": 10,
}  # fmt: skip
# System → a recipe of it, and the sizes at which it is made in a second.
SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "pggan": ("pggan", _GROWING),
    "stylegan": ("stylegan", _GROWING | {"style_dim": 5}),
    "stackgan": ("stackgan_cpu", {"resolution": 32, "g_filters": 4, "d_filters": 2, "blocks": 1,
                                  "condition_dim": 3, "noise_dim": 4, "text_dim": 2,
                                  "batch_size": 4, "first_steps": 2, "steps": 4}),
    "cyclegan": ("cyclegan_cpu", {"resolution": 16, "g_filters": 4, "d_filters": 4, "blocks": 1,
                                  "d_layers": 1}),
    "srgan": ("srgan", {"resolution": 32, "crop": 16, "g_filters": 4, "blocks": 1, "d_filters": 2,
                        "d_units": 8, "batch_size": 2, "content": "lite0_block1"}),
    "caae": ("caae", {"resolution": 16, "filters": 4, "g_filters": 16, "d_filters": 2,
                      "d_units": 8, "latent_dim": 6, "batch_size": 4, "label_kind": "attributes",
                      "ages": 3, "num_labels": 3}),
    "vae": ("vae_cpu", {"resolution": 16, "filters": 4, "latent_dim": 6, "batch_size": 4}),
    "deoldify": ("deoldify", {"resolution": 64, "encoder": "lite0", "g_filters": 8, "d_filters": 4,
                              "d_blocks": 1, "batch_size": 2, "small_steps": 0,
                              "decoder_steps": 1, "medium_steps": 1, "large_steps": 1,
                              "d_medium_steps": 1, "d_large_steps": 0, "steps": 6}),
}  # fmt: skip
_TEXT = {"encoder": {"kind": "words", "size": 2, "features": ["cat", "red"],
                     "weights": [1.0, 2.0]}, "examples": ["a red cat", "a cat"]}  # fmt: skip
_AGES = {"kind": "attributes", "names": ["child", "adult", "old"],
         "groups": {"age": ["child", "adult", "old"]}}  # fmt: skip


def recipe_of(system: str) -> Any:
    """The small recipe of a system."""
    from models import recipes

    name, changes = SMALL[system]
    return dataclasses.replace(recipes.load(name), **changes)


def _made(system: str) -> Any:
    from models.systems import system_class

    recipe = recipe_of(system)
    return system_class(recipe)(recipe, seed=1, phase=len(recipe.phases()) - 1)


def _metadata(system: str, made: Any, output: str) -> dict[str, Any]:
    labels = _AGES if system == "caae" else None
    text = {"text": _TEXT} if system == "stackgan" else {}
    return {"verb": made.outputs[output].verb, "recipe": made.recipe.to_dict(), "labels": labels,
            "step": 7, "data": "faces", **text}  # fmt: skip


def _network(system: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from models import files

        made = _made(system)
        output = next(iter(made.outputs))
        folder.mkdir(parents=True, exist_ok=True)
        files.save(made.output(output), folder / "a.keras", _metadata(system, made, output))
        return folder / "a.keras"

    return make


def _use(path: Path) -> object:
    """What generate.py, translate.py and explore.py do with a network."""
    import serving
    from serving.colourer import Colourer
    from serving.kinds import OnPictures
    from serving.style_generator import StyleGenerator
    from serving.texts import TextSet

    found = serving.load_any(path)
    if isinstance(found, Colourer):
        return found  # to colour a picture takes ten seconds
    if isinstance(found, OnPictures):
        picture = path.with_name("picture.png")
        Image.new("RGB", (24, 20)).save(picture)
        return found.apply([found.read(picture)], 1)
    if isinstance(found, StyleGenerator):
        from serving.explore.styles import mixing_sheet

        return mixing_sheet(found, [0], [1], ["coarse"], 0, 1.0)
    asked = "a red cat" if isinstance(found.labels, TextSet) else None
    return found.sample(2, seed=0, attributes=asked)


def _run(system: str, member: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from training.settings import Settings

        recipe = recipe_of(system)
        settings = Settings(data="faces").to_dict()
        labels = _AGES if system == "caae" else None
        data = {"name": "faces", "labels": labels}
        record = {"version": "0", "settings": settings, "overrides": {}, "precision": "float32",
                  "seed": 0, "backend": "x", "data": data}  # fmt: skip
        written(folder / "recipe.json", json.dumps(recipe.to_dict()))
        written(folder / "run.json", json.dumps(record))
        if member.endswith(".h5"):
            made = _made(system)
            (folder / "checkpoints").mkdir(exist_ok=True)
            made.save_weights(folder / member)
        return folder / member

    return make


def _read_recipe(path: Path) -> object:
    import runs
    from training.command import Command

    run = runs.load(path.parent)
    recipe = run.recipe()
    Command("train.py", None, recipe.name, {}, {}, str(run.folder), False).check()
    steps = [recipe.phase_steps(number) for number in range(len(recipe.phases()))][:100]
    return steps, recipe.phase_of(recipe.steps)


def _read_checkpoint(path: Path) -> object:
    from serving.source import MAKES_PICTURES, open_source

    return open_source(path, "raw", MAKES_PICTURES)


def _film(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        rng = np.random.default_rng(0)
        frames = [Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)) for _ in range(4)]
        file = io.BytesIO()
        frames[0].save(
            file, suffix.upper(), save_all=True, append_images=frames[1:], duration=[50, 90, 50, 20]
        )
        return written(folder / f"a.{suffix}", file.getvalue())

    return make


def _read_film(path: Path) -> object:
    from datasets import decode

    if decode.frame_count(path) > 1:
        return list(decode.frames(path, 8))
    return decode.read_pixels(path)


_CHECKPOINT = "checkpoints/checkpoint-00000010.weights.h5"
_ERRORS: tuple[type[Exception], ...] = (UserError,)


def _changed_h5(path: Path, rng: random.Random) -> bytes:
    return mutator.changed(path.read_bytes(), rng)


TARGETS: dict[str, Target] = {
    **{
        f"film.{suffix}": Target(_film(suffix), by(mutator.changed), _read_film, (PictureError,))
        for suffix in ("gif", "webp")
    },
    **{
        f"recipe.json of {system}": Target(
            _run(system, "recipe.json"), by(mutator.changed_json), _read_recipe, _ERRORS
        )
        for system in SMALL
    },
    **{
        f".keras of {system}": Target(
            _network(system), zip_by("gan.json"), _use, _ERRORS, slow=True
        )
        for system in SMALL
    },
    "checkpoint of pggan": Target(
        _run("pggan", _CHECKPOINT), _changed_h5, _read_checkpoint, _ERRORS, slow=True
    ),
}
