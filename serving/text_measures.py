"""How well pictures show what their captions say, and how much is left open (StackGAN).

The captions are made of faces' attributes in wordings that no training saw.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

import datasets
from datasets import captions
from datasets.pixels import to_uint8
from datasets.text import WordEncoder
from metrics import classifier
from metrics.classifier import LabelSpace
from metrics.control import Row, score
from metrics.extractors import Extractor, extract
from metrics.frechet import frechet_distance
from models.chance import chosen_rows, step_rng
from models.resizing import resized
from models.sampling import generate
from quality import control
from serving.explore.edits import seen
from serving.explore.stages import first_stage, has_second_stage, stages_sheet
from serving.generator import Generator
from serving.texts import TextSet
from serving.unseen import Unseen, aligned

MOST = 2_000  # pictures
CAPTIONS, EACH = 25, 20  # for the spread: captions, pictures of each
_SHOWN = 6
_LEFT_OPEN = ("blush", "smile", "open mouth")  # attributes that `captions.of_hair` does not tell


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage, measured.

    Attributes:
        frechet: distance to the real pictures by the extractor's features.
        rows: how often what the caption says is seen, by attribute.
        shares: of attributes that captions of the hair leave open, and of eye colours: how often
            each is seen. `eyes` is half the sum of the differences between the shares of eye
            colours and those in real pictures.
        spread: mean squared distance between features of two pictures of one caption, over that of
            two real pictures.
    """

    frechet: float
    rows: list[Row]
    shares: dict[str, float]
    eyes: float
    spread: float


def can_measure(labels: TextSet, data: datasets.ImageData) -> bool:
    """Whether new captions can be made, of the data's attributes, and encoded, word by word."""
    known = data.labels is not None and tuple(data.labels.names) == datasets.ATTRIBUTES
    return known and isinstance(labels.encoder, WordEncoder)


def measure(
    generator: Generator,
    data: datasets.ImageData,
    extractor: Extractor,
    count: int,
    seed: int = 0,
) -> Unseen:
    """Each stage on held-out wordings of the attributes of `count` pictures of `data`, at most.

    The pictures of Stage I are enlarged by Pillow's bicubic filter. A file of Stage I alone has no
    other.
    """
    generator.use_statistics()
    rng = step_rng(seed, 0)
    rows = chosen_rows(rng, len(data.images), min(count, MOST))
    case = _Case(generator, data, rows, extractor, rng)
    stages = {"Stage I": case.measured(case.small)}
    if has_second_stage(generator):
        stages["Stage II"] = case.measured(case.large)
    values = {name: _plain(stage) for name, stage in stages.items()}
    values["real"] = {"shares": case.real_shares}
    text = "\n".join([
        f"{generator.origin}, captions: {len(rows):,} in wordings held out from training",
        *_control_lines(stages, case.judged),
        *_open_lines(stages, case.real_shares),
        *_other_lines(stages, extractor),
    ])  # fmt: skip
    shown = case.wordings[:_SHOWN]
    return Unseen(text, values, stages_sheet(generator, shown, rows=2, seed=seed))


