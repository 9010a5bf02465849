"""The runs of a study: each is trained once, by one process, and goes on where it was stopped."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
from comparison import judges, timing, trials
from comparison.pictures import value_at
from comparison.plan import Plan
from console.errors import UserError
from console.wording import duration
from foreign import records
from foreign.files import write_json
from studies.claims import Side
from studies.plan import Study
from studies.quantities import QUANTITIES

_JUDGE = {"better": records.Every(str), "protocol": str}


class Work:
    """The runs of a study in its folder, comparison by comparison.

    Args:
        tell: gets a line for every measurement, and one for every run.
        out_of_time: whether to stop before the next step of work.
    """

    def __init__(
        self,
        study: Study,
        folder: Path,
        tell: Callable[[str], None],
        out_of_time: Callable[[], bool],
    ) -> None:
        self.study, self.folder = study, folder
        self._tell, self._out_of_time = tell, out_of_time
        self._data: dict[tuple, datasets.ImageData] = {}
        self._judges: dict[tuple, judges.Judge] = {}
        self._timed: dict[str, Plan] = {}
        self._begun, self._trained = time.monotonic(), 0.0

    def check(self) -> None:
        """Build every arm once, before any is trained. Raises `UserError`."""
        for plan in self.study.plans.values():
            trials.check(plan, self._open(plan))

    def go(self) -> None:
        """Train all runs that have not ended, seed by seed, until done or out of time."""
        for name, arm, seed in runs(self.study):
            if self._out_of_time():
                return
            if self._state(name, arm, seed)["state"] not in trials.ENDED:
                self._train(name, arm, seed)

    def _train(self, name: str, arm: str, seed: int) -> None:
        plan, before = self._plan(name), self._state(name, arm, seed)
        trials.train(
            plan, self.folder / name, self._open(plan), self._judge(name), self._out_of_time,
            lambda words: self._tell(f"{name}: {words}"), runs=[(arm, seed)],
        )  # fmt: skip
        after = self._state(name, arm, seed)
        self._trained += after["seconds"] - before["seconds"]
        if after["state"] in trials.ENDED and before["state"] != after["state"]:
            self._tell(self.progress())

    def progress(self) -> str:
        """`"run 12 of 60 · about 2 h left"`: what is left at the pace of this process."""
        seconds: dict[tuple[str, str], list[float]] = {}
        waiting = []
        for name, arm, seed in runs(self.study):
            state = self._state(name, arm, seed)
            if state["state"] in trials.ENDED:
                seconds.setdefault((name, arm), []).append(state["seconds"])
            else:
                waiting.append((name, arm))
        ended = [each for known in seconds.values() for each in known]
        words = f"run {len(ended)} of {len(ended) + len(waiting)}"
        if not waiting or not self._trained:
            return words
        usual = sum(ended) / len(ended)
        left = sum(max(seconds.get(run, [usual])) for run in waiting)
        pace = (time.monotonic() - self._begun) / self._trained
        return f"{words} · about {duration(left * pace)} left for one process"

    def _state(self, name: str, arm: str, seed: int) -> dict[str, Any]:
        return trials.result(trials.folder_of(self.folder / name, arm, seed))

    def _plan(self, name: str) -> Plan:
        """The comparison's plan with the steps that fit into its minutes."""
        if name not in self._timed:
            plan, place = self.study.plans[name], self.folder / name
            place.mkdir(exist_ok=True)
            if plan.settings.minutes:
                self._tell(f"{name}: timing a step of {len(plan.entries)} arms …")
            self._timed[name] = timing.timed(plan, place, self._open(plan))
        return self._timed[name]

    def _open(self, plan: Plan) -> datasets.ImageData:
        recipe = next(iter(plan.entries.values()))
        key = (plan.settings.data, plan.settings.count, recipe.data_shape)
        if key not in self._data:
            self._data[key] = trials.open_data(plan)
        return self._data[key]

    def _judge(self, name: str) -> judges.Judge:
        plan = self._plan(name)
        settings, data = plan.settings, self._open(plan)
        key = (id(data), settings.samples, settings.also)
        if key not in self._judges:
            self._judges[key] = judges.choose(settings, data)
        judge, path = self._judges[key], self.folder / name / "judge.json"
        if not path.exists():
            write_json(path, {"better": judge.better, "protocol": judge.protocol})
        return judge


def runs(study: Study) -> Iterator[tuple[str, str, int]]:
    """(comparison, arm, seed) of all runs: each arm that a claim reads, the first seed first."""
    for seed in range(study.seeds):
        for name in study.plans:
            for arm in study.arms(name):
                yield name, arm, seed


def judged_by(folder: Path) -> tuple[dict[str, str], str]:
    """The measures of a comparison with their better directions, and its protocol.

    They are empty before its first run. Raises `UserError` if the record is damaged.
    """
    path = folder / "judge.json"
    if not path.exists():
        return {}, ""
    try:
        known = records.read_object(path, _JUDGE, needed=tuple(_JUDGE))
    except records.Unreadable as error:
        raise UserError(f"{error}; delete it, and the next run writes it anew") from error
    return known["better"], known["protocol"]


@dataclasses.dataclass(frozen=True)
class Results:
    """The numbers of all runs that have ended."""

    study: Study
    folder: Path

    def values(self, side: Side) -> dict[int, float]:
        """The side's number for each seed whose run has ended.

        A run that diverged is not left out: its curve ends with the worst that any run of its
        comparison came to at any mark, where less is better unless the judge says more.
        """
        found = {}
        place = self.folder / side.comparison
        better, _ = judged_by(place)
        for seed in range(self.study.seeds):
            state = trials.result(trials.folder_of(place, side.arm, seed))
            along = _along(state, side.measure)
            if state["state"] == "failed":
                worst = min if better.get(side.measure) == "max" else max
                along.append(worst(self._all(side), default=math.nan))
            if state["state"] in trials.ENDED:
                found[seed] = QUANTITIES[side.quantity](along)
        return {seed: value for seed, value in found.items() if value == value}

    def _all(self, side: Side) -> list[float]:
        """The values of a measure at all marks of all runs of a comparison."""
        place = self.folder / side.comparison
        return [
            value
            for arm in self.study.plans[side.comparison].entries
            for seed in range(self.study.seeds)
            for value in _along(trials.result(trials.folder_of(place, arm, seed)), side.measure)
        ]

    def count(self, state: str) -> list[str]:
        """The runs in that state, in words."""
        return [
            f"{name}: {arm}, seed {seed}"
            for name, arm, seed in runs(self.study)
            if trials.result(trials.folder_of(self.folder / name, arm, seed))["state"] == state
        ]

    def seconds(self) -> float:
        """How long all runs trained together."""
        return sum(
            trials.result(trials.folder_of(self.folder / name, arm, seed))["seconds"]
            for name, arm, seed in runs(self.study)
        )


def _along(state: dict[str, Any], measure: str) -> list[float]:
    """The values of a measure, or of a log, along a run's curve."""
    values = (value_at(row, measure) for row in state["curve"])
    return [value for value in values if not math.isnan(value)]
