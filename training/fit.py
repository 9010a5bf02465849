"""Training a session to its end: phases, rollbacks after a collapse, signals, results."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from pathlib import Path

import runs
from console.ending import shortage
from console.errors import TrainingStopped, UserError
from console.screen import say
from console.wording import duration, size
from metrics.collapse import Rollback
from models.distribution import Distribution
from quality import control
from runs import checkpoints as names
from training import device
from training.callbacks import checkpoints
from training.callbacks.base import StepCallbacks
from training.callbacks.interrupts import Interrupts
from training.callbacks.nan_guard import NaNGuard
from training.command import Command
from training.feed import Feed, Prefetch
from training.output import Outputs, save_outputs
from training.session import Session, prepare, print_plan

_OUT_OF_MEMORY = ("resource_exhausted", "resourceexhausted", "out of memory", "oom when")


def train(command: Command, plan: Distribution) -> int:
    """Carry out `command` on the devices of `plan`; returns the exit code.

    Raises `UserError` for mistakes that the user can fix.
    """
    with _shortages_told(), contextlib.ExitStack() as stack:
        session = prepare(command, plan, stack)
        print_plan(session)
        if command.dry_run:
            say("dry run: everything was built; nothing was trained and no files are left")
            return 0
        return fit(session) if plan.chief else follow(session)


def fit(session: Session) -> int:
    """Train to the recipe's last step or until a signal; returns the exit code."""
    if session.resumed:
        return _fit(session.resumed, session)
    here = runs.create(Path(session.settings.out), session.recipe.name, session.data.name)
    with here.held():
        return _fit(here, session)


def _fit(here: runs.Run, session: Session) -> int:
    recipe, settings, first = session.recipe, session.settings, session.step
    begun = time.monotonic()
    try:
        here.write(recipe, session.record)
        say(f"run        {here.folder}" + (f", from step {first:,}" if first else ""))
        outputs, beside = _fit_phases(here, session)
    except BaseException as error:
        if not session.resumed and not here.losses.exists():
            here.remove()  # no step was finished, so leave no run folder
        elif isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"{here.folder} keeps what was saved") from None
        raise
    took = duration(time.monotonic() - begun)
    if session.step < recipe.steps:
        say(f"stopped at step {session.step:,} after {took}; saved. Go on with:")
        say(f"  {session.command.again()} --resume {shlex.quote(str(here.folder))}")
        # Without a signal of its own, another host has asked to stop.
        return 128 + (outputs.signal or signal.SIGTERM)
    made = save_outputs(session, here.output)
    stopped = outputs is not None and outputs.signal is not None  # in the last step
    if session.obeys_labels and settings.control_samples and not stopped:
        _report_control(here, session)
    say(f"done: step {session.step:,} after {took}; {', '.join(map(str, made))}")
    say(f"      {beside}")
    peak = device.peak_memory()
    if peak is not None:
        say(f"      memory at most {size(peak)}")
    return 0


def _fit_phases(here: runs.Run, session: Session) -> tuple[Outputs | None, str]:
    """Train phase after phase to the end or a signal, with rollbacks after a collapse.

    Returns the last phase's outputs, and in words which work between its steps took time. Where it
    was stopped, there is a checkpoint of the last step.
    """
    if session.step >= session.recipe.steps:  # ended before its networks were written
        return None, "all steps had been done before"
    while True:
        if session.step == session.end_of_phase:
            session.next_phase()
        begun = time.monotonic()
        outputs = Outputs(here, session)
        with outputs as callbacks, _batches(session) as batches:
            steps = session.end_of_phase - session.step
            session.plan.fit(session.system, batches, steps, callbacks)
        # Not by its own signal alone: one that came after the hosts' last vote was not heard there.
        alone = session.plan.hosts == 1
        stopped = outputs.signal is not None if alone else session.system.stop_training
        if outputs.rollback is not None:
            _go_back(here, session, outputs.rollback)
            outputs.went_back()
        elif session.step < session.end_of_phase:
            stopped = True  # perhaps by another host
        if stopped or session.step >= session.recipe.steps:
            _save_last(here, session, outputs)
            return outputs, outputs.beside(time.monotonic() - begun)


def _save_last(here: runs.Run, session: Session, outputs: Outputs) -> None:
    """Save the last step, unless that is done.

    A signal may have come after the checkpoint of its step was due, and hosts stop together some
    steps after the one that asked for it has saved.
    """
    newest = names.newest(here.checkpoints)
    if newest is None or names.step_of(newest) < session.step:
        path = here.checkpoints / names.name(session.step)
        checkpoints.save(session.system, path, newest)
        outputs.saved_last()


def _go_back(here: runs.Run, session: Session, rollback: Rollback) -> None:
    """Load the checkpoint that `rollback` names, lower the learning rates, drop later checkpoints.

    Killed at any point, the run resumes with the lower rates, or goes back once more.
    """
    path = names.of_step(here.checkpoints, rollback.step)
    phase = session.recipe.phase_of(rollback.step)
    if phase != session.system.phase:
        session.system = session.build(phase)
    session.system.load_weights(path)
    session.system.learning_rate_factor.assign(rollback.factor**rollback.number)
    checkpoints.save(session.system, path, path)
    for later in reversed(names.found(here.checkpoints)):
        if names.step_of(later) > rollback.step:
            later.unlink()


def follow(session: Session) -> int:
    """Train as a host that writes nothing, until the first one ends; returns the exit code."""
    interrupts = Interrupts(None)
    while session.step < session.recipe.steps:
        if session.step == session.end_of_phase:
            session.next_phase()
        first, last = session.step, session.end_of_phase
        callbacks = StepCallbacks(
            [NaNGuard(lambda: None), interrupts],
            session.system,
            first,
            last,
            agree=session.plan.agree,
        )
        with interrupts, _batches(session) as batches:
            session.plan.fit(session.system, batches, last - first, callbacks)
        if session.step < last or session.system.stop_training:  # the hosts agreed to stop
            break
    say(f"done: step {session.step:,}; the first host has written the run")
    return 0 if interrupts.received is None else 128 + interrupts.received


def _batches(session: Session) -> Prefetch:
    recipe = session.system.recipe
    feed = Feed(session.data.parts, recipe, session.settings.seed, session.plan.rows(recipe))
    return Prefetch(feed, session.step, session.end_of_phase)


def _report_control(here: runs.Run, session: Session) -> None:
    """Write how well the generator obeys its labels; errors must not end a finished training."""
    (pictures,) = session.data.parts.values()
    generator = session.system.output("generator")
    count = session.settings.control_samples
    try:
        control.report(control.measure(generator, session.recipe, pictures, count), here.folder)
    except (UserError, KeyboardInterrupt) as error:
        say(f"control accuracy was not measured: {str(error) or 'interrupted'}")


@contextlib.contextmanager
def _shortages_told():
    """Report in one line a full disk, or a backend's out-of-memory error."""
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except Exception as error:
        if words := shortage(error):
            raise TrainingStopped(
                f"{words}, then go on from the last checkpoint with --resume"
            ) from error
        text = f"{type(error).__name__}: {error}".lower()
        if not isinstance(error, MemoryError) and not any(s in text for s in _OUT_OF_MEMORY):
            raise
        raise TrainingStopped(
            "out of memory; change --batch-size, --micro-batches (the same result if nothing "
            "compares the pictures of a batch), --precision mixed_bfloat16, --resolution, or the "
            "networks' filters"
        ) from error
