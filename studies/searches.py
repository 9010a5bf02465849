"""Random search: settings of each model are drawn from ranges, and the best one runs again."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from comparison.plan import Plan
from foreign import records
from foreign.numbers import shown
from studies import comparisons
from studies.comparisons import refuse_unknown
from studies.study import Study

MOST = 1_000  # settings of a model, and seeds of the best
_DIGITS = 3  # of a drawn number, if its range has room for some of them
_MOST_DIGITS = 12
_ROOM = 10  # steps of the last digit in a range


@dataclasses.dataclass(frozen=True)
class Range:
    """Where a value is drawn from, for one or several fields of a recipe at once.

    Attributes:
        fields: all get the same value.
        models: that have them.
        ends: the value lies between these two; () with choices.
        log: whether its logarithm is uniform, not itself.
        choices: or it is one of these.
    """

    fields: tuple[str, ...]
    models: tuple[str, ...]
    ends: tuple[float, ...] = ()
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def digits(self) -> int:
        """Of its numbers: three, or as many as it needs, at most one more than `_MOST_DIGITS`."""
        low, high = self.ends
        most = max(abs(low), abs(math.nextafter(high, low))) or high
        first = math.floor(math.log10(most))  # the place of the first digit
        width = 1.001 * (high - low)  # a difference of decimals may be rounded down
        for digits in range(_DIGITS, _MOST_DIGITS + 1):
            if width >= _ROOM * 10.0 ** (first - digits + 1):
                return digits
        return _MOST_DIGITS + 1

    def draw(self, rng: np.random.Generator) -> str:
        """A value as compare.py reads it; numbers have `digits` digits."""
        if self.choices:
            return str(self.choices[int(rng.integers(len(self.choices)))])
        low, high = map(math.log, self.ends) if self.log else self.ends
        digits = self.digits
        while True:
            drawn = low + (high - low) * rng.random()
            word = f"{math.exp(drawn) if self.log else drawn:.{digits}g}"
            if float(word) < self.ends[0]:  # rounding may also pass the beginning
                return repr(self.ends[0])
            if float(word) < self.ends[1]:  # rounding may reach the end, which is no value of it
                return word


@dataclasses.dataclass(frozen=True)
class Judged:
    """How the runs on one data set are judged.

    Attributes:
        measure: of the comparison's judge, at the last mark.
        failed: a run that comes to a worse number has failed, as one that diverges.
    """

    measure: str
    failed: float


@dataclasses.dataclass(frozen=True)
class Search(Study):
    """A random search over settings of models on several data sets.

    Its comparisons are the data sets. An arm is a setting, called "model 0", "model 1", …; the
    first is the model as the plan has it, the others are drawn. All have one seed.

    Attributes:
        judged: comparison → how its runs are judged.
        models: by name.
        settings: of each model.
        seeds: further runs of the best setting of each model, once all have ended.
    """

    judged: dict[str, Judged]
    models: tuple[str, ...]
    settings: int
    seeds: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON: the report depends on how runs are judged, too."""
        judged = {name: dataclasses.asdict(each) for name, each in self.judged.items()}
        return super().to_dict() | {"judged": judged}

    def arms_of(self, model: str) -> list[str]:
        """The settings of a model."""
        return [f"{model} {number}" for number in range(self.settings)]

    def again(self, chosen: Mapping[str, Mapping[str, str]]) -> Study:
        """The study that runs chosen settings with further seeds.

        The one with which they were found best is not among them: it was lucky for that setting,
        the more so the more settings there were.

        Args:
            chosen: comparison → model → the arm that is its best setting.
        """
        plans, words = {}, {}
        for name, arms in chosen.items():
            plan, title = self.plans[name], again(name)
            plans[title] = dataclasses.replace(
                plan,
                entries={arm: plan.entries[arm] for arm in arms.values()},
                settings=dataclasses.replace(plan.settings, seeds=self.seeds),
                given={arm: plan.given[arm] for arm in arms.values()},
                starts={arm: run for arm, run in plan.starts.items() if arm in arms.values()},
                first_seed=1,
            )
            words[title] = {arm: self.words[name][arm] for arm in arms.values()}
        return Study(
            self.name, self.title, self.about, self.scale, self.about_scale, plans, words
        )  # fmt: skip

    def representatives(self, comparison: str) -> list[str]:
        """An arm of each model: the others differ in numbers."""
        return [f"{model} 0" for model in self.models]


def again(comparison: str) -> str:
    """The comparison in which the best settings run again."""
    return f"{comparison}-again"


_SETTINGS = tuple(name for name in comparisons.SETTINGS if name not in ("minutes", "width"))
_WORLD = dict.fromkeys(_SETTINGS, object) | {"changes": str, "measure": str, "failed": float}
_RANGE = {"fields": str, "models": str, "between": [float], "log": [float], "choices": [object]}
_SCALE = {"searches": records.Every(_WORLD), "models": records.Every(str), "settings": int}
_FORM = {
    "models": records.Every(str),
    "ranges": records.Every(_RANGE),
    "searches": records.Every(_WORLD),
}


