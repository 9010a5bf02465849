"""How well a network ages unseen faces: the age, the second label, the person, the picture.

Of the drawn persons the truth is known: everybody can be drawn at every age. There the inputs are
infants, whose sex cannot be seen. Of other pictures there are no counterparts, so the person is
looked for among the inputs, and pictures are compared at their own age alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image

import datasets
from console.errors import UserError, user_errors
from datasets import ages as drawn
from datasets.sources import evenly
from media.sheet import sheet
from metrics import classifier, recognition
from metrics.errors import MetricError
from metrics.extractors import Extractor, extract
from metrics.intervals import Estimate
from models.systems.caae.labels import AGE, chosen, taken
from quality import control
from serving.ager import Ager
from serving.unseen import Unseen, aligned, heading, mean

MOST = 500  # unseen pictures that are measured
FITTED = 4_000  # pictures trained on that the probe is fitted to
_SHOWN = 6  # persons on the sheet


@dataclasses.dataclass(frozen=True)
class Case:
    """The inputs of a measurement, and what should become of them.

    Attributes:
        pictures: uint8 (N, R, R, 3).
        labels: the data's labels: the ages, and the next label if there is one.
        classes: those of the pictures, int (N,) for each group of `labels`.
        asked: what the network is given for each of the data's ages: an index (N,) for each of its
            own labels.
        truths: for each age the same persons at that age, uint8 (N, R, R, 3); None: not known.
        shown_from: the first age at which the second label can be seen.
    """

    pictures: np.ndarray
    labels: datasets.Labels
    classes: list[np.ndarray]
    asked: list[list[np.ndarray]]
    truths: list[np.ndarray] | None = None
    shown_from: int = 0

    @property
    def ages(self) -> tuple[str, ...]:
        """The names of the data's ages, in order."""
        return self.labels.groups[AGE]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measure: of the network, and of what it is compared with, by name."""

    name: str
    value: Estimate
    others: dict[str, float]
    form: str = "share"


def check(ager: Ager, labels: datasets.Labels | None, name: str) -> None:
    """Raise `UserError` unless the pictures called `name` have ages that the network knows."""
    if labels is None:
        raise UserError(f"{ager.origin} is measured on pictures with ages; {name} has no labels")
    ager.classes_of(labels)


def measure(
    ager: Ager,
    trained: datasets.ImageData,
    held: datasets.ImageData,
    extractor: Extractor,
    seed: int = 0,
    given: str | None = None,
) -> Unseen:
    """Age pictures of `held` to every age and judge them.

    Args:
        trained: pictures that it was trained on: the probe is fitted to them.
        extractor: recognises persons; not one that the network was trained with.
        given: names the data that was not held out.

    The judge of ages and of the second label is a classifier trained on real pictures of the data.
    Raises `UserError`.
    """
    case = case_of(ager, held)
    made = [ager.age(case.pictures, asked, 64) for asked in case.asked]
    with user_errors(MetricError):
        found = [
            *_judged(case, made, trained, seed),
            *_recognised(case, made, extractor, seed),
            *_compared(case, made, seed),
            _probed(ager, trained, held, seed),
        ]
    values = {
        "count": len(case.pictures),
        "counterparts": case.truths is not None,
        "measures": {each.name: dataclasses.asdict(each) for each in found},
    }
    text = f"{ager.origin}, {_table(found, case, extractor, given)}"
    return Unseen(text, values, sheet_of(case, made))


def sheet_of(case: Case, made: Sequence[np.ndarray]) -> Image.Image:
    """A row a person, the picture and a column an age; below each the truth, if it is known."""
    rows = [made] if case.truths is None else [made, case.truths]
    pictures = case.pictures[:_SHOWN]
    lines = [np.stack([pictures, *(age[:_SHOWN] for age in row)], axis=1) for row in rows]
    shown = np.stack(lines, axis=1).reshape(-1, *case.pictures.shape[1:])
    return sheet(shown, 1 + len(made), ("picture", *case.ages))


def case_of(ager: Ager, held: datasets.ImageData) -> Case:
    """Infants with their counterparts of the drawn persons; the pictures themselves of others."""
    rows = evenly(MOST, len(held.images))
    labels, side = _with_second(held.labels), held.images.shape[1]
    ages, *second = _classes(labels)
    own = [each[rows] for each in (ages, *second)]
    given = ager.classes_of(labels)  # as the network counts them
    known = ager.groups[AGE]
    asked = [
        [np.full(len(rows), known.index(age), "int32"), *(each[rows] for each in given[1:])]
        for age in labels.groups[AGE]
    ]
    if not is_drawn(held):
        return Case(np.asarray(held.images[rows]), labels, own, asked)
    persons = held.images.rows[rows]
    truths = [drawn.counterparts(persons, side, age) for age in range(len(asked))]
    own[0] = np.zeros_like(own[0])
    return Case(truths[0], labels, own, asked, truths, drawn.BEARD_FROM)


def is_drawn(data: datasets.ImageData) -> bool:
    """Whether the pictures are this project's persons, each in the row of its number."""
    known = data.labels is not None and tuple(data.labels.names) == drawn.NAMES
    return known and data.name.split("-")[0] == drawn.NAME


def _with_second(labels: datasets.Labels) -> datasets.Labels:
    """The ages, and the data's next label, which a network need not take."""
    return taken(labels, next((name for name in labels.groups if name != AGE), ""))


def _classes(labels: datasets.Labels) -> list[np.ndarray]:
    """The class of each picture in each group, int (N,)."""
    return chosen(labels.values, [len(members) for members in labels.groups.values()])


