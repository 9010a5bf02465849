"""What is measured during training: whose pictures, against which, by what protocol."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import datasets
from metrics.errors import MetricError
from metrics.extractors import Extractor, Features
from models.outputs import Judged
from models.systems.gan.turns import GAN
from quality import during as quality
from tests.models import tiny
from training.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize("judge", ["lite0", "lite1"])
def test_a_judge_that_is_not_installed_is_missed_at_once(monkeypatch, judge):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MetricError, match=f"{judge} needs the package efficientnet-{judge}"):
        quality.check(judge)


def test_interval():
    assert Settings().quality_interval(4_000) == 666
    assert Settings().quality_interval(300) == 0
    assert Settings(quality_every=7).quality_interval(300) == 7
    assert Settings(quality_samples=0).quality_interval(4_000) == 0


class Colours(Extractor):
    """A plain extractor: mean colours."""

    def __call__(self, pictures):
        return Features(pictures.reshape(len(pictures), -1, 3).mean(1).astype("float32"))


@pytest.fixture
def noise(monkeypatch, tmp_path):
    """60 pictures of noise with labels, measured by their mean colours."""
    extractor = Colours("colours", None, (16, 16), "none", "0")
    monkeypatch.setattr(quality.extractors, "load", lambda name: extractor)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 16, 16, 3)).astype("uint8")
    values = (rng.random((60, 4)) < 0.5).astype("float32")
    labels = datasets.Labels("attributes", ("a", "b", "c", "d"), values)
    return datasets.ImageData(images, labels, "noise", "f" * 16, [], [], tmp_path)


def measure_of(data, system, seed, count):
    return quality.QualityMeasure({"images": data}, system, seed, count)


def test_measure_is_fixed_and_tells_generators_apart(noise, tmp_path):
    recipe = tiny.recipe()
    measure = measure_of(noise, GAN(recipe), 0, 20)
    first = measure.read(GAN(recipe, seed=1))
    assert measure.read(GAN(recipe, seed=1)).distance == first.distance
    assert measure.read(GAN(recipe, seed=2)).distance != first.distance
    assert 0 < measure.monitor.floor < first.distance
    assert list(tmp_path.rglob("*.npz"))  # the reals' features were kept


def test_the_averaged_generator_is_measured_not_the_one_in_training(noise):
    gan = GAN(tiny.recipe(), seed=1)
    measure = measure_of(noise, gan, 0, 20)
    first = measure.read(gan)
    kernel = gan.generator.trainable_variables[-1]
    (average,) = (
        each
        for each, trained in zip(gan.ema_generator.variables, gan.generator.variables, strict=True)
        if trained is kernel
    )
    kernel.assign(np.ones(kernel.shape))
    assert measure.read(gan).distance == first.distance
    average.assign(np.ones(kernel.shape))
    assert measure.read(gan).distance != first.distance
    assert measure.passport(gan, first).protocol["fake"]["weights"] == "ema"


def test_pictures_of_networks_without_a_tanh_are_measured_as_one_sees_them(noise):
    gan = GAN(tiny.recipe(), seed=1)
    measure = measure_of(noise, gan, 0, 20)
    rng = np.random.default_rng(0)
    wide = rng.uniform(-9, 9, (20, 16, 16, 3)).astype("float32")
    drawn = {"now": wide}
    measure._judged = Judged(lambda system: drawn["now"], "images", {})
    first = measure.read(gan).distance
    drawn["now"] = np.clip(wide, -1, 1)
    assert measure.read(gan).distance == first
    for bad in (np.nan, np.inf):
        drawn["now"] = wide.copy()
        drawn["now"][3, 2, 1, 0] = bad
        with pytest.raises(MetricError, match="1 of 20 pictures have NaN or infinite pixels"):
            measure.read(gan)


def test_exactly_twice_as_many_pictures_as_measured_give_a_floor(noise):
    spy = Spy(noise)
    measure = measure_of(noise, spy, 0, 30)
    measure.read(spy)
    assert measure.monitor.floor is not None


class Spy:
    """A GAN that remembers what it was asked for, and draws the data's first pictures."""

    step = 7

    def __init__(self, data, recipe=None):
        self.data, self.asked, self.recipe = data, [], recipe or tiny.recipe()

    def judged(self, *given):
        return GAN.judged(self, *given)

    def sample(self, latents, labels):
        self.asked.append((latents, labels))
        return self.data.images[: len(latents)]


def test_latents_and_labels_are_those_of_the_data_and_stay(noise):
    recipe = tiny.recipe(label_kind="attributes", num_labels=4)
    spy = Spy(noise, recipe)
    measure = measure_of(noise, spy, 0, 20)
    readings = [measure.read(spy) for _ in range(2)]
    (latents, labels), again = spy.asked
    assert latents.shape == (20, recipe.latent_dim)
    assert latents.std() > 0.3
    np.testing.assert_array_equal(latents, again[0])
    np.testing.assert_array_equal(labels, again[1])
    rows = {tuple(row) for row in noise.labels.values}
    asked = {tuple(row) for row in labels}
    assert asked <= rows
    assert len(asked) > 5
    assert readings[0].distance == readings[1].distance


def test_another_seed_measures_against_other_reals(noise):
    spy = Spy(noise)
    measures = [measure_of(noise, spy, seed, 20) for seed in (0, 1)]
    assert measures[0].read(spy).distance != measures[1].read(spy).distance
    assert measures[0].monitor.floor != measures[1].monitor.floor
    few = measure_of(noise, spy, 0, 40)
    few.read(spy)
    assert few.monitor.floor is None  # no 40 others


def test_passport_says_under_what_protocol(noise):
    spy = Spy(noise)
    measure = measure_of(noise, spy, 3, 20)
    reading = measure.read(spy)
    record = measure.passport(spy, reading)
    assert record.subject["step"] == 7
    assert record.protocol["real"]["count"] == record.protocol["fake"]["count"] == 20
    assert record.protocol["real"]["seed"] == 3
    assert record.protocol["extractor"]["name"] == "colours"
    assert record.results["FD-colours@16"] == {
        "value": reading.distance,
        "floor": measure.monitor.floor,
    }
    assert lite0_name() == quality.measure_name("lite0")


def lite0_name():
    return Extractor("lite0", None, (224, 224), "none", "0").measure_name("frechet")


def test_fewer_pictures_than_asked_for_are_all_measured(noise):
    spy = Spy(noise)
    measure = measure_of(noise, spy, 0, 100)
    measure.read(spy)
    assert (measure.count, measure.monitor.count, len(spy.asked[0][0])) == (60, 60, 60)
    few = SimpleNamespace(images=noise.images[:20])
    two = SimpleNamespace(judged=lambda data, rng, count: Judged(None, "a", {}))
    assert quality.QualityMeasure({"a": noise, "b": few}, two, 0, 100).count == 20
