"""A recipe: all that a paper or the notes say about one system, and nothing about a single run.

This file has the fields of all systems. Each system adds its own fields in
`models/systems/<system>/recipe.py`, and a recipe file in `models/recipes/` sets only the fields
that differ. Paths, seed and precision belong to the run. No recipe needs Keras.
"""

from __future__ import annotations

import dataclasses
import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from foreign import numbers
from models import fields, schedules
from models.fields import option
from models.optimisation_fields import OptimisationFields
from models.schedules import Schedule


def _sides(text: str) -> int | str:
    """What `--resolution` holds: a number, or text such as "64x96", which the recipe reads."""
    return int(text) if text.isdecimal() and len(text) < 10 else text


_NAMED = 40  # names in a message
SIDES = {"type": _sides, "metavar": "N"}


def held_out_field() -> Any:
    """The field `held_out` for recipes whose results are measured on unseen pictures."""
    return option(
        10,
        "Training",
        "every n-th picture of the data is kept out of training, for evaluation; 0: none",
    )


@dataclass(frozen=True)
class Phase:
    """A part of a training: how many steps it takes and which fields of the recipe it changes."""

    name: str
    steps: int
    changed: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recipe(OptimisationFields):
    """One system as its source describes it; immutable, valid or refused with a ValueError.

    `dataclasses.replace(recipe, resolution=64)` gives a checked variation.

    Attributes:
        system: the folder of `models/systems` that says how it trains.
        domains: names of the sets of pictures in a batch: one set, or the two sides of a
            translation.
        paired: whether the pictures of all domains belong together, row by row.
        labels: "never": the networks take no labels; "optional": they take labels if some are
            given; "expected": they take the data's labels unless told otherwise; "required": they
            cannot do without.
    """

    system: ClassVar[str] = ""
    domains: ClassVar[tuple[str, ...]] = ("images",)
    paired: ClassVar[bool] = False
    labels: ClassVar[str] = "never"

    name: str
    resolution: int = option(
        64, "Networks", "height and width of the pictures, a power of two", least=4, read=SIDES
    )
    batch_size: int = option(32, "Training", "pictures of a step", least=1)
    micro_batches: int = option(
        1,
        "Training",
        "split each batch into this many parts and add up gradients, to save memory",
        least=1,
    )
    mirror: bool = option(False, "Training", "show half of the pictures mirrored")

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.isprintable():  # messages show it
            raise ValueError(
                f"the name of a recipe must be one line, not {numbers.shown(self.name)}"
            )
        if isinstance(self.resolution, str):  # as users write width and height
            self.take_sides(self.resolution)
        found = [*fields.problems(self)] or [*self.problems()]
        if found:
            raise ValueError(f"Recipe {self.name}: " + "; ".join(found))

    def changed(self, **values: Any) -> Self:
        """A checked variation, in which nothing that came with this recipe is left unread.

        Raises ValueError or TypeError as a new recipe does.
        """
        return dataclasses.replace(self, **self.without_unread(values))

    # === What a system's recipe says ===

    def take_sides(self, text: str) -> None:
        """Set the fields that `text`, such as "64x96", width × height, stands for.

        Raises ValueError for systems whose pictures are square.
        """
        raise ValueError(
            f"Recipe {self.name}: the pictures of a {self.system} are square; resolution must be "
            f"one number, such as 64, not {text!r}"
        )

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one real or fake: (height, width, channels), here (R, R, 3)."""
        return (self.resolution, self.resolution, 3)

    @property
    def held_out(self) -> int:
        """n: every n-th picture is kept out of training (`datasets.hold_out`); 0: none."""
        return 0

    @property
    def judge(self) -> str:
        """The feature network of `metrics` that measures the pictures; training never uses it.

        A network that was trained on lite0's features scores too well by them. So this is "lite1"
        where lite0's maps are part of a loss or of the discriminator.
        """
        return "lite0"

    @property
    def read_batches(self) -> tuple[str, ...]:
        """What of the objective compares the pictures of a batch, and so sees micro-batches."""
        return ()

    @property
    def columns(self) -> int:
        """How many fresh batches of each domain a step takes."""
        return 1

    @property
    def captions_together(self) -> int:
        """How many captions of a picture make one vector of text; 0: it takes no captions."""
        return 0

    @property
    def conditional(self) -> bool:
        """Whether the networks take labels."""
        return False

    @property
    def compares_halves(self) -> bool:
        """Whether a loss compares the halves of a batch; devices must then not separate them."""
        return False

    @property
    def least_part(self) -> int:
        """The fewest pictures that a micro-batch, or a device's share of it, may have."""
        return 1

    @property
    def sometimes_together(self) -> str:
        """How to avoid a computation on the whole batch that only some steps have; "" without one.

        TensorFlow's devices cannot exchange anything in a part of a step that is not always taken.
        """
        return ""

    def with_labels(self, labels: Any) -> tuple[Recipe, Any]:
        """The recipe for the data's `labels`, and those of them that its networks take.

        Raises ValueError for labels that it cannot take.
        """
        kind = {"label_kind": labels.kind, "num_labels": len(labels.names)}
        return dataclasses.replace(self, **kind), labels

    def for_pictures(self, count: int) -> Recipe:
        """The recipe for `count` training pictures; for most systems it is the same."""
        return self

    def problems(self) -> Iterator[str]:
        """A sentence for each combination of values that is not allowed."""
        if self.resolution & (self.resolution - 1):
            yield f"resolution must be a power of two, such as 64 or 128, not {self.resolution}"
        if self.batch_size % self.micro_batches:
            yield (
                f"batch_size {self.batch_size} cannot be split into {self.micro_batches} equal "
                "micro_batches"
            )
        if self.held_out == 1:
            yield "held_out 1 keeps every picture out of training; 10 keeps every tenth, 0 none"
        yield from self.problems_of_optimisation()

    def check_training(self) -> None:
        """Raise ValueError for what a saved network may have, but no training should begin with."""
        for number in range(len(self.phases())):
            self.schedule(number)
        if found := "; ".join(self.problems_of_training()):
            raise ValueError(f"Recipe {self.name}: {found}")

    def problems_of_training(self) -> Iterator[str]:
        """A sentence for each combination of values with which a training makes no sense."""
        if (part := self.batch_size // self.micro_batches) < self.least_part:
            yield f"batch_size / micro_batches must be at least {self.least_part}, not {part}"

    def draw(
        self,
        rng: np.random.Generator,
        labels: np.ndarray,
        draw_labels: Callable[[int], np.ndarray],
    ) -> dict[str, np.ndarray]:
        """All random numbers of a step by name, (batch_size, …) each, drawn in a fixed order.

        They become part of the step's batch, so a step is a function of its batch.

        Args:
            labels: the pictures' labels, (batch_size, columns, …).
            draw_labels: count → labels of `count` pictures of the data, chosen by `rng`.
        """
        return {}

    def phases(self) -> tuple[Phase, ...]:
        """The parts of the training, in order; their steps add up to `steps`."""
        return (Phase("training", self.steps),)

    def traits(self) -> dict[str, str]:
        """Its cells in the table of all recipes, by the columns' names."""
        return {}

    # === Its phases ===

    def in_phase(self, number: int) -> Recipe:
        """The recipe with the changes of phase `number`."""
        changed = self.phases()[number].changed
        return self.changed(**changed) if changed else self

    def phase_steps(self, number: int) -> tuple[int, int]:
        """The steps done before phase `number`, and the steps done after it."""
        ends = [0, *itertools.accumulate(phase.steps for phase in self.phases())]
        return ends[number], ends[number + 1]

    def phase_of(self, step: int) -> int:
        """The phase of step number `step`, counted from 1; for step 0 the first phase."""
        last = len(self.phases()) - 1
        return next((n for n in range(last) if step <= self.phase_steps(n)[1]), last)

    def schedule(self, number: int) -> Schedule:
        """The curve of the rates, and of what else changes with them, in phase `number`.

        Raises ValueError if the phase is over before they begin to fall.
        """
        recipe = self.in_phase(number)
        first, last = self.phase_steps(number)
        end = recipe.decay_end or last - first
        if recipe.decay in schedules.ENDING and recipe.decay_start >= end and last > first:
            raise ValueError(
                f"Recipe {self.name}: decay_start {recipe.decay_start} leaves no steps for the "
                f"{recipe.decay} decay in phase {self.phases()[number].name}, which has "
                f"{last - first}; it is counted in each phase."
            )
        return Schedule(
            recipe.decay,
            first + recipe.decay_start,
            first + max(1, end),
            recipe.decay_rate,
            recipe.decay_every,
        )

    def pictures_before(self, number: int) -> int:
        """How many pictures of each domain the phases before `number` show."""
        phases = enumerate(self.phases()[:number])
        return sum(self.in_phase(n).batch_size * phase.steps for n, phase in phases)

    # === To and from JSON ===

    def to_dict(self) -> dict[str, Any]:
        """Every field by name and the system, ready for JSON; see `models.systems.recipe_of`."""
        return {"system": self.system, **dataclasses.asdict(self)}

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> Recipe:
        """A recipe of this class from its fields. Raises ValueError for an unknown field."""
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"A recipe of {cls.system} has no field {near(name, known)}")
        return cls(**values)


def near(name: str, known: Iterable[str]) -> str:
    """`'nmae'. Did you mean 'name'?`, or the known names if none is close."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    more = f", … ({len(known)} in all)" if len(known) > _NAMED else ""
    hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known[:_NAMED])}{more}."
    return f"{name!r}. {hint}"
