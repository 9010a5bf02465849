"""GAN-train: what a classifier learns about real pictures from generated ones alone.

Control accuracy (GAN-test) asks whether fakes show their labels; a generator that draws one good
face per label passes. A classifier trained on the fakes and tested on reals needs their variety too
(Shmelkov, Schmid and Alahari 2018; the classification accuracy score of Ravuri and Vinyals 2019).
Beside it stands the same classifier trained on as many reals, for as many steps.

The papers test on reals that the generator has not seen. Most GANs here train on all pictures, so
the test's are among them: a generator that draws them again hands them to the classifier.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from tqdm import tqdm

import datasets
from console.errors import UserError, user_errors
from foreign.files import replaced
from metrics import classifier, control
from metrics.classifier import Trained
from metrics.errors import MetricError
from quality.control import space_of

HEADS = ("attribute", "reals", "accuracy", "trained on reals", "chance")


@dataclasses.dataclass(frozen=True)
class Row:
    """One attribute, or a one-of group as a whole; accuracies on unseen real pictures, 0 to 1.

    reals       number of real pictures that have it
    on_fakes    accuracy of the classifier trained on fakes, by the rule of `metrics.control.Row`
    on_reals    that of the classifier trained on as many reals
    chance      the expected accuracy of the first one's answers in a random order
    """

    name: str
    group: str
    reals: int
    on_fakes: float
    on_reals: float
    chance: float


def measure(
    pictures: np.ndarray, asked: np.ndarray, data: datasets.ImageData, seed: int = 0
) -> list[Row]:
    """Train on `pictures`, uint8 (N, H, W, C), generated with the labels `asked`; test on reals.

    The reals of the test are a tenth of the data that neither classifier has seen.

    Raises `UserError` where `check` does.
    """
    seen, unseen = check(data, len(pictures), seed)
    space = space_of(data.labels)
    with user_errors(MetricError):
        rows = np.sort(np.random.default_rng(seed).permutation(seen)[: len(pictures)])
        reals = np.asarray(data.images[rows]), data.labels.values[rows]
        truth = np.asarray(data.images[unseen]), data.labels.values[unseen]
        on_fakes, on_reals = (
            control.score(classifier.predict(one.model, truth[0]), truth[1], space)
            for one in (
                _trained("fakes", pictures, asked, space, seed),
                _trained("reals", *reals, space, seed),
            )
        )
    return [
        Row(ours.name, ours.group, ours.asked, ours.accuracy, theirs.accuracy, ours.chance)
        for ours, theirs in zip(on_fakes, on_reals, strict=True)
    ]


def check(data: datasets.ImageData, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the reals to train on and to test on, for `count` fakes.

    Raises `UserError` for data without labels or with fewer pictures to train on than fakes.
    """
    if data.labels is None:
        raise UserError(f"GAN-train needs labels, and {data.name!r} has none")
    with user_errors(MetricError):
        seen, unseen = classifier.split(len(data.images), seed)
    if len(seen) < count:
        raise UserError(
            f"GAN-train compares with as many reals, and {data.name!r} has {len(seen)} to train "
            f"on, not {count}; ask for fewer fakes"
        )
    return seen, unseen


def as_markdown(rows: list[Row]) -> str:
    """The table as Markdown; groups in capitals."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|" + "---:|" * (len(HEADS) - 1)]
    for row in rows:
        name = row.name.upper() if row.name == row.group else row.name
        shares = (f"{share:.1%}" for share in (row.on_fakes, row.on_reals, row.chance))
        lines.append("| " + " | ".join([name, str(row.reals), *shares]) + " |")
    return "\n".join(lines) + "\n"


def write(rows: list[Row], path: Path) -> None:
    """Write the table as Markdown, whole or not at all."""
    with replaced(path) as unfinished:
        unfinished.write_text(as_markdown(rows), "utf-8")


def _trained(
    what: str,
    pictures: np.ndarray,
    labels: np.ndarray,
    space: classifier.LabelSpace,
    seed: int,
) -> Trained:
    """A classifier trained for about as many steps as the one that judges control."""
    epochs = max(classifier.EPOCHS, classifier.EPOCHS * classifier.MOST // len(pictures))
    with tqdm(desc=f"classifier on {what}", unit="step", leave=False, mininterval=1.0) as bar:

        def watch(step: int, steps: int, loss: float) -> None:
            bar.total = steps
            bar.update(step - bar.n)

        return classifier.train(pictures, labels, space, seed, epochs, watch, hold_out=False)
