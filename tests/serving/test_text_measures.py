"""The measures of a generator of captions, of both its stages."""

import json
from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets import captions
from datasets.text import WordEncoder
from metrics import extractors
from models.systems.stackgan.turns import StackGAN
from serving import text_measures
from serving.explore.explorer import Explorer
from serving.source import Source
from serving.texts import TextSet
from tests.models import tiny_stackgan
from tests.serving.tiny import extractor_file


def test_spread_by_hand():
    real = np.array([[0.0], [2.0]])  # squared distance of two: 4
    groups = np.array([[[1.0], [2.0]], [[5.0], [8.0]]])  # 1 and 9
    assert text_measures.spread(groups, real) == pytest.approx((1 + 9) / 2 / 4)


def test_captions_of_the_hair_tell_no_face():
    girl = ("blue hair", "long hair", "smile", "glasses", "red eyes", "blush")
    assert captions.of_hair(girl) == "an anime girl: glasses, long blue hair"


def test_both_stages_are_measured(tmp_path, monkeypatch):
    data = datasets.open_data("faces", 32, count=300, cache_dir=tmp_path, workers=1)
    names = [each for row in captions.of_labels(data.labels) for each in row]
    encoder = WordEncoder.learn(names)
    recipe = {"text_dim": encoder.size}
    system = StackGAN(tiny_stackgan.recipe(**recipe), seed=3, phase=1)
    text = {"encoder": encoder.to_dict(), "examples": names[:50]}
    metadata = {"recipe": system.recipe.to_dict(), "text": text}
    painter = Explorer(
        Source(system.output("generator"), system.whole_recipe, metadata, Path("g.keras"))
    )
    monkeypatch.setattr("metrics.classifier.EPOCHS", 1)
    monkeypatch.setattr(text_measures, "CAPTIONS", 3)
    monkeypatch.setattr(text_measures, "EACH", 4)
    extractor = extractors.load(str(extractor_file(tmp_path)))
    found = text_measures.measure(painter, data, extractor, 40)
    assert "captions: 40 in wordings held out from training" in found.text
    for stage in ("Stage I", "Stage II"):
        values = found.values[stage]
        assert values["frechet"] > 0
        assert {"hair colour", "eye colour", "glasses"} <= {row["name"] for row in values["rows"]}
        assert 0 <= values["eyes"] <= 1
        assert values["spread"] >= 0
    assert set(found.values["real"]["shares"]) == {
        "blush", "smile", "open mouth", *datasets.GROUPS["eye colour"],
    }  # fmt: skip
    json.dumps(found.values, allow_nan=False)
    first = Explorer(
        Source(system.output("stage_1"), system.whole_recipe, metadata, Path("stage_1.keras"))
    )
    alone = text_measures.measure(first, data, extractor, 40)
    assert set(alone.values) == {"Stage I", "real"}
    assert alone.values["Stage I"]["frechet"] == pytest.approx(
        found.values["Stage I"]["frechet"], rel=1e-4
    )
    assert "Stage II" not in alone.text
    assert text_measures.can_measure(painter.labels, data)
    vectors = {"encoder": {"kind": "vectors", "size": 1, "scale": 1.0}, "examples": ["a"]}
    own = TextSet({**vectors, "vectors": [[1.0]]}, 1)
    assert not text_measures.can_measure(own, data)  # no vector for a new caption
    other = datasets.open_data("faces", 32, count=300, cache_dir=tmp_path, workers=1, labels="none")
    assert not text_measures.can_measure(painter.labels, other)
