"""Quality of a run at each step: logged while training, or measured afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import runs
from console.errors import UserError
from console.screen import say
from metrics.intervals import Estimate
from metrics.protocol import Record
from quality.during import measure_name
from runs import checkpoints as names
from runs.record import judge_of
from runs.rows import lowest, sound_rows

Entry = tuple[int, Estimate]


@dataclasses.dataclass(frozen=True)
class History:
    """One measure of one run: (step, estimate) in order of steps, and the floor if known.

    `kept` is the step whose network the run kept as its best, by the kernel distance.

    Histories with the same `measure` and `protocol` may share a plot.
    """

    run: str
    measure: str
    entries: tuple[Entry, ...]
    floor: float | None = None
    protocol: str = ""
    kept: int | None = None

    @property
    def best(self) -> Entry:
        """The entry of the kept step; the lowest one if that is not known."""
        own = [entry for entry in self.entries if entry[0] == self.kept]
        return min(own or self.entries, key=lambda entry: entry[1].value)

    def summary(self) -> str:
        """One line: the first value, the best one, and how many times lower that is."""
        (first_step, first), (best_step, best) = self.entries[0], self.best
        floor = "" if self.floor is None else f"; reals against reals {self.floor:.4g}"
        line = f"{self.run}: {self.measure} {first.value:.4g} at step {first_step:,}"
        if best_step == first_step:
            return f"{line}, never better after{floor}"
        times = f", {first.value / best.value:.2f} times lower" if best.value > 0 else ""
        return f"{line}, best {best.value:.4g} at step {best_step:,}{times}{floor}"


def run_of(source: str | Path) -> runs.Run | None:
    """The run of this name, number or folder, or of a file in its folder, or `None`."""
    for place in (source, Path(source).parent, Path(source).absolute().parent.parent):
        try:
            return runs.load(place)
        except UserError:
            continue
    return None


def checkpoints_of(source: str) -> tuple[runs.Run, list[Path]]:
    """A run and a checkpoint of each step, oldest first. Raises `UserError` if there are none."""
    run = runs.load(source)
    found = list({names.step_of(path): path for path in names.found(run.checkpoints)}.values())
    if not found:
        raise UserError(f"{run.folder} holds no checkpoints, which --history checkpoints measures")
    return run, found


def logged(run: runs.Run) -> History | None:
    """The history that a run logged in `quality.csv` while it trained, or `None`."""
    path = run.folder / "quality.csv"
    rows, damaged = sound_rows(path, ("step", "distance"))
    if damaged:
        say(f"{path}: lines that cannot be read are left out: {damaged}")
    if not rows:
        return None
    entries = tuple((int(row["step"]), Estimate(row["distance"])) for row in rows)
    floors = [row["floor"] for row in rows if "floor" in row]
    record = run.record()
    return History(
        run.folder.name,
        measure_name(judge_of(record, run.recipe())),
        entries,
        floors[-1] if floors else None,
        _protocol_of(record),
        lowest(rows, "kernel"),
    )


def _protocol_of(record: dict[str, Any]) -> str:
    data, settings = record.get("data") or {}, record.get("settings") or {}
    return (
        f"N = {settings.get('quality_samples')}, data {data.get('name')} {data.get('fingerprint')}"
    )


def measured(records: Sequence[Record], measure: str) -> list[History]:
    """The histories of the runs that the records measure at two steps or more."""
    found: dict[str, dict[int, dict]] = {}
    for record in records:
        run, step = place_of(record.subject), record.subject.get("step")
        if run is not None and step is not None and measure in record.results:
            found.setdefault(run, {})[int(step)] = record.results[measure]
    found = {place: by_step for place, by_step in found.items() if len(by_step) > 1}
    histories = [
        History(
            Path(place).name,
            measure,
            tuple((step, Estimate(**by_step[step])) for step in sorted(by_step)),
            next((one["floor"] for one in by_step.values() if "floor" in one), None),
        )
        for place, by_step in found.items()
    ]
    return told_apart(histories, list(found))


def place_of(subject: dict[str, Any]) -> str | None:
    """The folder of a subject's run, or its name where that is all that is known; or `None`.

    Runs in different folders may have one name.
    """
    run = subject.get("run")
    path = Path(str(subject.get("name")))
    return next((str(each) for each in (path, *path.parents) if each.name == run), run)


def told_apart(histories: Sequence[History], places: Sequence[str]) -> list[History]:
    """The histories, those of runs with one name called by their folders, `places`."""
    names = [each.run for each in histories]
    return [
        each if names.count(each.run) == 1 else dataclasses.replace(each, run=place)
        for each, place in zip(histories, places, strict=True)
    ]


def alike(histories: Sequence[History]) -> list[list[History]]:
    """Groups of histories that may share a plot: each group has one measure and one protocol."""
    groups: dict[tuple[str, str], list[History]] = {}
    for history in histories:
        groups.setdefault((history.measure, history.protocol), []).append(history)
    return list(groups.values())