class _Case:
    """What both stages are measured on: captions, latents, real pictures and a judge."""

    def __init__(self, generator, data, rows, extractor, rng):
        self.generator, self.extractor = generator, extractor
        self.stage_1 = first_stage(generator)
        self.asked = data.labels.values[rows]
        self.reals = np.asarray(data.images[rows])
        self.space: LabelSpace = control.space_of(data.labels)
        known = control.load_judge(data, self.space)
        self.judge: keras.Model = known.model
        held = classifier.predict(self.judge, np.asarray(data.images[known.held_out]))
        self.judged = score(held, data.labels.values[known.held_out], self.space)
        names = np.array(data.labels.names, object)
        told = [names[row > 0].tolist() for row in self.asked]
        choices = [captions.of_attributes(each, held_out=True) for each in told]
        self.wordings = [each[rng.integers(len(each))] for each in choices]
        encode = generator.labels.encoder.encode
        self.text = encode(self.wordings)
        self.of_hair = encode([captions.of_hair(each) for each in told])
        self.few = np.repeat(self.text[:CAPTIONS], EACH, axis=0)
        dim = generator.recipe.latent_dim
        self.latents, self.more, self.many = (
            rng.standard_normal((n, dim), dtype=np.float32)
            for n in (len(rows), len(rows), len(self.few))
        )
        self.real_features = extract(extractor, self.reals, progress="reals").pool
        self.real_shares = self._shares(self.reals)

    def large(self, latents: np.ndarray, text: np.ndarray) -> np.ndarray:
        """Stage II's pictures."""
        return to_uint8(self.generator.generate(latents, text))

    def small(self, latents: np.ndarray, text: np.ndarray) -> np.ndarray:
        """Stage I's, enlarged."""
        made = to_uint8(generate(self.stage_1, latents, text))
        return resized(made, self.generator.recipe.resolution, "bicubic")

    def measured(self, make) -> Stage:
        """All measures of the stage whose pictures `make` gives."""
        made = make(self.latents, self.text)
        features = extract(self.extractor, made, progress="pictures").pool
        rows = score(classifier.predict(self.judge, made), self.asked, self.space)
        shares = self._shares(make(self.more, self.of_hair))
        eyes = datasets.GROUPS["eye colour"]
        gaps = [abs(shares[each] - self.real_shares[each]) for each in eyes]
        several = extract(self.extractor, make(self.many, self.few)).pool
        return Stage(
            frechet_distance(self.real_features, features),
            control.control.with_judge(rows, self.judged),
            shares,
            sum(gaps) / 2,
            spread(several.reshape(-1, EACH, several.shape[1]), self.real_features),
        )

    def _shares(self, pictures: np.ndarray) -> dict[str, float]:
        found = seen(self.judge, pictures, self.space)
        named = (*_LEFT_OPEN, *datasets.GROUPS["eye colour"])
        return {name: float(found[:, self.space.names.index(name)].mean()) for name in named}


def spread(features: np.ndarray, real: np.ndarray) -> float:
    """Mean squared distance of two in a group of `features` (groups, N, D), over two of `real`."""
    within = 2.0 * features.var(axis=1, ddof=1).sum(axis=-1).mean()
    return float(within / (2.0 * real.var(axis=0, ddof=1).sum()))


def _plain(stage: Stage) -> dict[str, Any]:
    """A stage as JSON values."""
    rows = [
        {key: None if value != value else value for key, value in dataclasses.asdict(row).items()}
        for row in stage.rows
    ]
    return {**dataclasses.asdict(stage), "rows": rows}


def _control_lines(stages: dict[str, Stage], judged: Sequence[Row]) -> list[str]:
    first = next(iter(stages.values()))
    table = [("seen as the caption says", *stages, "chance", "classifier on reals")]
    for number, row in enumerate(first.rows):
        if row.group and row.name != row.group:
            continue  # a single colour
        shares = [stage.rows[number].accuracy for stage in stages.values()]
        table.append((row.name, *(f"{each:.1%}" for each in (*shares, row.chance, row.judge))))
    return aligned(table)


def _open_lines(stages: dict[str, Stage], real: dict[str, float]) -> list[str]:
    table = [("seen where the caption leaves it open", *stages, "reals")]
    for name in _LEFT_OPEN:
        shares = [stage.shares[name] for stage in stages.values()]
        table.append((name, *(f"{each:.1%}" for each in (*shares, real[name]))))
    gaps = [f"{stage.eyes:.1%}" for stage in stages.values()]
    table.append(("eye colours drawn otherwise than in reals", *gaps, ""))
    return aligned(table)


def _other_lines(stages: dict[str, Stage], extractor: Extractor) -> list[str]:
    distances = [f"{stage.frechet:.1f}" for stage in stages.values()]
    spreads = [f"{stage.spread:.2f}" for stage in stages.values()]
    return aligned([
        ("", *stages),
        (extractor.measure_name("frechet"), *distances),
        ("spread within a caption, of the reals'", *spreads),
    ])  # fmt: skip
