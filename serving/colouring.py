"""How near a colouring network comes to the truth on unseen pictures, beside simple ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

import datasets
from datasets.sources import evenly
from media.sheet import sheet
from metrics import classifier, colour, colour_space
from metrics.extractors import Extractor, extract
from metrics.frechet import frechet_distance
from metrics.intervals import Estimate
from models.systems.deoldify.rendering import with_chroma
from quality import control
from serving.colourer import Colourer
from serving.unseen import Unseen, aligned, heading, mean, root_mean

MOST = 500  # unseen pictures that are measured
FITTED = 2_000  # pictures trained on that the simple ways are fitted to
_SHOWN = 6
_NETWORK, _TRUTH = "network", "truth"


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to colour, measured.

    Attributes:
        chroma: the root of the mean squared error of U and V, for colours from 0 to 1.
        colourfulness: the mean over pictures; near the truth's is better.
        frechet: the Fréchet distance to the truth by the extractor's features.
        kept: group of labels → the share of pictures whose label a classifier still sees.
        shifted: group of labels → half the sum of the differences between the labels' frequencies
            that the classifier sees here and in the truth: 0 if none is over- or underused.
    """

    chroma: Estimate
    colourfulness: Estimate
    frechet: float
    kept: dict[str, float]
    shifted: dict[str, float]


def measure(
    colourer: Colourer,
    trained: datasets.ImageData | None,
    held: datasets.ImageData,
    extractor: Extractor,
    seed: int = 0,
    given: str | None = None,
) -> Unseen:
    """Colour grey copies of pictures of `held` in four ways, compare with the truth.

    The mean colour, and that of each level of grey, are taken of pictures of `trained`, or if there
    are none, of `held` itself. Names are judged by a classifier that was trained on `trained`.
    `given` names the data that was not held out. The sheet's columns: grey, by level, the network,
    the truth.
    """
    rows = evenly(MOST, len(held.images))
    truth = np.asarray(held.images[rows])
    grey = colourer.degraded(truth)
    made = _ways(colourer, trained or held, grey)
    made[_TRUTH] = truth
    judge = _Judge(trained, held, rows)
    features = extract(extractor, truth, progress="the truth").pool
    uv = colour_space.chroma(truth)
    found = {
        name: Way(
            chroma=root_mean(colour.squared_chroma_error(colour_space.chroma(pictures), uv), seed),
            colourfulness=mean(colour.colourfulness(pictures), seed),
            frechet=frechet_distance(features, extract(extractor, pictures, progress=name).pool),
            kept=judge.kept(pictures),
            shifted=judge.shifted(pictures, truth),
        )
        for name, pictures in made.items()
    }
    columns = [made[name][:_SHOWN] for name in ("grey", "by level", _NETWORK, _TRUTH)]
    page = sheet(
        np.stack(columns, axis=1).reshape(-1, *truth.shape[1:]),
        len(columns),
        ("grey", "by level of grey", _NETWORK, _TRUTH),
    )
    values = {"count": len(truth), "ways": {n: dataclasses.asdict(way) for n, way in found.items()}}
    text = f"{colourer.origin}, {_table(found, len(truth), extractor, given)}"
    return Unseen(text, values, page)


def _ways(colourer: Colourer, known: datasets.ImageData, grey: np.ndarray) -> dict[str, np.ndarray]:
    """Grey pictures (N, R, R, 3) as they are, coloured by two means of `known`, by the network."""
    seen = np.asarray(known.images[evenly(FITTED, len(known.images))])
    mean = np.broadcast_to(colour_space.chroma(seen).mean(axis=(0, 1, 2)), (*grey.shape[:3], 2))
    by_level = colour.LumaTable(seen)(grey)
    painted: Callable = lambda chroma: np.stack(  # noqa: E731
        [with_chroma(*both) for both in zip(grey, chroma, strict=True)]
    )
    return {
        "grey": grey,
        "mean colour": painted(mean),
        "by level": painted(by_level),
        _NETWORK: np.stack(colourer.apply(list(grey), 16)),
    }


class _Judge:
    """Names what a picture shows, in the one-of groups of the data's labels; silent without any."""

    def __init__(self, trained: datasets.ImageData | None, held: datasets.ImageData, rows):
        self._labels: dict[str, np.ndarray] = {}
        if trained is None or trained.labels is None or held.labels is None:
            return
        self._space = control.space_of(trained.labels)
        values = held.labels.values[rows]
        self._labels = {g: self._space.classes(values, g) for g in self._space.columns}
        if self._labels:
            self._model = control.load_judge(trained, self._space).model

    def kept(self, pictures: np.ndarray) -> dict[str, float]:
        """Group → the share of pictures in which its label is seen."""
        found = {}
        for group, seen in self._seen(pictures).items():
            wanted = self._labels[group]
            found[group] = float((seen == wanted)[wanted >= 0].mean())
        return found

    def shifted(self, pictures: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        """Group → the total variation distance of the labels' frequencies to those of `truth`."""
        ours, theirs = self._seen(pictures), self._seen(truth)
        size = {group: len(columns) for group, columns in self._groups().items()}
        share = lambda seen, group: np.bincount(seen, minlength=size[group]) / len(seen)  # noqa: E731
        return {
            group: float(
                0.5 * np.abs(share(ours[group], group) - share(theirs[group], group)).sum()
            )
            for group in ours
        }

    def _groups(self) -> dict[str, list[int]]:
        return self._space.columns if self._labels else {}

    def _seen(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        if not self._labels:
            return {}
        logits = classifier.predict(self._model, pictures)
        return {g: logits[:, columns].argmax(axis=1) for g, columns in self._groups().items()}


def _table(found: dict[str, Way], count: int, extractor: Extractor, given: str | None) -> str:
    distance = extractor.measure_name("frechet")
    groups = list(found[_TRUTH].kept)
    head = ("", "chroma RMSE", "colourfulness", distance)
    head += tuple(text for group in groups for text in (f"{group} seen", "shifted"))
    rows = [head]
    for name, way in found.items():
        cells = [name, way.chroma.text(".4f"), way.colourfulness.text(".1f"), f"{way.frechet:.1f}"]
        for group in groups:
            cells += [f"{way.kept[group]:.0%}", f"{way.shifted[group]:.0%}"]
        rows.append(tuple(cells))
    lines = [heading(f"{count:,} pictures", given, ", coloured from grey copies")]
    lines += aligned(rows)
    lines.append(
        "  · Chroma: U and V of colours from 0 to 1. By level: the mean colour of each grey."
    )
    if groups:
        lines.append(
            "  · Seen: a classifier names the label right. Shifted: the distance of the labels' "
            "frequencies from the truth's."
        )
    return "\n".join(lines)
