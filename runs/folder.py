"""The run folder `samples/NNNNN-<recipe>-<data>/`: making it, finding it, its contents."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from console.errors import UserError
from foreign import records
from foreign.files import write_json
from models import forms
from models.recipe import Recipe
from models.systems import recipe_of
from runs.checkpoints import is_checkpoint
from runs.files import made_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"(\d{5,18})-(.+)")
_STEP_BACK = 0.1  # seconds, at most
_WAYS_OUT = "put back a whole copy of it; the run's .keras files work without it"

# These may differ in a resumed run: they change neither the mathematics nor the data.
_FREE_SETTINGS = ("distribute", "out", "cache_dir", "workers", "memory_check",
                  "picture_every", "picture_rows",
                  "picture_columns", "quality_every", "rollbacks",
                  "control_samples", "steps_per_execution", "checkpoint_every",
                  "checkpoints")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Run:
    """One run folder.

    `recipe.json` holds the recipe as trained; `run.json` the settings, the overrides given on the
    command line, versions, precision, backend and the data's fingerprint.
    """

    folder: Path

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    @property
    def fakes(self) -> Path:
        """Folder of the grids."""
        return self.folder / "fakes"

    def output(self, name: str = "generator") -> Path:
        """The file of the final network of output `name`, with its recipe inside."""
        return self.folder / f"{name}.keras"

    def best(self, name: str = "generator") -> Path:
        """The file of the network with the best measurement so far, if the run was measured."""
        return self.folder / f"best_{name}.keras"

    @property
    def losses(self) -> Path:
        """One row per step."""
        return self.folder / "losses.csv"

    @property
    def number(self) -> int:
        """The run's number, counted up in its parent folder.

        Raises `ValueError` if the folder has another name.
        """
        return int(self.folder.name.split("-")[0])

    def recipe(self) -> Recipe:
        """The recipe as trained. Raises `UserError` if `recipe.json` is damaged."""
        path = self.folder / "recipe.json"
        try:
            return recipe_of(records.read_object(path, forms.METADATA["recipe"]))
        except records.Unreadable as error:
            raise UserError(f"{error}; {_WAYS_OUT}") from error
        except ValueError as error:
            words = str(error).rstrip(".")
            raise UserError(f"{path} cannot be used: {words}; {_WAYS_OUT}") from error

    def record(self) -> dict[str, Any]:
        """The content of `run.json`. Raises `UserError` if it is damaged."""
        try:
            return records.read_object(self.folder / "run.json", forms.RUN)
        except records.Unreadable as error:
            raise UserError(f"{error}; {_WAYS_OUT}") from error

    def write(self, recipe: Recipe, record: dict[str, Any]) -> None:
        """Write `recipe.json` and `run.json`."""
        write_json(self.folder / "recipe.json", recipe.to_dict())
        write_json(self.folder / "run.json", record)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run, so that no other process trains it; see `hold`.

        Raises `UserError` if another process holds it.
        """
        with hold(self.folder) as mine:
            if not mine:
                raise UserError(
                    f"another process trains {self.folder}; wait for it, or stop it with Ctrl-C"
                )
            yield

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[bool]:
    """Hold a folder for one process; gives False if another holds it. A process that dies lets go.

    Where the system has no such locks (Windows), it always gives True.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def create(out: Path, recipe_name: str, data_name: str) -> Run:
    """Make the next run folder in `out`. Raises `UserError` if that is impossible."""
    made_folder(out)
    while True:
        number = max(_taken(out), default=-1) + 1
        folder = out / f"{number:05d}-{recipe_name}-{data_name}"
        try:
            folder.mkdir()
            if _taken(out).count(number) == 1:
                return Run(folder)
            folder.rmdir()
        except FileExistsError:
            continue  # another run took this number; take the next
        except OSError as error:
            raise UserError(f"cannot write to --out {out}: {error.strerror}") from error
        # A run of another name took this number since it was chosen. Both step back, so they wait
        # for times that differ.
        time.sleep(random.uniform(0, _STEP_BACK))


def _taken(out: Path) -> list[int]:
    """The numbers in `out`, one for each name: also those of files, and of links to runs away."""
    return [int(found[1]) for path in out.iterdir() if (found := _NAME.fullmatch(path.name))]


def runs(out: Path) -> list[Run]:
    """The run folders in `out`, oldest first."""
    if not os.path.isdir(out):  # False also for names that cannot exist
        return []
    found = [Run(path) for path in out.iterdir() if path.is_dir() and _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda run: (run.number, run.folder.name))


def load(path: str | Path, out: str | Path = "samples") -> Run:
    """The run at `path`: a folder, or the name or number of one in `out`.

    Raises `UserError` if there is none, or if several have that number.
    """
    path, out = Path(path), Path(out)
    known = runs(out)
    for run in known:
        if str(path) == run.folder.name:
            return _checked(run)
    found = [run for run in known if str(path) in (str(run.number), f"{run.number:05d}")]
    if len(found) > 1:
        folders = ", ".join(run.folder.name for run in found)
        raise UserError(
            f"run {path} could be each of {folders} in {out}; give the name of one of them"
        )
    if found:
        return _checked(found[0])
    if not os.path.isdir(path):
        newest_there = ", ".join(run.folder.name for run in known[-3:])
        there = f"; newest there: {newest_there}" if known else ""
        raise UserError(f"no run folder {path}, and no such run in {out}{there}")
    return _checked(Run(path))


def named(path: str | Path, out: str | Path = "samples") -> Run:
    """The run at `path`, as `load` finds it, or the one whose checkpoint `path` is.

    Raises `UserError` if there is none.
    """
    if not is_checkpoint(path):
        return load(path, out)
    checkpoint = Path(path)
    if not checkpoint.is_file():
        raise UserError(f"there is no file {checkpoint}")
    folder = checkpoint.resolve().parent.parent
    if not (folder / "recipe.json").exists():
        raise UserError(
            f"{checkpoint} lies in no run's checkpoints folder, so its recipe is unknown"
        )
    return load(folder)


def newest(
    out: Path, recipe_name: str | None, tell: Callable[[str], None] = lambda words: None
) -> Run:
    """The newest run in `out` of that recipe (`None`: of any), with a checkpoint or without.

    A run whose recipe is damaged is passed over, and `tell` is called with the reason.
    """
    for run in reversed(runs(out)):
        if not all((run.folder / name).exists() for name in ("recipe.json", "run.json")):
            continue
        try:
            name = run.recipe().name
        except UserError as error:
            tell(f"passed over {run.folder}: {error}")
            continue
        if recipe_name in (None, name):
            return run
    of = f" of recipe {recipe_name}" if recipe_name else ""
    raise UserError(f"nothing to resume: no run{of} in {out}; start one without --resume")


def refuse_changes(
    run: Run, recipe: Recipe, record: dict[str, Any], defaults: dict[str, Any]
) -> None:
    """Raise `UserError`, listing the differences, unless `recipe` and `record` continue `run`.

    The number of steps may change, and so may settings that alter nothing in the result.

    Args:
        defaults: of the settings; a run of an earlier version was trained with those of the
            settings that its record lacks.
    """
    before, after = run.recipe().to_dict(), recipe.to_dict()
    before.pop("steps"), after.pop("steps")
    changed = _differences(before, after)
    old, new = run.record(), record
    for key in ("settings", "data", "precision", "seed", "backend"):
        left, right = old.get(key), new.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            if key == "data" and "vectors" not in left:  # of an earlier version
                right = {name: value for name, value in right.items() if name != "vectors"}
            if key == "settings":
                left = defaults | left
            free = _FREE_SETTINGS if key == "settings" else ()
            left, right = ({k: v for k, v in d.items() if k not in free} for d in (left, right))
            changed += _differences(left, right, prefix=f"{key}.")
        else:
            changed += _differences({key: left}, {key: right})
    if changed:
        raise UserError(
            f"{run.folder} cannot go on with other settings: {'; '.join(changed)}. "
            "Give the same ones, or start a new run without --resume"
        )


def _checked(run: Run) -> Run:
    for name in ("recipe.json", "run.json"):
        if not (run.folder / name).exists():
            raise UserError(f"{run.folder} is not a run folder: it holds no {name}")
    return run


def _differences(before: dict, after: dict, prefix: str = "") -> list[str]:
    return [
        f"{prefix}{name} was {before.get(name)!r}, now {after.get(name)!r}"
        for name in sorted({**before, **after})
        if before.get(name) != after.get(name)
    ]
