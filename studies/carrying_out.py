"""The runs of a study: each is trained once, by one process, and goes on where it was stopped."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
from comparison import judges, timing, trials
from comparison.plan import Plan
from console.errors import UserError
from console.options import nearest
from console.wording import duration
from foreign.files import write_json
from foreign.numbers import shown
from studies import choosing
from studies.results import Results
from studies.searches import Search
from studies.study import Study

WAIT = 5.0  # seconds between looks at what other processes train


class Work:
    """The runs of studies in a folder, comparison by comparison.

    Args:
        tell: gets a line for every measurement, and one for every run.
        out_of_time: whether to stop before the next step of work.
    """

    def __init__(
        self, folder: Path, tell: Callable[[str], None], out_of_time: Callable[[], bool]
    ) -> None:
        self.folder = folder
        self._tell, self._out_of_time = tell, out_of_time
        self._data: dict[tuple, datasets.ImageData] = {}
        self._judges: dict[tuple, judges.Judge] = {}
        self._timed: dict[str, Plan] = {}
        self._begun, self._trained = time.monotonic(), 0.0

    def check(self, study: Study) -> None:
        """Build every kind of arm that is trained once, before any is; nothing is written.

        Raises:
            UserError: an arm that cannot be, a measure that decides a search and is not measured.
        """
        for name, plan in study.plans.items():
            if not (arms := study.arms(name)):
                continue
            trained = {arm: plan.entries[arm] for arm in arms}
            data = self._open(dataclasses.replace(plan, entries=trained))
            trials.check(plan, data, study.representatives(name))
            if isinstance(study, Search):
                wanted, known = study.judged[name].measure, self._judge(plan).better
                if wanted not in known:
                    raise UserError(
                        f"search {name}: unknown measure {shown(wanted)}"
                        f"{nearest(wanted, list(known))}, known: {', '.join(known)}"
                    )

    def go(self, study: Study) -> None:
        """Train all runs that have not ended, seed by seed, until done or out of time.

        A search goes on with the best settings once all of its runs have ended, those of other
        processes too.
        """
        self._train_all(study)
        if isinstance(study, Search):
            while not Results(study, self.folder).ended() and not self._out_of_time():
                time.sleep(WAIT)
                self._train_all(study)  # what a process that died has left
            if Results(study, self.folder).ended():
                self._train_all(choosing.again(study, self.folder))

    def _train_all(self, study: Study) -> None:
        for name, arm, seed in study.runs():
            if self._out_of_time():
                return
            if self._state(name, arm, seed)["state"] not in trials.ENDED:
                self._train(study, name, arm, seed)

    def _train(self, study: Study, name: str, arm: str, seed: int) -> None:
        described, before = study.plans[name], self._state(name, arm, seed)
        data = self._open(described)
        # Before anything else is noted there: steps are timed on the backend that trains them.
        trials.hold_to(self.folder / name, data, self._judge(described).better)
        judge = self._recorded_judge(described, name)
        plan = self._plan(study, name)
        trials.train(
            plan, self.folder / name, data, judge,
            self._out_of_time, lambda words: self._tell(f"{name}: {words}"), runs=[(arm, seed)],
        )  # fmt: skip
        after = self._state(name, arm, seed)
        self._trained += after["seconds"] - before["seconds"]
        if after["state"] in trials.ENDED and before["state"] != after["state"]:
            self._tell(self.progress(study))

    def progress(self, study: Study) -> str:
        """`"run 12 of 60 · about 2 h left"`: what is left at the pace of this process."""
        seconds: dict[tuple[str, str], list[float]] = {}
        waiting = []
        for name, arm, seed in study.runs():
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

    def _plan(self, study: Study, name: str) -> Plan:
        """The comparison's plan with the steps that fit into its minutes."""
        if name not in self._timed:
            plan, place = study.plans[name], self.folder / name
            place.mkdir(exist_ok=True)
            if plan.settings.minutes:
                self._tell(f"{name}: timing a step of {len(plan.entries)} arms …")
            self._timed[name] = timing.timed(plan, place, self._open(plan))
        return self._timed[name]

    def _open(self, plan: Plan) -> datasets.ImageData:
        recipe = next(iter(plan.entries.values()))
        settings = plan.settings
        key = (settings.data, settings.count, settings.only, recipe.data_shape)
        if key not in self._data:
            self._data[key] = trials.open_data(plan)
        return self._data[key]

    def _recorded_judge(self, plan: Plan, name: str) -> judges.Judge:
        """The comparison's judge, whose measures and protocol are kept for the report."""
        judge, path = self._judge(plan), self.folder / name / "judge.json"
        if not path.exists():
            known = {"better": judge.better, "protocol": judge.protocol}
            write_json(path, known, shared=True)
        return judge

    def _judge(self, plan: Plan) -> judges.Judge:
        settings, data = plan.settings, self._open(plan)
        recipes = plan.entries.values()
        networks = frozenset(recipe.judge for recipe in recipes)
        key = (id(data), settings.samples, settings.few, settings.also, networks)
        if key not in self._judges:
            self._judges[key] = judges.choose(settings, data, recipes)
        return self._judges[key]
