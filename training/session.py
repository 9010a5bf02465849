"""One training session: data, networks, plan, run folder, `fit`, and how it ends."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import time
import warnings
from pathlib import Path
from typing import Any

import keras

import datasets
import runs
from console.errors import TrainingStopped, UserError, user_errors
from console.screen import say
from console.wording import duration, size
from metrics.collapse import Rollback
from models.distribution import Distribution
from models.gan import GAN
from models.networks import trained_parameters
from models.recipe import Recipe
from quality import control
from runs import checkpoints as names
from runs.record import made_by_older_networks, record_of
from training import device, estimate, planner
from training.callbacks import checkpoints
from training.callbacks.base import StepCallbacks
from training.callbacks.interrupts import Interrupts
from training.callbacks.nan_guard import NaNGuard
from training.command import Command
from training.device import make_repeatable
from training.feed import Feed, Prefetch
from training.fitting import open_for, refuse_unfit, with_labels
from training.output import Outputs, save_final
from training.settings import Settings

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_OUT_OF_MEMORY = ("resource_exhausted", "resourceexhausted", "out of memory", "oom when")


@dataclasses.dataclass
class Session:
    """Everything a training needs, made from a `Command`."""

    command: Command
    plan: Distribution
    device: device.Device
    recipe: Recipe
    settings: Settings
    precision: str
    resumed: runs.Run | None
    data: datasets.ImageData
    gan: GAN
    record: dict[str, Any]

    @property
    def first_step(self) -> int:
        """Steps done before this session."""
        return self.gan.step


def train(command: Command, plan: Distribution) -> int:
    """Carry out `command` on the devices of `plan`; returns the exit code.

    Raises `UserError` for what a person can mend.
    """
    with _shortages_told(), contextlib.ExitStack() as stack:
        session = prepare(command, plan, stack)
        print_plan(session)
        if command.dry_run:
            say("dry run: all of it was built, nothing was trained, nothing is left behind")
            return 0
        return fit(session) if plan.chief else follow(session)


def prepare(command: Command, plan: Distribution, stack: contextlib.ExitStack) -> Session:
    """Choose, load and build. What must not outlive the session is left to `stack`."""
    found = device.find()
    choice = command.choose(found)
    resumed = command.run_to_resume(choice.value) if command.resume else None
    old = resumed.record() if resumed else {}
    name = _same_recipe(command, resumed) if resumed else choice.value
    recipe = command.recipe(name, resumed.recipe() if resumed else None)
    settings = command.all_settings(old.get("settings"))
    if settings.rollbacks and settings.distribute == "hosts":
        raise UserError("--rollbacks works on one machine only, not with --distribute hosts")
    asked = settings.precision if "precision" in command.settings else old.get("precision", "auto")
    precision = planner.choose_precision(asked, found)
    say(f"device     {found}")
    if found.kind == "cpu" and not device.surely_no_gpu():
        say(f"           there may be a GPU here, but {keras.backend.backend()} does not see one")
    if plan.devices > 1 or plan.hosts > 1:
        hosts = f" of {plan.hosts} hosts, this being number {plan.host}" if plan.hosts > 1 else ""
        say(f"devices    every batch is shared out over {plan.devices}{hosts}")
    say(f"recipe     {name}: {'that of the run' if resumed else choice.reason}")
    say(f"precision  {precision.value}: {'that of the run' if old else precision.reason}")

    with user_errors(ValueError):  # what no data can mend is refused before any is touched
        GAN.check(recipe)
        plan.check(recipe)
    data = open_for(
        recipe, settings, stack, sample_only=command.dry_run and not resumed,
        check=lambda source: refuse_unfit(recipe, settings, source, command.overrides),
    )  # fmt: skip
    recipe, data = with_labels(recipe, data, settings)
    make_repeatable(found.kind, settings.seed)
    overrides = {**old.get("overrides", {}), **command.overrides}
    record = record_of(settings.to_dict(), overrides, precision.value, data)
    if resumed:
        runs.refuse_changes(resumed, recipe, record)
    with user_errors(ValueError), plan.scope():  # such as steps_per_execution above 1 on torch
        gan = GAN(
            recipe,
            precision=precision.value,
            seed=settings.seed,
            steps_per_execution=settings.steps_per_execution,
        )
    if resumed:
        _load(gan, resumed)
        if gan.step >= recipe.steps:
            raise UserError(
                f"{resumed.folder} has done its {gan.step:,} steps; --steps {2 * gan.step} goes on"
            )
    with user_errors(ValueError):
        settings.check_pace(recipe.steps, gan.step)
    return Session(
        command, plan, found, recipe, settings, precision.value, resumed, data, gan, record
    )  # fmt: skip


def print_plan(session: Session) -> None:
    """Print parameters, memory and expected time. Raises `UserError` where memory is short."""
    gan, recipe = session.gan, session.recipe
    guess = estimate.estimate(gan, session.device.kind, session.plan.devices)
    g, d = (trained_parameters(network) for network in (gan.generator, gan.discriminator))
    labels = f", {recipe.num_labels} {recipe.label_kind}" if recipe.conditional else ""
    notes = "".join(f"; {note}" for note in session.data.notes)
    if session.command.dry_run and not session.resumed:
        notes += "; a dry run prepares no more"
    say(f"data       {session.data.name}: {len(session.data.images):,} pictures of "
        f"{recipe.resolution} × {recipe.resolution} px{labels}{notes}")  # fmt: skip
    say(f"networks   generator {g:,} parameters, discriminator {d:,}")
    say(f"memory     {guess}")
    if session.settings.memory_check == "on":
        estimate.refuse_too_large(guess, gan, session.device)
    steps = recipe.steps - session.first_step
    say(f"time       {estimate.time_words(guess, steps, session.precision, session.device.kind)}")


def fit(session: Session) -> int:
    """Train to the recipe's last step, or until told to stop; returns the exit code."""
    gan, recipe, settings = session.gan, session.recipe, session.settings
    first = session.first_step
    here = session.resumed or runs.create(Path(settings.out), recipe.name, session.data.name)
    begun = last_begun = time.monotonic()
    try:
        here.write(recipe, session.record)
        say(f"run        {here.folder}" + (f", from step {first:,}" if first else ""))
        outputs = _fit_once(here, session)
        while outputs.rollback is not None:
            _go_back(here, session, outputs.rollback)
            last_begun = time.monotonic()
            outputs = _fit_once(here, session)
    except BaseException:
        if not session.resumed and not here.losses.exists():
            here.remove()  # not one step was finished: nothing half-made is left
        raise
    took = duration(time.monotonic() - begun)
    beside = outputs.beside(time.monotonic() - last_begun)
    if outputs.signal is not None:
        say(f"stopped at step {gan.step:,} after {took}; saved. Go on with:")
        say(f"  {session.command.again()} --resume {here.folder}")
        return 128 + outputs.signal
    save_final(here, session)
    if recipe.conditional and settings.control_samples:
        _report_control(here, session)
    say(f"done: step {gan.step:,} after {took}; {here.generator}")
    say(f"      {beside}")
    peak = device.peak_memory()
    if peak is not None:
        say(f"      memory at most {size(peak)}")
    return 0


