"""Writing an export, checking it against the Keras network, and only then putting it in place."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from console.errors import UserError
from serving.export import card
from serving.export import discriminator as discriminators
from serving.export.formats import FORMS, HALF
from serving.export.graph import Portable, Subject, portable_of
from serving.output import whole_folder, write_card
from serving.source import Source

TOLERANCE = 1e-3
HALF_TOLERANCE = 4 / 255  # two levels of a colour, which a few pixels at edges may reach


@dataclasses.dataclass(frozen=True)
class Exported:
    """One finished export: its folder, its largest error (for pictures in ±1), its bytes."""

    folder: Path
    error: float
    size: int


def export(
    subject: Subject,
    form: str,
    folder: Path,
    half: bool = False,
    discriminator: Source | None = None,
) -> Exported:
    """Write `subject` to `folder` as one of `FORMS`, with `model.json` and `README.md`.

    The files are loaded again and run. Their pictures must equal those of the trained network,
    whose kernels are normalised at every call, to 1e-3; otherwise the export is not kept.

    Args:
        half: weights in half precision, for the format "keras" alone; pictures must then be equal
            to 4/255, two levels of a colour.
        discriminator: what the generator was trained against, in a file of its own.

    Raises:
        UserError: unknown form, packages missing, a larger error, a disk that is full, or a folder
            that holds anything but an earlier export of this form.
    """
    if form not in FORMS:
        raise UserError(f"unknown format {form!r}. Known: {', '.join(FORMS)}")
    tolerance = HALF_TOLERANCE if half else TOLERANCE
    portable = portable_of(subject)
    with whole_folder(folder, form) as unfinished:
        (HALF if half else FORMS[form]).write(portable, unfinished)
        error = largest_error(portable, form, unfinished)
        if not error <= tolerance:
            raise UserError(
                f"the {form} export differs from the Keras {portable.stem} by {error:.2g}, more "
                f"than {tolerance:.2g}; it was not kept"
            )
        if discriminator is not None:
            discriminators.write(discriminator, unfinished, half)
        size = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
        text = card.readme(portable, form, folder.name, error, discriminator is not None)
        (unfinished / "README.md").write_text(text, "utf-8")
        write_card(unfinished, card.card(portable, form, error))
    return Exported(folder, error, size)


def largest_error(portable: Portable, form: str, folder: Path) -> float:
    """The largest difference of any colour value between the export and the trained network."""
    run = FORMS[form].read(folder, type(portable))
    reference = portable.as_trained()
    errors = [
        np.abs(run(inputs) - portable.predict(reference, inputs)).max()
        for inputs in portable.examples()
    ]
    return float(np.max(errors))
