"""The training pictures of a run, opened again, and its held-out pictures."""

from __future__ import annotations

from pathlib import Path

import datasets
import runs
from console.errors import UserError, user_errors
from runs.record import OWN_LABELS

LEAST = 20  # held-out pictures; fewer are too few to measure


def spec_of(run: runs.Run | None, name: str) -> tuple[str, int | None, str | None]:
    """(data, count, labels) for `open_data`. Raises `UserError` if the run does not say."""
    try:
        settings = run.record()["settings"]
        labels = settings.get("labels", "auto")
        own = None if labels in OWN_LABELS else labels
        return settings["data"], settings.get("count") or None, own
    except (AttributeError, KeyError):
        raise UserError(
            f"{name} does not say where its training pictures are; give --real DATA"
        ) from None


def parts_of(
    data: datasets.ImageData, every: int, name: str
) -> tuple[datasets.ImageData, datasets.ImageData]:
    """(training pictures, held-out pictures) of a run's data.

    Raises `UserError` if it held out none, or too few to measure.
    """
    if not every:
        raise UserError(f"{name} held out no pictures (held_out 0), so none are new to it")
    trained, held = datasets.hold_out(data, every)
    if len(held.images) < LEAST:
        raise UserError(
            f"{name} held out {len(held.images)} of {len(data.images)} pictures; {LEAST} are "
            "needed: train on more, or with a smaller --held-out"
        )
    return trained, held


def open_own(run: runs.Run, cache: Path | None = None) -> datasets.ImageData:
    """All pictures of a run's own data. Raises `UserError` if they have changed."""
    name, recipe = str(run.folder), run.recipe()
    spec, count, labels = spec_of(run, name)
    with user_errors(datasets.DataError):
        data = datasets.open_data(
            spec, recipe.data_shape, labels=labels, count=count, cache_dir=cache
        )
    known = (run.record().get("data") or {}).get("fingerprint")
    if known not in (None, data.fingerprint):
        raise UserError(
            f"the pictures of {spec!r} are not those that {name} was trained on: their "
            f"fingerprint is {data.fingerprint}, not {known}"
        )
    return data
