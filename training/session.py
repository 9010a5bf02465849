"""A training session, built from a command: device, recipe, data, system, record."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import keras

import datasets
import runs
from console.errors import UserError, user_errors
from console.screen import say
from layers import initializers
from models import files
from models.distribution import Distribution
from models.networks import trained_parameters
from models.recipe import Recipe
from models.system import System
from models.systems import system_class
from runs import checkpoints
from runs.record import SET_IN_FILE, judge_of, record_of
from training import checks, device, estimate, finetuning
from training.command import Command, Decision
from training.going_on import load, say_other_rates
from training.inputs import fitted, open_for, refuse_unfit
from training.settings import Settings


@dataclasses.dataclass
class Session:
    """All objects of a training. `system` trains the current phase."""

    command: Command
    plan: Distribution
    device: device.Device
    recipe: Recipe
    settings: Settings
    precision: str
    resumed: runs.Run | None
    data: datasets.Domains
    record: dict[str, Any]
    system: System

    @property
    def step(self) -> int:
        """Steps done."""
        return self.system.step

    @property
    def end_of_phase(self) -> int:
        """The step after which the phase ends."""
        return self.recipe.phase_steps(self.system.phase)[1]

    @property
    def obeys_labels(self) -> bool:
        """Whether there is a generator of latents and labels, whose obedience can be measured."""
        return self.recipe.conditional and "generator" in self.system.outputs

    @property
    def unseen(self) -> dict[str, datasets.ImageData]:
        """The pictures of each domain that are held out of training; if none are, all pictures."""
        every = self.recipe.held_out
        return {name: datasets.hold_out(each, every)[1] for name, each in self.data.parts.items()}

    def build(self, phase: int) -> System:
        """A new system for phase number `phase`."""
        with user_errors(ValueError), self.plan.scope():  # such as several steps a call on torch
            return system_class(self.recipe)(
                self.recipe,
                precision=self.precision,
                seed=self.settings.seed,
                steps_per_execution=self.settings.steps_per_execution,
                phase=phase,
            )

    def next_phase(self) -> None:
        """Replace the system by that of the next phase, which takes over the learned weights."""
        following = self.build(self.system.phase + 1)
        following.take_over(self.system)
        self.system = following

    def output_metadata(self, name: str) -> dict[str, Any]:
        """The metadata that the file of output `name` carries."""
        output = self.system.outputs[name]
        return {
            "verb": output.verb,
            "title": self.title_of(output.title),
            "recipe": self.recipe.to_dict(),
            "labels": self.record["data"]["labels"],
            **({"text": self.record["text"]} if "text" in self.record else {}),
            "step": self.step,
            "data": self.data.name,
            "data_fingerprint": self.data.fingerprint,
            "precision": self.precision,
        }

    def title_of(self, title: str) -> str:
        """An output's title, with the users' names of the domains."""
        return title.format(**self.data.titles)


def prepare(command: Command, plan: Distribution, stack: contextlib.ExitStack) -> Session:
    """Choose, load and build. `stack` cleans up at the end of the session.

    Raises `UserError` for mistakes that the user can fix.
    """
    found = device.find()
    decided = command.decide(found)
    recipe, settings, resumed = decided.recipe, decided.settings, decided.resumed
    sample_only = command.dry_run and not resumed
    if resumed and plan.chief and not command.dry_run:
        stack.enter_context(resumed.held())
    _say_choices(plan, found, decided)
    if resumed:
        judge = judge_of(decided.recorded, recipe)
    else:
        judge = finetuning.judge_after(recipe, settings.from_, settings.out)
    checks.before_data(command, decided, plan, judge)
    data = open_for(
        recipe, settings, stack, sample_only,
        check=lambda source: refuse_unfit(recipe, settings, source, command.overrides),
    )  # fmt: skip
    recipe, data = fitted(recipe, data, settings, sample_only)
    checks.of_data(command, settings, recipe, data, sample_only)
    device.make_repeatable(found.kind, settings.seed)
    overrides = {**decided.recorded.get("overrides", {}), **command.overrides}
    record = record_of(settings.to_dict(), overrides, decided.precision, data) | {"judge": judge}
    in_file = command.set_in_file() or decided.recorded.get(SET_IN_FILE)
    record |= {SET_IN_FILE: in_file} if in_file else {}
    session = Session(
        command, plan, found, recipe, settings, decided.precision, resumed, data, record, None
    )  # fmt: skip
    _begin(session, decided.recorded)
    return session


def _begin(session: Session, recorded: dict[str, Any]) -> None:
    """Build the session's system: as it begins, or as the run's newest checkpoint has it."""
    recipe, settings, resumed = session.recipe, session.settings, session.resumed
    saved, done = None, 0
    if resumed:
        runs.refuse_changes(resumed, recipe, session.record, Settings().to_dict())
        saved = _checkpoint(resumed, recipe)
        done = checkpoints.step_of(saved)
        say_other_rates(resumed.recipe(), recipe, done)
    with user_errors(ValueError):
        settings.check_pace(recipe, done)
    session.system = session.build(recipe.phase_of(done))
    if saved:
        load(session.system, saved, resumed)
        if "from" in recorded:
            session.record["from"] = recorded["from"]
            session.system.begins_trained = True
    elif settings.from_:
        session.record["from"] = finetuning.start_from(
            session.system, settings.from_, settings.out, session.record["data"]["labels"],
            session.record["data"],
        )  # fmt: skip


def print_plan(session: Session) -> None:
    """Print parameters, memory and expected time. Raises `UserError` if memory is short."""
    system, recipe = session.system, session.recipe
    counts = ", ".join(
        f"{name} {trained_parameters(getattr(system, name)):,}" for name in system.network_names
    )
    say(f"data       {_data_words(session)}")
    say(f"networks   parameters: {counts}")
    if len(phases := recipe.phases()) > 1:
        say("phases     " + ", ".join(f"{each.name} {each.steps:,} steps" for each in phases))
    rest = _estimates(session)
    number, (_, most) = max(enumerate(rest, system.phase), key=lambda each: each[1][1].memory)
    say(f"memory     {most}" + (f"; phase {phases[number].name}" if len(phases) > 1 else ""))
    if session.settings.memory_check == "on":
        estimate.refuse_too_large(most, system, session.device)
    say(f"time       {estimate.time_words(rest, session.precision, session.device.kind)}")


def _estimates(session: Session) -> list[tuple[int, estimate.Estimate]]:
    """The steps to go in each phase from the present one on, and what such a step takes."""
    found, recipe = [], session.recipe
    measured = session.settings.quality_interval(recipe.steps) > 0
    for number in range(session.system.phase, len(recipe.phases())):
        system = session.system
        if number != system.phase:
            with initializers.blank():  # nothing is drawn for networks that are only looked at
                system = session.build(number)
        first, last = recipe.phase_steps(number)
        guess = estimate.estimate(system, session.device.kind, session.plan.devices, measured)
        found.append((last - max(first, session.step), guess))
    return found


def _data_words(session: Session) -> str:
    recipe, data = session.recipe, session.data
    labels = f", {recipe.num_labels} {recipe.label_kind}" if recipe.conditional else ""
    if recipe.captions_together:
        count = sum(len(each) for part in data.parts.values() for each in part.captions)
        labels = f", {count:,} captions as vectors of {recipe.text_dim} numbers"
    counts = [f"{len(part.images):,}" for part in data.parts.values()]
    if data.paired:
        counts = [f"{counts[0]} pairs of"]
    elif len(counts) > 1:
        counts = [
            f"{count} {title!r}" for count, title in zip(counts, data.titles.values(), strict=True)
        ]
    notes = "".join(f"; {note}" for note in data.notes)
    if recipe.held_out:
        held = [f"{len(part.images):,}" for part in session.unseen.values()]
        notes = f", {' and '.join(held)} of them held out{notes}"
    if session.command.dry_run and not session.resumed:
        notes += "; a dry run prepares only these"
    height, width, channels = recipe.data_shape
    kind = {1: ", grey", 4: ", RGBA"}.get(channels, "")
    size = f"{width} × {height} px{kind}"
    return f"{data.name}: {' and '.join(counts)} pictures of {size}{labels}{notes}"


def _say_choices(plan: Distribution, found: device.Device, decided: Decision) -> None:
    say(f"device     {found}")
    if found.kind == "cpu" and not device.surely_no_gpu():
        say(f"           there may be a GPU here, but {keras.backend.backend()} does not see one")
    if plan.devices > 1 or plan.hosts > 1:
        hosts = f" of {plan.hosts} hosts; this is host {plan.host}" if plan.hosts > 1 else ""
        say(f"devices    every batch is divided among {plan.devices}{hosts}")
    say(f"recipe     {decided.recipe.name}: {decided.why_recipe}")
    say(f"precision  {decided.precision}: {decided.why_precision}")


def _checkpoint(resumed: runs.Run, recipe: Recipe) -> Any:
    """The newest checkpoint of the run to resume. Raises `UserError` if it cannot go on.

    A run that was ended after its last step, but before its networks were written, goes on. Those
    that are there may be of an earlier end.
    """
    path = checkpoints.newest(resumed.checkpoints)
    if path is None:
        raise UserError(
            f"nothing to resume: {resumed.folder} holds no checkpoint; start anew without --resume"
        )
    done = checkpoints.step_of(path)
    ended = all(_step_of(resumed.output(name)) == done for name in system_class(recipe).outputs)
    if done > recipe.steps or (done == recipe.steps and ended):
        raise UserError(
            f"{resumed.folder} has done all its {done:,} steps; to go on give --steps {2 * done}"
        )
    return path


def _step_of(network: Path) -> int | None:
    """The step at which a network was written; None if it was not, or cannot be read."""
    try:
        return files.read_metadata(network).get("step") if network.exists() else None
    except ValueError:
        return None
