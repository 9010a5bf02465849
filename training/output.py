"""What a run writes: the callbacks in their order, first pictures, the final generator."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from media.sheet import sheet
from metrics.collapse import Rollback
from models import files
from models.chance import step_rng
from quality.during import QualityMeasure
from runs import Run
from runs import checkpoints as names
from training.callbacks import checkpoints, tensorboard
from training.callbacks.base import StepCallbacks
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
from training.preview import preview

if TYPE_CHECKING:
    from training.session import Session

_PLOTS = 3  # grids per plot: a plot, or the SVD of every kernel, takes longer than a grid


class Outputs(contextlib.ExitStack):
    """The callbacks of a session; entering gives the list that `fit` takes.

    Their order matters: numbers are logged and checked before a checkpoint is written, pictures
    are drawn before the GIF that shows them, and a signal ends the training after the checkpoint.
    """

    def __init__(self, run: Run, session: Session) -> None:
        super().__init__()
        self._run, self._session = run, session
        settings, recipe, gan = session.settings, session.recipe, session.gan
        self._shown = preview(
            recipe, session.data.labels, settings.seed,
            settings.picture_rows, settings.picture_columns,
        )  # fmt: skip
        saved = checkpoints.Checkpoints(
            run.checkpoints, settings.checkpoint_every, settings.checkpoints
        )
        every = settings.picture_interval(recipe.steps)
        singular_values = SingularValues(
            run.folder / "singular_values.csv",
            run.folder / "singular_values.png",
            _PLOTS * every,
            session.first_step,
        )
        quality = self._quality(run, session)
        self._watch = CollapseWatch(
            run.folder / "guard.json",
            run.checkpoints,
            settings.rollbacks,
            session.first_step,
            lambda step: any(each.due(step) for each in quality),
        )
        for each in quality:
            each.listeners.append(self._watch.measured)
        singular_values.listeners.append(self._watch.guard.singular_values)
        self._log = CSVLog(run.losses, session.first_step)
        self._interrupts = Interrupts(saved)
        self.callbacks = [
            self._log,
            NaNGuard(lambda: names.newest(run.checkpoints)),
            Progress(recipe.batch_size * recipe.d_steps, session.first_step, recipe.steps),
            Grids(run.fakes, self._shown, every),
            ProgressGIF(run.fakes, run.folder / "progress.gif", every),
            LossPlot(run.losses, run.folder / "losses.png", _PLOTS * every),
            singular_values,
            *quality,
            *self._tensorboard(every),
            self._watch,
            saved,
            self._interrupts,
        ]
        self._list = StepCallbacks(
            self.callbacks, gan, session.first_step, recipe.steps, agree=session.plan.agree
        )

    def beside(self, seconds: float) -> str:
        """What share of `seconds` of training went into what beside the steps, largest first."""
        shares = {name: each / seconds for name, each in self._list.seconds.items()}
        shown = {name: share for name, share in shares.items() if share >= 0.001}
        words = [
            f"{name} {100 * share:.1f} %"
            for name, share in sorted(shown.items(), key=lambda item: -item[1])
        ]
        all_of_it = f"{100 * sum(shares.values()):.1f} % of the time"
        return f"beside the steps {all_of_it}" + (f": {', '.join(words)}" if words else "")

    @property
    def rollback(self) -> Rollback | None:
        """Where to go back to, if the training ended for that."""
        return self._watch.rollback

    def _quality(self, run: Run, session: Session) -> list[Quality]:
        settings, recipe = session.settings, session.recipe
        every = settings.quality_interval(recipe.steps)
        if not every:
            return []
        measure = QualityMeasure(session.data, recipe, settings.seed, settings.quality_samples)
        return [Quality(run, measure, every, session.first_step, lambda: metadata(session))]

    @property
    def signal(self) -> int | None:
        """The signal that ended the training, if one did."""
        return self._interrupts.received

    def __enter__(self) -> StepCallbacks:
        super().__enter__()
        self.enter_context(self._interrupts)
        self.callback(self._log.close)
        if self._session.first_step == 0:
            self._first_pictures()
        return self._list

    def _first_pictures(self) -> None:
        """`reals.png`: what is trained on; `fakes_init.png`: where the generator starts."""
        data, folder = self._session.data, self._run.folder
        rng = step_rng(self._session.settings.seed, 2**63 + 1)
        count = min(64, len(data.images))
        chosen = np.sort(rng.permutation(len(data.images))[:count])
        write_png(folder / "reals.png", sheet(np.asarray(data.images[chosen]), 8))
        first = grid(self._session.gan, self._shown)
        write_png(folder / "fakes_init.png", first)
        write_png(self._run.fakes / f"step-{0:08d}.png", first)

    def _tensorboard(self, every: int) -> list:
        if not tensorboard.installed():
            return []
        return [tensorboard.TensorBoard(self._run.folder / "tensorboard", self._run.fakes, every)]


def save_final(run: Run, session: Session) -> None:
    """Write `generator.keras`: the EMA generator with its recipe and labels inside."""
    files.save_generator(session.gan.ema_generator, run.generator, metadata(session))


def metadata(session: Session) -> dict[str, Any]:
    """What a generator's file carries of its training."""
    return {
        "recipe": session.recipe.to_dict(),
        "labels": session.record["data"]["labels"],
        "step": session.gan.step,
        "data": session.data.name,
        "data_fingerprint": session.data.fingerprint,
        "precision": session.precision,
    }
