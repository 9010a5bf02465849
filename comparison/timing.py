"""How many steps of each entry fit into the same minutes on this machine."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path

import datasets
from comparison import trials
from comparison.plan import Plan
from console.errors import UserError, user_errors
from foreign import records
from foreign.files import write_json
from models.system import System
from runs.folder import hold
from training.feed import Feed
from training.loop import advance, release

WINDOWS = 4  # timed one after another; the fastest counts, since other work only slows them
GRAIN = 5  # marks are at multiples of this many steps, which then can share a call
WAIT = 1.0  # seconds between looks at what another process times
_FORM = {"steps": records.Every(int)}


def timed(plan: Plan, folder: Path, data: datasets.ImageData, least: float = 2.0) -> Plan:
    """The plan with the steps that fit into its minutes; as it is, if its steps count.

    They are kept in `folder`, so that a comparison that goes on, more seeds, and other processes
    have the same steps. A process waits while another one times.

    Args:
        least: seconds that a timed window takes at least.

    Raises:
        UserError: the kept numbers are damaged, or too few for a recipe's schedule.
    """
    minutes = plan.settings.minutes
    if not minutes:
        return plan
    path = folder / "steps.json"
    while not path.exists():
        with hold(folder) as mine:
            if mine and not path.exists():
                count = {title: _fit(plan, title, data, minutes, least) for title in plan.entries}
                write_json(path, {"steps": count}, shared=True)
        if not mine:
            time.sleep(WAIT)
    try:
        found = records.read_object(path, _FORM, needed=("steps",))["steps"]
        if set(found) != set(plan.entries) or min(found.values()) < 1:
            raise records.Unreadable(f"{path} cannot be used: it is of other recipes")
    except records.Unreadable as error:
        raise UserError(f"{error}; delete {folder} to begin anew") from error
    plan = dataclasses.replace(plan, timed=found)
    for title in plan.entries:
        with trials.named(title), user_errors(ValueError):
            plan.recipe(title)
    return plan


def _fit(plan: Plan, title: str, data: datasets.ImageData, minutes: float, least: float) -> int:
    system, feed, _ = trials.build(plan, title, 0, data)
    seconds = step_seconds(system, feed, least)
    release()
    grain = GRAIN * plan.settings.marks
    return max(1, int(minutes * 60 / seconds) // grain) * grain


def step_seconds(system: System, feed: Feed, least: float = 2.0) -> float:
    """Seconds that a training step takes, with its batches: the least of some windows.

    A window is one call of `fit` that takes about `least` seconds: to begin one takes as long as
    some steps on points.
    """
    once = count = system.steps_per_execution
    advance(system, feed, 2 * once)  # compiles
    taken: list[float] = []
    while len(taken) < WINDOWS:
        begin = time.perf_counter()
        advance(system, feed, system.step + count)
        passed = time.perf_counter() - begin
        if passed >= least / 2:
            taken.append(passed / count)
        wanted = min(100.0 * count, least * count / max(passed, 1e-9))  # a clock may stand still
        count = once * max(1, math.ceil(wanted / once))
    return min(taken)