def _study(
    frame: dict[str, str], table: dict[str, Any], chosen: dict[str, Any], seeds: int, out: str
) -> Search:
    """The study in a plan's table: see `comparisons.Kind.read`."""
    models = {**table["models"], **chosen.get("models", {})}
    ranges = [_range(name, each, models) for name, each in table["ranges"].items()]
    settings = chosen.get("settings", 10)
    if not 1 <= settings <= MOST:
        raise ValueError(f"settings must be 1 to {MOST:,}, not {shown(settings)}")
    if not 1 <= seeds <= MOST:  # the best settings run with them once all others have ended
        raise ValueError(f"seeds must be 1 to {MOST:,}, not {shown(seeds)}")
    plans, words, judged = {}, {}, {}
    worlds = comparisons.merged(
        table["searches"], chosen.get("searches", {}), "search", frame["scale"]
    )
    for title, world in worlds.items():
        where = f"search {title}"
        refuse_unknown(world, _WORLD, where)
        for name in ("measure", "failed", "steps"):
            if name not in world:
                raise ValueError(f"{where} has no {name}")
        arms = {
            f"{model} {number}": _setting(word, model, number, ranges, title)
            for model, word in models.items()
            for number in range(settings)
        }
        plans[title], words[title] = _at_equal_batches(where, world, arms, out)
        judged[title] = Judged(world["measure"], float(world["failed"]))
    return Search(
        **frame, plans=plans, words=words, judged=judged, models=tuple(models),
        settings=settings, seeds=seeds,
    )  # fmt: skip


def _setting(word: str, model: str, number: int, ranges: list[Range], world: str) -> str:
    """A model with drawn values: the same for the same names and number, whatever else there is."""
    if not number:
        return word
    digest = hashlib.sha256(f"{world}/{model}/{number}".encode()).digest()
    rng = np.random.Generator(np.random.Philox(int.from_bytes(digest[:8], "little")))
    drawn = {
        field: value
        for each in ranges
        if model in each.models
        for value in [each.draw(rng)]
        for field in each.fields
    }
    return _with(word, drawn)


def _with(word: str, values: Mapping[str, Any]) -> str:
    """An arm as compare.py reads it, with these values of fields instead of its own."""
    recipe, _, own = word.partition(":")
    kept = [part for part in own.split(",") if part and part.partition("=")[0] not in values]
    every = ",".join([*kept, *(f"{field}={value}" for field, value in values.items())])
    return f"{recipe}:{every}" if every else recipe


def _at_equal_batches(
    where: str, world: dict[str, Any], arms: dict[str, str], out: str
) -> tuple[Plan, dict[str, str]]:
    """The plan in which D sees as many batches in every run, and what compare.py would be told.

    An arm with 5 steps of D to one of G has a fifth of the steps, as in the paper's code.
    """
    plan, _ = comparisons.read(where, world, arms, 1, out)
    timed = {}
    for arm, word in arms.items():
        turns = getattr(plan.entries[arm], "d_steps", 1)
        timed[arm] = _with(word, {"steps": world["steps"] // turns} if turns > 1 else {})
    return comparisons.read(where, world, timed, 1, out)


def _range(name: str, table: dict[str, Any], models: Mapping[str, str]) -> Range:
    """A range in a plan's table. Raises ValueError."""
    where = f"range {name}"
    refuse_unknown(table, _RANGE, where)
    kinds = [kind for kind in ("between", "log", "choices") if kind in table]
    fields = _split(table.get("fields", ""))
    if len(kinds) != 1 or not fields:
        raise ValueError(f"{where} needs fields, and one of between, log and choices")
    wanted = _split(table["models"]) if "models" in table else tuple(models)
    for model in wanted:
        if model not in models:
            raise ValueError(f"{where}: unknown model {shown(model)}, known: {', '.join(models)}")
    values = tuple(table[kinds[0]])
    if kinds == ["choices"]:
        if not values:
            raise ValueError(f"{where} has no choices")
        return Range(fields, wanted, choices=values)
    if len(values) != 2 or not values[0] < values[1] or (kinds == ["log"] and values[0] <= 0):
        raise ValueError(
            f"{where}: {kinds[0]} takes two rising numbers"
            f"{' above 0' if kinds == ['log'] else ''}, not {shown(list(values))}"
        )
    found = Range(fields, wanted, values, log=kinds == ["log"])
    if not math.isfinite(values[1] - values[0]) or found.digits > _MOST_DIGITS:
        raise ValueError(
            f"{where}: from {values[0]!r} to {values[1]!r} there is nothing to draw; give two "
            f"finite numbers that differ within {_MOST_DIGITS - 1} digits, or choices"
        )
    return found


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


KIND = comparisons.Kind(_FORM, _SCALE, ("models", "ranges", "searches"), _study)
