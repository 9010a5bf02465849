"""The files of a run: its callbacks in order, the first pictures, the final networks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from datasets.pixels import to_uint8
from media.sheet import sheet
from metrics.collapse import Rollback
from models import files
from models.chance import chosen_rows, step_rng
from quality.during import QualityMeasure
from runs import Run
from runs import checkpoints as names
from training.callbacks import checkpoints, tensorboard
from training.callbacks.base import StepCallbacks
from training.callbacks.ceilings import Ceilings
from training.callbacks.collapse_watch import CollapseWatch
from training.callbacks.csv_log import CSVLog
from training.callbacks.gif import ProgressGIF
from training.callbacks.grids import Grids, grid, write_png
from training.callbacks.interrupts import Interrupts
from training.callbacks.loss_plot import LossPlot
from training.callbacks.nan_guard import NaNGuard
from training.callbacks.progress import Progress
from training.callbacks.quality import Quality
from training.callbacks.singular_values import SingularValues
from training.session import Session

# Random numbers of steps that no training reaches.
_PREVIEW, _REALS = 2**63, 2**63 + 1
_PLOTS = 3  # grids per plot: a plot, or the SVD of every kernel, takes longer than a grid


class Outputs(contextlib.ExitStack):
    """The callbacks of a session; entering gives the list that `fit` takes.

    Their order matters: numbers are logged and checked before a checkpoint is written, pictures
    are drawn before the GIF that shows them, and a signal ends the training after the checkpoint.
    """

    def __init__(self, run: Run, session: Session) -> None:
        super().__init__()
        self._run, self._session = run, session
        settings, recipe, system = session.settings, session.recipe, session.system
        self._shown = system.preview(
            session.unseen,
            step_rng(settings.seed, _PREVIEW),
            settings.picture_rows,
            settings.picture_columns,
        )
        quality = self._quality()
        saved = checkpoints.Checkpoints(
            run.checkpoints,
            settings.checkpoint_every,
            settings.checkpoints,
            keep_last=session.end_of_phase < recipe.steps,
            measures=lambda step: any(each.due(step) for each in quality),
            go_back=self._diverged,
        )
        every = settings.picture_interval(recipe.steps)
        singular_values = SingularValues(
            run.folder / "singular_values.csv",
            run.folder / "singular_values.png",
            _PLOTS * every,
            session.step,
        )
        for each in quality:
            each.told_best.append(saved.measured_best)
        boards = self._tensorboard(every)
        for each in quality:
            each.listeners.extend(board.measured for board in boards)
        self._watch = self._collapse_watch(singular_values, quality)
        if self._watch:
            saved.listeners.append(self._watch.keep)
        self._log = CSVLog(run.losses, session.step)
        self._interrupts = Interrupts(saved)
        per_step = system.recipe.batch_size * system.recipe.columns  # in this phase
        self.callbacks = [
            self._log,
            NaNGuard(lambda: names.newest(run.checkpoints), self._diverged),
            Ceilings(system.watched.ceilings, recipe),
            Progress(system.watched, per_step, session.step, recipe.steps),
            Grids(run.fakes, self._shown, every),
            ProgressGIF(run.fakes, run.folder / "progress.gif", every),
            LossPlot(system.watched, run.losses, run.folder / "losses.png", _PLOTS * every),
            singular_values,
            *quality,
            *boards,
            *([self._watch] if self._watch else []),
            saved,
            self._interrupts,
        ]
        self._list = StepCallbacks(
            self.callbacks, system, session.step, session.end_of_phase, agree=session.plan.agree
        )

    def _collapse_watch(
        self, singular_values: SingularValues, quality: list[Quality]
    ) -> CollapseWatch | None:
        """The watch, fed with measurements and singular values; `None` if nothing can collapse."""
        run, session = self._run, self._session
        if session.system.watched.collapse is None:
            return None
        watch = CollapseWatch(
            session.system.watched.collapse,
            run.folder / "guard.json",
            run.checkpoints,
            session.settings.rollbacks,
            session.step,
            lambda step: any(each.due(step) for each in quality),
        )
        for each in quality:
            each.listeners.append(watch.measured)
        singular_values.listeners.append(watch.guard.singular_values)
        return watch

    def beside(self, seconds: float) -> str:
        """The shares of `seconds` of training that other work than steps took, largest first."""
        shares = {name: each / seconds for name, each in self._list.seconds.items()}
        shown = {name: share for name, share in shares.items() if share >= 0.001}
        words = [
            f"{name} {100 * share:.1f} %"
            for name, share in sorted(shown.items(), key=lambda item: -item[1])
        ]
        all_of_it = f"{100 * sum(shares.values()):.1f} % of the time"
        return f"other work than steps {all_of_it}" + (f": {', '.join(words)}" if words else "")

    @property
    def rollback(self) -> Rollback | None:
        """The rollback for which the training ended, or `None`."""
        return self._watch.rollback if self._watch else None

    def went_back(self) -> None:
        """Count the rollback, once the session has gone back."""
        if self._watch:
            self._watch.went_back()

    def saved_last(self) -> None:
        """Keep what belongs to a checkpoint that was saved after the callbacks had ended."""
        if self._watch:
            self._watch.keep()

    def _diverged(self, message: str) -> bool:
        return self._watch is not None and self._watch.diverged(message)

    def _quality(self) -> list[Quality]:
        session = self._session
        settings, system = session.settings, session.system
        every = settings.quality_interval(session.recipe.steps)
        if not every:
            return []
        measure = QualityMeasure(
            session.data.parts, system, settings.seed, settings.quality_samples,
            session.record["judge"],
        )  # fmt: skip
        keep = lambda place, more: save_outputs(session, place, more)  # noqa: E731
        return [Quality(self._run, measure, every, session.step, list(system.outputs), keep)]

    @property
    def signal(self) -> int | None:
        """The signal that ended the training, if one did."""
        return self._interrupts.received

    def __enter__(self) -> StepCallbacks:
        super().__enter__()
        self.enter_context(self._interrupts)
        self.callback(self._log.close)
        if self._session.step == 0:
            self._first_pictures()
        return self._list

    def _first_pictures(self) -> None:
        """`reals.png`: training pictures; `fakes_init.png`: pictures of the initial networks.

        `reals_augmented.png`: the reals as the discriminator sees them, if it sees others.
        """
        session, folder = self._session, self._run.folder
        rng = step_rng(session.settings.seed, _REALS)
        for name, part in session.data.parts.items():
            chosen = chosen_rows(rng, len(part.images), 64)
            file = "reals.png" if len(session.data.parts) == 1 else f"reals_{name}.png"
            pictures = np.asarray(part.images[chosen])
            write_png(folder / file, sheet(pictures, 8))
            seen = session.system.augmented_pictures(pictures, rng)
            if seen is not None:
                write_png(folder / "reals_augmented.png", sheet(to_uint8(seen), 8))
        first = grid(session.system, self._shown)
        write_png(folder / "fakes_init.png", first)
        write_png(self._run.fakes / f"step-{0:08d}.png", first)

    def _tensorboard(self, every: int) -> list:
        if not tensorboard.installed():
            return []
        return [tensorboard.TensorBoard(self._run.folder / "tensorboard", self._run.fakes, every)]


def save_outputs(
    session: Session, place: Callable[[str], Path], more: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write every output network to `place(name)`, with its recipe and verb inside.

    Returns the paths. `more`: further metadata for the files.
    """
    paths = {name: place(name) for name in session.system.outputs}
    for name, path in paths.items():
        metadata = session.output_metadata(name) | dict(more or {})
        files.save(session.system.output(name), path, metadata)
    return list(paths.values())
