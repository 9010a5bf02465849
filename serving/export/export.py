"""Writing an export, checking it against the Keras generator, and only then putting it in place."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from console.errors import UserError
from models import portable as portables
from models.sampling import generate
from runs.files import write_json
from serving.export import card
from serving.export.formats import FORMS
from serving.export.graph import Portable, named
from serving.generator import Generator
from serving.output import whole_folder

TOLERANCE = 1e-3
_PICTURES = 4
_TRUNCATIONS = (1.0, 0.5)


@dataclasses.dataclass(frozen=True)
class Exported:
    """One finished export: its folder, its largest error (for pictures in ±1), its bytes."""

    form: str
    folder: Path
    error: float
    size: int


def export(generator: Generator, form: str, folder: Path) -> Exported:
    """Write `generator` to `folder` as one of `FORMS`, with `model.json` and `README.md`.

    The files are loaded again and run. Their pictures must equal those of the trained generator,
    whose kernels are normalised at every call, to 1e-3; otherwise the export is not kept.

    Raises:
        UserError: unknown form, packages missing, an error above 1e-3, or a disk that is full.
    """
    if form not in FORMS:
        raise UserError(f"unknown format {form!r}. Known: {', '.join(FORMS)}")
    with whole_folder(folder) as unfinished:
        FORMS[form].write(generator, Portable(generator), unfinished)
        error = largest_error(generator, form, unfinished)
        if not error <= TOLERANCE:
            raise UserError(
                f"the {form} export differs from the Keras generator by {error:.2g}, more than "
                f"{TOLERANCE:g}; it was not kept"
            )
        size = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
        write_json(unfinished / "model.json", card.card(generator, form, error))
        text = card.readme(generator, form, folder.name, error)
        (unfinished / "README.md").write_text(text, "utf-8")
    return Exported(form, folder, error, size)


def largest_error(generator: Generator, form: str, folder: Path) -> float:
    """The largest difference of any colour value between the export and the trained generator."""
    run = FORMS[form].read(folder)
    reference = portables.in_float32(generator.source.network)
    reference.jit_compile = False
    z = generator.draw_latents(_PICTURES, seed=0)
    y = generator.draw_labels(_PICTURES, seed=0)
    errors = [
        np.abs(run(named(z, y, scale)) - generate(reference, z * scale, y)).max()
        for scale in _TRUNCATIONS
    ]
    return float(np.max(errors))
