"""The plan of a comparison: recipes or variations of them, the data, steps and seeds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing
from collections.abc import Mapping
from typing import Any

from comparison import folders
from console.errors import UserError, user_errors
from foreign import bounds
from foreign.names import problem
from foreign.numbers import shown
from models import fields, recipes
from models.fields import option, refuse_ignored
from models.precisions import PRECISIONS
from models.recipe import Recipe
from models.systems.gan.points import on_points
from models.systems.gan.recipe import GANRecipe
from models.systems.vae.recipe import VAERecipe

POINT_WORLDS = ("ring", "grid", "line")
ALSO = ("raw", "detail", "variety", "weights", "memory", "leaks")
COMPARED = (GANRecipe, VAERecipe)
_GROUP = "Comparison"
_START = "from"  # of an entry: the run that it begins with


@dataclasses.dataclass(frozen=True)
class CompareSettings:
    """The settings of one comparison; every field is a command-line option."""

    data: str = option(
        "ring",
        _GROUP,
        "a toy world (ring, grid, line, triangles), faces, a public set, or a folder",
    )
    steps: int = option(5_000, _GROUP, "generator steps of every run", least=1)
    minutes: float = option(
        0.0,
        _GROUP,
        "training time of every run instead of its steps: as many as fit on this machine, timed "
        "at the start; 0: steps counts",
        least=0,
    )
    precision: str = option(
        "float32",
        _GROUP,
        "number format; `auto`: the fastest on this machine, as train.py",
        choices=("auto", *PRECISIONS),
    )
    seeds: int = option(3, _GROUP, "runs of every recipe, with seeds 0, 1, …", least=1, most=1_000)
    marks: int = option(5, _GROUP, "how many times every run is measured", least=1)
    samples: int = option(
        1_000, _GROUP, "pictures per measurement (points: always 2 500)", least=1,
        most=bounds.PICTURES,
    )  # fmt: skip
    count: int = option(0, _GROUP, "pictures to train on; 0: all", most=bounds.PICTURES, least=0)
    only: str = option(
        "",
        _GROUP,
        'of these pictures, use only those with certain labels: "hat", "red hair + no glasses"',
    )
    few: int = option(
        0,
        _GROUP,
        "train on only this many pictures, evenly spread over the data, and measure against all "
        "others; 0: train on all and measure against all",
        most=bounds.PICTURES,
        least=0,
    )
    also: str = option(
        "",
        _GROUP,
        "further measures of pictures, with commas between: raw (the generator, not its average), "
        "detail (slopes of grey levels), variety (spread, duplicates), weights (largest singular "
        "values), memory (share nearer to training pictures than to others; needs --few), leaks "
        "(share nearer to augmented reals than to reals)",
    )
    width: int = option(64, _GROUP, "hidden units of D on points; G has twice as many", least=1)
    budget: float = option(
        0.0,
        _GROUP,
        "stop and report after this many minutes; the same command continues; 0: no limit",
        least=0,
    )
    out: str = option("samples", _GROUP, "folder in which the comparison's folder is made")

    def __post_init__(self) -> None:
        found = [*fields.problems(self, called=fields.as_option)]
        if strange := [name for name in self.extras if name not in ALSO]:
            found.append(f"unknown --also {shown(strange[0])}, known: {', '.join(ALSO)}")
        elif self.extras and self.data in (*POINT_WORLDS, "triangles"):
            found.append(f"--also measures pictures in colour; leave it out for {self.data}")
        for name in ("few", "only"):
            if getattr(self, name) and self.data in (*POINT_WORLDS, "triangles"):
                found.append(f"--{name} chooses among pictures; leave it out for {self.data}")
        if "memory" in self.extras and not self.few:
            found.append("--also memory compares with pictures that were not seen; give --few")
        for name in ("data", "out"):
            if wrong := problem(getattr(self, name)):
                found.append(f"--{name} {shown(getattr(self, name))} {wrong}")
        if found:
            raise ValueError("; ".join(found))

    @property
    def extras(self) -> tuple[str, ...]:
        """The names in `also`."""
        return tuple(filter(None, (name.strip() for name in self.also.split(","))))


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that the results depend on: entries (title → recipe) and settings.

    `given`: the fields that were given for each entry. `starts`: title → the run that the entry
    begins with, as `--from` of train.py names it. `timed`: title → steps that fit into the
    settings' minutes on this machine; empty without minutes, or if they are not timed yet.
    `first_seed`: from which the settings' seeds are counted.
    """

    entries: dict[str, Recipe]
    settings: CompareSettings
    given: dict[str, tuple[str, ...]]
    starts: dict[str, str] = dataclasses.field(default_factory=dict)
    timed: dict[str, int] = dataclasses.field(default_factory=dict)
    first_seed: int = 0

    def __post_init__(self) -> None:
        folders.refuse_shared(self.entries)
        _refuse_other_shapes(self.entries, self.settings)

    @property
    def seeds(self) -> range:
        """The seeds of every recipe's runs."""
        return range(self.first_seed, self.first_seed + self.settings.seeds)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without the settings that do not change results."""
        settings = dataclasses.asdict(self.settings)
        added = [name for name in ("also", "few", "only") if not getattr(self.settings, name)]
        for free in ("budget", "out", "seeds", *added):  # plans of earlier versions lack the added
            del settings[free]
        entries = {title: recipe.to_dict() for title, recipe in self.entries.items()}
        starts = {"starts": self.starts} if self.starts else {}
        return {"entries": entries, "settings": settings, **starts}

    @property
    def name(self) -> str:
        """compare-<data>-<hash>: the same plan has the same name, also with more seeds."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        data = self.settings.data.rstrip("/").rsplit("/", 1)[-1][:100]
        return f"compare-{data}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def recipe(self, title: str) -> Recipe:
        """The entry's recipe with the number of steps of its runs."""
        recipe = self.entries[title]
        return dataclasses.replace(recipe, steps=self.timed.get(title, recipe.steps))

    def marks(self, title: str) -> list[int]:
        """The steps at which the entry's runs are measured."""
        steps = self.recipe(title).steps
        count = min(self.settings.marks, steps)
        return [steps * (index + 1) // count for index in range(count)]

    def runs(self) -> list[tuple[str, int]]:
        """(title, seed) in order: every recipe with the first seed, then with the next."""
        return [(title, seed) for seed in self.seeds for title in self.entries]


def make(words: list[str], changes: dict[str, Any], settings: CompareSettings) -> Plan:
    """The plan for recipes as typed, e.g. "wgan_gp" or "gan:minibatch=discrimination,d_steps=2".

    `changes` apply to all recipes, before each recipe's own changes. "sagan_cpu:from=RUN" begins
    with the networks of a run.
    Raises `UserError` for unknown recipes or fields, values that do not fit, and repetitions.
    """
    entries: dict[str, Recipe] = {}
    given: dict[str, tuple[str, ...]] = {}
    starts: dict[str, str] = {}
    for word in words:
        if word in entries:
            raise UserError(f"{word} is named twice")
        name, start = _started(word, settings)
        entries[word], given[word] = _entry(name, changes, settings)
        if start:
            starts[word] = start
    return Plan(entries, settings, given, starts)


def _refuse_other_shapes(entries: Mapping[str, Recipe], settings: CompareSettings) -> None:
    """Raise `UserError` for entries of several sizes: all are measured on the same pictures."""
    if settings.data in POINT_WORLDS:
        return
    shapes = {title: recipe.data_shape for title, recipe in entries.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{title} {_size(shape)}" for title, shape in shapes.items())
        raise UserError(
            f"the recipes have different resolutions ({listed}); give --resolution, or "
            "resolution= to each"
        )
    for height, width, channels in shapes.values():
        if settings.data == "triangles" and (height != width or channels != 3):
            raise UserError("triangles are measured as square RGB pictures; leave out --channels")


def _size(shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    size = str(height) if height == width else f"{width}x{height}"
    return size + ("" if channels == 3 else f", {channels} channels")


def _started(word: str, settings: CompareSettings) -> tuple[str, str]:
    """An entry's word without its `from=RUN`, and the run."""
    name, _, own = word.partition(":")
    parts = own.split(",")
    begins = [part for part in parts if part.partition("=")[0].strip() == _START]
    if not begins:
        return word, ""
    start = begins[0].partition("=")[2].strip()
    if len(begins) > 1 or not start:
        raise UserError(f"{word}: {_START}=RUN names one run whose networks it begins with")
    if settings.data in POINT_WORLDS:
        raise UserError(f"{word}: {_START} is for runs of pictures, not for {settings.data}")
    rest = ",".join(part for part in parts if part not in begins)
    return f"{name}:{rest}" if rest else name, start


def _entry(
    word: str, changes: dict[str, Any], settings: CompareSettings
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe that `word` means, and its given fields; `UserError` if nothing reads one."""
    name, _, own = word.partition(":")
    with user_errors(ValueError):
        recipe = recipes.load(name)
        if not isinstance(recipe, COMPARED):
            raise ValueError(
                f"{word} trains a {recipe.system}; compare.py compares GANs, and VAEs on pictures."
            )
        if settings.data in POINT_WORLDS:
            dim = 1 if settings.data == "line" else 2
            recipe = on_points(recipe, dim, settings.width)
        known = {field.name for field in fields.options(recipe)}
        for name in (name for name in changes if name not in known):
            raise ValueError(
                f"{word}: a {recipe.system} has no {name}; give it to the others alone, as in "
                f"gan:{name}=…"
            )
        every = {**changes, **_changes(word, own, recipe)}
        if settings.minutes and "steps" in every:
            raise ValueError(f"{word}: --minutes says how long a run trains; leave out steps")
        changed = recipe.changed(**{"steps": settings.steps, **every})
        refuse_ignored(changed, every)
    return changed, tuple(every)


def _changes(word: str, text: str, recipe: Recipe) -> dict[str, Any]:
    types = typing.get_type_hints(type(recipe))
    known = {field.name: field for field in fields.options(recipe)}
    found = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known or not equals:
            raise ValueError(
                f"{word}: {part!r} is not field=value. Fields: {_START}, {', '.join(known)}."
            )
        read = known[name].metadata.get("option")
        kind = read["type"] if read else types[name]
        try:
            found[name] = _truth(value) if kind is bool else kind(value)
        except (ValueError, KeyError):
            raise ValueError(f"{word}: {name} cannot be {value!r}") from None
    return found


def _truth(text: str) -> bool:
    """Whether "true" or "false"; a KeyError for anything else."""
    return {"true": True, "false": False}[text.strip().lower()]