def _fit_once(here: runs.Run, session: Session) -> Outputs:
    """Train from where the GAN is to the last step, a signal, or a collapse to go back from."""
    outputs = Outputs(here, session)
    with outputs as callbacks, _batches(session) as batches:
        steps = session.recipe.steps - session.first_step
        session.plan.fit(session.gan, batches, steps, callbacks)
    return outputs


def _go_back(here: runs.Run, session: Session, rollback: Rollback) -> None:
    """Load the checkpoint that `rollback` names, drop later ones, lower the learning rates."""
    found = {names.step_of(path): path for path in here.checkpoints.glob("checkpoint-*")}
    session.gan.load_weights(found[rollback.step])
    session.gan.learning_rate_factor.assign(rollback.factor**rollback.number)
    for step, path in found.items():
        if step > rollback.step:
            path.unlink()
    # Saved at once: a resume must find the lower rates, not the higher ones of that checkpoint.
    checkpoints.save(session.gan, found[rollback.step])


def follow(session: Session) -> int:
    """Train as a host that writes nothing, until the first one ends; returns the exit code."""
    gan, first, last = session.gan, session.first_step, session.recipe.steps
    interrupts = Interrupts(None)
    callbacks = StepCallbacks(
        [NaNGuard(lambda: None), interrupts], gan, first, last, agree=session.plan.agree
    )
    with interrupts, _batches(session) as batches:
        session.plan.fit(gan, batches, last - first, callbacks)
    say(f"done: step {gan.step:,}; the first host has written the run")
    return 0 if interrupts.received is None else 128 + interrupts.received


def _batches(session: Session) -> Prefetch:
    recipe = session.recipe
    feed = Feed(session.data, recipe, session.settings.seed, session.plan.rows(recipe))
    return Prefetch(feed, session.first_step, recipe.steps)


def _report_control(here: runs.Run, session: Session) -> None:
    """Write how well the generator obeys its labels; a training that is done must not fail here."""
    gan, count = session.gan, session.settings.control_samples
    try:
        control.report(
            control.measure(gan.ema_generator, session.recipe, session.data, count), here.folder
        )
    except UserError as error:
        say(f"control accuracy was not measured: {error}")


def _same_recipe(command: Command, resumed: runs.Run) -> str:
    """The resumed run's recipe name; refused if another one was asked for."""
    name = resumed.recipe().name
    if (
        command.asked_recipe
        and planner.choose_recipe(
            command.asked_recipe, "", device.Device("cpu", "", 1, None, False)
        ).value
        != name
    ):
        raise UserError(
            f"{resumed.folder} cannot go on with other settings: recipe was {name!r}, now "
            f"{command.asked_recipe!r}. Give the same one, or start a new run without --resume"
        )
    return name


def _load(gan: keras.Model, resumed: runs.Run) -> None:
    path = names.newest(resumed.checkpoints)
    if path is None:
        raise UserError(
            f"nothing to resume: {resumed.folder} holds no checkpoint; start anew without --resume"
        )
    try:
        with warnings.catch_warnings():
            # Keras would go on with fresh optimizers where the saved ones do not fit.
            warnings.filterwarnings("error", "Skipping variable loading")
            gan.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        older = made_by_older_networks(resumed.record())
        if older and not isinstance(error, OSError):
            raise UserError(
                f"{resumed.folder} was made by {older}: it cannot go on. Its generator files still "
                "work; start a new run without --resume"
            ) from error
        raise UserError(
            f"checkpoint {path} cannot be read ({' '.join(str(error).split())[:120]}); remove it "
            "to go on from the one before"
        ) from error


@contextlib.contextmanager
def _shortages_told():
    """Say in one line that the disk is full or, in any backend's words, that memory ran out."""
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise TrainingStopped(
                f"the disk is full ({error.filename or error.strerror}); make room, then go on "
                "from the last checkpoint with --resume"
            ) from error
        text = f"{type(error).__name__}: {error}".lower()
        if not isinstance(error, MemoryError) and not any(s in text for s in _OUT_OF_MEMORY):
            raise
        raise TrainingStopped(
            "out of memory; change --batch-size, --micro-batches (the same result), "
            "--precision mixed_bfloat16, --resolution, --g-filters or --d-filters"
        ) from error
