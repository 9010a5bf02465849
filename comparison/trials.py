"""The runs of a comparison: each resumes where it was killed, and is never trained twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import keras

import datasets
from comparison import folders
from comparison.judges import Judge
from comparison.plan import POINT_WORLDS, Plan
from console.errors import TrainingStopped, UserError, user_errors
from console.screen import say
from datasets import toy as worlds
from foreign import archives, records
from foreign.files import replaced, write_json
from models.system import System
from models.systems import system_class
from quality import during
from runs.files import made_folder
from runs.folder import hold
from runs.record import labels_of
from training import finetuning
from training.callbacks.grids import write_png
from training.feed import Feed
from training.inputs import for_pictures, open_for, refuse_unfit, with_labels
from training.loop import advance, compiled, release, steps_at_once
from training.settings import Settings

ENDED = ("done", "failed")
_DATA = {"name": str, "fingerprint": str, "measures": [str], "backend": str}
_RESULT = {"curve": [records.Every((float, records.Every(float)))], "state": str, "seconds": float}


def open_plan(plan: Plan, data: datasets.ImageData, better: Iterable[str] = ()) -> Path:
    """The comparison's folder with its plan in it; an existing one of the same plan is reused.

    Raises `UserError` if its runs saw other data, or were measured otherwise, as `hold_to` does.
    """
    folder = Path(plan.settings.out) / plan.name
    hold_to(folder, data, better)
    path = folder / "plan.json"
    if not path.exists():
        write_json(path, plan.to_dict(), shared=True)
    return folder


def hold_to(folder: Path, data: datasets.ImageData, better: Iterable[str] = ()) -> None:
    """Note what a comparison's runs are trained on and measured by, or see that it is the same.

    Raises `UserError` if it is not: the pictures of a folder may have changed since, or the Keras
    backend, whose steps take other times and round otherwise.

    Args:
        better: the names of the measures.
    """
    path, backend = folder / "data.json", keras.backend.backend()
    if not path.exists():
        known = {
            "name": data.name, "fingerprint": data.fingerprint, "measures": [*better],
            "backend": backend,
        }  # fmt: skip
        write_json(made_folder(folder) / "data.json", known, shared=True)
        return
    try:
        known = records.read_object(path, _DATA, needed=("fingerprint",))
    except records.Unreadable as error:
        raise UserError(f"{error}; delete it if the pictures are the same as before") from error
    if known["fingerprint"] != data.fingerprint:
        raise UserError(
            f"{folder} holds runs on other pictures than {data.name!r} has now; give another "
            f"--out, or put the pictures back"
        )
    if known.get("measures", [*better]) != [*better]:
        raise UserError(
            f"{folder} holds runs that were measured by {', '.join(known['measures'])}, and these "
            f"are by {', '.join(better)}; give another --out"
        )
    if known.get("backend", backend) != backend:  # earlier versions did not note it
        raise UserError(
            f"{folder} holds runs of the backend {known['backend']}, and this is {backend}; set "
            f"KERAS_BACKEND={known['backend']}, or give another --out"
        )


def open_data(plan: Plan) -> datasets.ImageData:
    """The pictures or points that all runs train on."""
    settings = plan.settings
    if settings.data in POINT_WORLDS:
        return worlds.open_world(settings.data, settings.count or worlds.COUNT)
    recipe = next(iter(plan.entries.values()))
    asked = Settings(data=settings.data, count=settings.count, only=settings.only, out=settings.out)

    def check(source: datasets.Source) -> None:
        for title, entry in plan.entries.items():
            with named(title):
                system_class(entry).check(entry)
                entry.check_training()
                if settings.data != "triangles":
                    during.check(entry.judge)
                if entry.conditional and not source.labelled:
                    raise UserError(f"it needs labels, and {settings.data} has none of its own")
                refuse_unfit(entry, asked, source, plan.given[title])
                finetuning.check(entry, plan.starts.get(title, ""), settings.out)

    with contextlib.ExitStack() as stack:
        data = open_for(recipe, asked, stack, sample_only=False, check=check)
    found = data.parts[recipe.domains[0]]
    if settings.few:
        with user_errors(datasets.DataError):
            datasets.few(found, settings.few)  # refuses what leaves nothing to measure against
    return found


@contextlib.contextmanager
def named(title: str) -> Iterator[None]:
    """Say which entry of the comparison an error is about."""
    try:
        yield
    except (ValueError, UserError) as error:
        raise UserError(f"{title}: {error}") from error


def folder_of(folder: Path, title: str, seed: int) -> Path:
    """The folder of a run: its curve, its sheet, and its weights until it has finished."""
    return folder / "runs" / f"{folders.name(title)}-{seed}"


def result(folder: Path) -> dict[str, Any]:
    """The state of a run: its curve so far, and whether it finished or failed.

    Raises `UserError` for a damaged record.
    """
    path = folder / "result.json"
    if not path.exists():
        return {"curve": [], "state": "waiting", "seconds": 0.0}
    try:
        found = records.read_object(path, _RESULT, needed=tuple(_RESULT))
        if not all("step" in row for row in found["curve"]):
            raise records.Unreadable(f"{path} cannot be used: a point has no step")
        return found
    except records.Unreadable as error:
        raise UserError(f"{error}; delete {folder} to train this run again") from error


def train(
    plan: Plan,
    folder: Path,
    data: datasets.ImageData,
    judge: Judge,
    out_of_time: Callable[[], bool],
    tell: Callable[[str], None],
    runs: Iterable[tuple[str, int]] | None = None,
) -> None:
    """Train and measure all runs of the plan, or `runs`, in order, until done or out of time.

    Several processes may do this at once: each takes runs that no other one trains.
    """
    for title, seed in plan.runs() if runs is None else runs:
        if out_of_time():
            return
        place = folder_of(folder, title, seed)
        if result(place)["state"] in ENDED:
            continue
        place.mkdir(parents=True, exist_ok=True)
        with hold(place) as mine:
            # It may have ended before it was held.
            if mine and result(place)["state"] not in ENDED:
                _Run(plan, title, seed, place, data, judge).go(out_of_time, tell)
        release()


def build(
    plan: Plan,
    title: str,
    seed: int,
    data: datasets.ImageData,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[System, Feed, datasets.ImageData]:
    """The entry's system, its batches, and the pictures that it trains on, as it sees them.

    `tell` gets a line for each field that the number of pictures settles.
    """
    recipe = plan.recipe(title)
    if plan.settings.few:
        data, _ = datasets.few(data, plan.settings.few)
    if not getattr(recipe, "point_dim", 0):
        recipe = for_pictures(recipe, len(data.images), lambda line: tell(f"{title}: {line}"))
        recipe, data = with_labels(recipe, data, Settings(data=plan.settings.data))
    system = system_class(recipe)(
        recipe,
        plan.settings.precision,
        seed=seed,
        jit_compile=compiled(recipe),
        steps_per_execution=steps_at_once(*plan.marks(title)),
    )
    return system, Feed(data, recipe, seed), data


def _begin(
    plan: Plan, title: str, system: System, labels: datasets.Labels | None
) -> dict[str, Any]:
    """Give the system the networks that the entry begins with; what a record says of it.

    Raises `UserError` if they have other shapes.
    """
    if title not in plan.starts:
        return {}
    start, told = plan.starts[title], labels_of(labels)
    return {"from": finetuning.start_from(system, start, plan.settings.out, told)}


class _Run:
    def __init__(self, plan, title, seed, place, data, judge):
        self.plan, self.title, self.seed, self.place = plan, title, seed, place
        self.system, self.feed, self.data = build(plan, title, seed, data)
        self.judge = judge
        self.weights = place / "unfinished.weights.h5"
        self.known = result(place)
        if self.weights.exists():
            _load(self.system, self.weights)
            self.system.begins_trained = title in plan.starts
        else:
            self.known.update(_begin(plan, title, self.system, self.data.labels))
            self._refuse_another_start()
        self.known["curve"] = [
            row for row in self.known["curve"] if row["step"] <= self.system.step
        ]

    def _refuse_another_start(self):
        """Raise `UserError` if another seed began with another step of what both begin with."""
        for seed in self.plan.seeds:
            other = result(folder_of(self.place.parents[1], self.title, seed)).get("from")
            if other not in (None, self.known.get("from")):
                raise UserError(
                    f"{self.title}: seed {seed} began with step {other['step']:,}, and now there "
                    f"is step {self.known['from']['step']:,}; name the checkpoint itself in from="
                )

    def go(self, out_of_time, tell):
        for mark in self.plan.marks(self.title):
            if mark <= self.system.step:
                continue
            if out_of_time():
                return
            begin = time.perf_counter()
            try:
                logs = advance(self.system, self.feed, mark)
            except TrainingStopped as error:
                self._record("failed", reason=str(error))
                tell(f"{self.title} seed {self.seed}: {error}")
                return
            self.known["seconds"] += time.perf_counter() - begin
            found = self.judge.measure(self.system, self.data)
            self.known["curve"].append({"step": mark, **found, "logs": logs})
            words = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
            tell(f"{self.title} seed {self.seed} step {mark}: {words}")
            self._save()
        write_png(self.place / "samples.png", self.judge.sheet(self.system, self.data))
        self._record("done")
        self.weights.unlink(missing_ok=True)

    def _save(self):
        # The curve first: rows beyond the weights' step are dropped when the run resumes.
        self._record("unfinished")
        with replaced(self.weights) as unfinished:
            self.system.save_weights(unfinished)

    def _record(self, state, **more):
        self.known.update(state=state, **more)
        write_json(self.place / "result.json", self.known)


def _load(system: System, path: Path) -> None:
    """Read the weights of an unfinished run. Raises `UserError` if they are damaged."""
    try:
        archives.check_weights(path, str(path), path.stat().st_size)
        system.load_weights(path)
    except Exception as error:  # damaged bytes can raise anything
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"{path} cannot be read ({reason}); delete {path.parent} to train this run again"
        ) from error


def check(plan: Plan, data: datasets.ImageData, titles: Iterable[str] | None = None) -> None:
    """Build every entry once, or these; `UserError` names an entry that cannot be built."""
    for title in plan.entries if titles is None else titles:
        with named(title):
            system, _, seen = build(plan, title, 0, data, say)
            _begin(plan, title, system, seen.labels)
    release()