# === The measures ===


def _judged(case: Case, made: Sequence[np.ndarray], data: datasets.ImageData, seed: int):
    """Age control, and whether the second label is kept, by a classifier of real pictures."""
    data = dataclasses.replace(data, labels=_with_second(data.labels))
    judge = control.load_judge(data, control.space_of(data.labels)).model
    sizes = [len(members) for members in case.labels.groups.values()]
    ours, real = (
        [chosen(classifier.predict(judge, pictures), sizes) for pictures in of]
        for of in (made, case.truths or ())
    )
    right = lambda seen: np.stack([each[0] == a for a, each in enumerate(seen)], axis=1)  # noqa: E731
    others = {"chance": 1 / len(made)} | ({"truth": float(right(real).mean())} if real else {})
    yield Measure("age as asked", _mean(right(ours).mean(axis=1), seed), others)
    for age, name in enumerate(case.ages):
        others = {"truth": float((real[age][0] == age).mean())} if real else {}
        yield Measure(f"… at {name}", _mean(ours[age][0] == age, seed), others)
    for name, members in list(case.labels.groups.items())[1:]:

        def kept(seen):
            return np.stack(
                [each[1] == case.classes[1] for each in seen[case.shown_from :]], axis=1
            )

        others = {"chance": 1 / len(members)} | (
            {"truth": float(kept(real).mean())} if real else {}
        )
        where = f" from {case.ages[case.shown_from]}" if case.shown_from else ""
        yield Measure(f"{name} kept{where}", _mean(kept(ours).mean(axis=1), seed), others)


def _recognised(case: Case, made: Sequence[np.ndarray], extractor: Extractor, seed: int):
    """Rank-1: whether an aged picture is nearest to its own person among all of that age."""
    own = extract(extractor, case.pictures, progress="inputs").pool
    ours, copied = [], []
    for age, pictures in enumerate(made):
        if case.truths is not None and age == 0:
            continue  # the inputs are of this age already
        gallery = own
        if case.truths is not None:
            gallery = extract(extractor, case.truths[age], progress=f"truth {age}").pool
            copied.append(recognition.rank_one(own, gallery))
        features = extract(extractor, pictures, progress=f"aged {age}").pool
        ours.append(recognition.rank_one(features, gallery))
    others = {"chance": 1 / len(own)}
    if copied:
        others["input"] = float(np.mean(copied))
    yield Measure("person found (rank 1)", _mean(np.mean(ours, axis=0), seed), others)


def _compared(case: Case, made: Sequence[np.ndarray], seed: int):
    """The mean absolute difference to the truth, of 255."""
    if case.truths is None:
        kept = np.stack([made[age][row] for row, age in enumerate(case.classes[0])])
        name = "L1 at the own age"
        yield Measure(name, _mean(_distance(kept, case.pictures), seed), {}, "levels")
        return
    older = range(1, len(made))
    ours = np.mean([_distance(made[age], case.truths[age]) for age in older], axis=0)
    copied = np.mean([_distance(case.pictures, case.truths[age]) for age in older])
    others = {"input": float(copied)}
    yield Measure("L1 to the truth", _mean(ours, seed), others, "levels")
    kept = _distance(made[0], case.pictures)
    yield Measure("… at the input's age", _mean(kept, seed), {"input": 0.0}, "levels")


def _probed(
    ager: Ager, trained: datasets.ImageData, held: datasets.ImageData, seed: int
) -> Measure:
    """How well a linear probe reads the age from the code, which should leave it to the label."""
    parts = []
    for data, most in ((trained, FITTED), (held, len(held.images))):
        rows = evenly(most, len(data.images))
        labels = taken(data.labels)
        (own,) = _classes(labels)
        parts += [ager.encode(np.asarray(data.images[rows])), own[rows]]
    codes, classes, others, theirs = parts
    fitted = np.isin(theirs, classes)  # a rare age may have been held out alone
    found = recognition.linear_probe(codes, classes, others[fitted], theirs[fitted])
    return Measure("age from the code", _mean(found, seed), {"chance": 1 / len(labels.names)})


def _distance(pictures: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.abs(pictures.astype(np.float32) - truth).mean(axis=(1, 2, 3))


def _mean(values: np.ndarray, seed: int) -> Estimate:
    return mean(np.asarray(values, np.float64), seed)


# === The table ===

_COLUMNS = ("chance", "input", "truth")
_FORMS = {"share": ".1%", "levels": ".2f"}


def _table(found: Sequence[Measure], case: Case, extractor: Extractor, given: str | None) -> str:
    rows = [("", "value", *_COLUMNS)]
    for each in found:
        form = _FORMS[each.form]
        others = (f"{each.others[n]:{form}}" if n in each.others else "" for n in _COLUMNS)
        rows.append((each.name, each.value.text(form), *others))
    known = case.truths is not None
    what = "infants" if known else "pictures"
    lines = [heading(f"{len(case.pictures):,} {what}", given, ", at every age")]
    lines += [line.rstrip() for line in aligned(rows)]
    lines += [f"  · {note}" for note in _notes(known, extractor)]
    return "\n".join(lines)


def _notes(known: bool, extractor: Extractor) -> list[str]:
    notes = [
        "ages and the second label are judged by a classifier trained on real pictures; "
        f"persons by {extractor.label}"
    ]
    if known:
        return [
            *notes,
            "input: the infant itself instead; truth: the same person drawn at that age",
        ]
    return [
        *notes,
        "persons are looked for among the inputs: there are no counterparts at other ages, so the "
        "difference to the truth is not known",
    ]
