"""The training pictures of a run, opened again, and its held-out pictures."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import datasets
import runs
from console.errors import UserError, user_errors
from datasets.shapes import Resolution
from runs.record import OWN_LABELS

LEAST = 20  # held-out pictures; fewer are too few to measure


class Chosen(NamedTuple):
    """Which pictures, as `datasets.open_data` and `datasets.where` take them."""

    data: str
    count: int | None = None
    labels: str | None = None
    only: str | None = None

    def open(self, resolution: Resolution, cache: Path | None) -> datasets.ImageData:
        """These pictures at `resolution`. Raises `UserError` if they cannot be used."""
        with user_errors(datasets.DataError):
            found = datasets.open_data(
                self.data, resolution, labels=self.labels, cache_dir=cache, count=self.count
            )
            return found if self.only is None else datasets.where(found, self.only)


def chosen_by(run: runs.Run | None, name: str) -> Chosen:
    """The pictures of a run's training. Raises `UserError` if the run does not say."""
    try:
        settings = run.record()["settings"]
        labels = settings.get("labels", "auto")
        own = None if labels in OWN_LABELS else labels
        count, only = settings.get("count") or None, settings.get("only") or None
        return Chosen(settings["data"], count, own, only)
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
    chosen = chosen_by(run, name)
    data = chosen.open(recipe.data_shape, cache)
    require_own(run, data)
    return data


def require_own(run: runs.Run, data: datasets.ImageData) -> None:
    """Raise `UserError` unless these are all pictures of the run's training, as they were.

    Which of them were held out hangs on their order: one more, and others are.
    """
    if not is_own(run, data):
        raise UserError(
            f"the pictures of {chosen_by(run, str(run.folder)).data!r} are not those that "
            f"{run.folder} was trained on: their fingerprint is {data.fingerprint}, not "
            f"{_fingerprint(run)}"
        )


def is_own(run: runs.Run, data: datasets.ImageData) -> bool:
    """Whether these are the pictures of the run's training, if its record says which they were."""
    return _fingerprint(run) in (None, data.fingerprint)


def _fingerprint(run: runs.Run) -> str | None:
    return (run.record().get("data") or {}).get("fingerprint")
