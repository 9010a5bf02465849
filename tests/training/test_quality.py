"""Measuring during training, the best generator, the collapse watch and its way back."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import datasets
from metrics.extractors import Extractor, Features
from metrics.monitor import Reading
from metrics.protocol import Record
from models import files
from models.gan import GAN
from tests.models import tiny
from training import quality
from training.callbacks import checkpoints
from training.callbacks.csv_log import read_rows
from training.settings import Settings


class Planned:
    """Stands in for `QualityMeasure`: reads off a list of distances by step."""

    distances: dict[int, float] = {}  # noqa: RUF012

    def __init__(self, data, recipe, seed, count):
        self.monitor = SimpleNamespace(name="FD-test", floor=0.5, count=count)

    def read(self, gan):
        return Reading(self.distances[gan.step], 0.0, 0.1)

    def passport(self, gan, reading):
        return Record({"extractor": "test"}, {"step": gan.step}, {"FD-test": {"value": 1.0}})


@pytest.fixture
def planned(monkeypatch):
    monkeypatch.setattr("training.output.QualityMeasure", Planned)

    def plan(*distances, every=2):
        Planned.distances = {every * (n + 1): value for n, value in enumerate(distances)}

    return plan


def test_best_generator_is_kept_with_its_passport(train, planned, tmp_path):
    planned(5.0, 3.0, 4.0)
    code, words = train("--steps=6", "--quality-every=2")
    assert code == 0, words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    metadata = files.read_metadata(folder / "best_generator.keras")
    assert metadata["step"] == 4
    assert Record.from_dict(metadata["passport"]).subject == {"step": 4}
    rows = read_rows(folder / "quality.csv")
    assert [(row["step"], row["distance"], row["floor"]) for row in rows] == [
        (2, 5.0, 0.5),
        (4, 3.0, 0.5),
        (6, 4.0, 0.5),
    ]
    assert (folder / "quality.png").stat().st_size > 1000
    assert "FD-test 3 at step 4, the best so far" in words


def test_resume_knows_the_best(train, planned, tmp_path):
    planned(3.0, 4.0, 2.0)
    train("--steps=4", "--quality-every=2")
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert files.read_metadata(folder / "best_generator.keras")["step"] == 2
    code, words = train("--steps=6", "--quality-every=2", "--resume")
    assert code == 0, words
    assert files.read_metadata(folder / "best_generator.keras")["step"] == 6
    assert [row["step"] for row in read_rows(folder / "quality.csv")] == [2, 4, 6]


def test_a_run_that_gets_worse_goes_back_with_half_the_learning_rates(train, planned, tmp_path):
    # Step 2 is healthy; 6 and 8 are the second and third above 1.5 times the best.
    planned(1.0, 1.0, 9.0, 9.0, 9.0, 9.0)
    code, words = train(
        "--steps=12", "--quality-every=2", "--checkpoint-every=2", "--checkpoints=9",
        "--rollbacks=1",
    )  # fmt: skip
    assert code == 0, words
    assert "Going back to step 6 with 0.5 times the learning rates (return 1 of 1)" in words
    folder = tmp_path / "out" / "00000-SAGAN_V6-tiny"
    assert [row["step"] for row in read_rows(folder / "losses.csv")] == list(range(1, 13))
    assert json.loads((folder / "guard.json").read_text())["rollbacks"] == 1
    from training import run

    gan = GAN(run.load(str(folder), tmp_path / "out").recipe())
    gan.load_weights(checkpoints.newest(folder / "checkpoints"))
    assert float(gan.learning_rate_factor) == 0.5
    assert gan.step == 12


def test_without_rollbacks_it_is_only_told(train, planned):
    planned(1.0, 1.0, 9.0, 9.0)
    code, words = train("--steps=8", "--quality-every=2")
    assert code == 0
    assert words.count("ALARM: The samples are getting worse: 9 at step 8, after 1 at step 2.") == 1


def test_half_the_factor_is_half_the_step():
    gans = [GAN(tiny.recipe(d_norm="none"), seed=1) for _ in range(2)]
    gans[1].learning_rate_factor.assign(0.5)
    starts = [tiny.values(gan.discriminator.trainable_variables) for gan in gans]
    moves = []
    for gan, start in zip(gans, starts, strict=True):
        tiny.fit(gan, [0])
        after = tiny.values(gan.discriminator.trainable_variables)
        moves.append([b - a for a, b in zip(start, after, strict=True)])
    for whole, half in zip(*moves, strict=True):
        np.testing.assert_allclose(half, whole / 2, atol=1e-7)


def test_interval():
    assert Settings().quality_interval(4_000) == 500
    assert Settings().quality_interval(300) == 0
    assert Settings(quality_every=7).quality_interval(300) == 7
    assert Settings(quality_samples=0).quality_interval(4_000) == 0


def test_measure_is_fixed_and_tells_generators_apart(monkeypatch, tmp_path):
    """With a plain extractor (mean colours): reads the same twice, and 0 against itself."""

    class Colours(Extractor):
        def __call__(self, pictures):
            return Features(pictures.reshape(len(pictures), -1, 3).mean(1).astype("float32"))

    extractor = Colours("colours", None, (16, 16), "none", "0")
    monkeypatch.setattr(quality.extractors, "load", lambda name: extractor)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 16, 16, 3)).astype("uint8")
    data = datasets.ImageData(images, None, "noise", "f" * 16, [], [], tmp_path)
    recipe = tiny.recipe()
    measure = quality.QualityMeasure(data, recipe, seed=0, count=20)
    first = measure.read(GAN(recipe, seed=1))
    assert measure.read(GAN(recipe, seed=1)).distance == first.distance
    assert measure.read(GAN(recipe, seed=2)).distance != first.distance
    assert 0 <= measure.monitor.floor < first.distance
    assert list(tmp_path.rglob("*.npz"))  # the reals' features were kept
