"""The judges of a comparison, on generators whose pictures and points are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from comparison import judges, plan
from datasets import toy as worlds
from datasets import triangles
from metrics import extractors
from toys import training as toy

BLACK = np.zeros((32, 32, 3), "uint8")


def drawn(indices):
    return np.stack([triangles.render(index, 32)[0] for index in indices])


@pytest.fixture
def judge():
    return judges.TriangleJudge(SimpleNamespace(images=BLACK[None]), 6)


def judged(judge, monkeypatch, made, reached):
    """The measures of a generator that draws `made` and comes as near to targets as `reached`."""
    monkeypatch.setattr(judges, "_generated", lambda gan, data, count: made[:count])
    monkeypatch.setattr(judges, "invert", lambda gan, targets: reached(targets))
    return judge.measure(None, None)


def test_a_generator_of_one_triangle_is_precise_and_recalls_nothing(judge, monkeypatch):
    one = drawn([5])
    found = judged(
        judge, monkeypatch, np.repeat(one, 6, axis=0),
        lambda targets: np.repeat(one / 127.5 - 1, len(targets), axis=0),
    )  # fmt: skip
    assert found["precision"] >= 5 / 6
    assert found["recall"] == found["F1"] == 0.0


def test_a_generator_of_noise_that_can_draw_anything_has_recall_alone(judge, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    found = judged(judge, monkeypatch, noise, lambda targets: targets + 0.01)
    assert (found["precision"], found["recall"]) == (0.0, 1.0)


def test_recall_asks_for_unseen_triangles(judge):
    np.testing.assert_array_equal(np.round(judge.tests * 255), drawn(triangles.TESTING[:6])[..., 0])
    assert triangles.TESTING[0] >= triangles.TRAINING


def test_the_floor_of_points_is_what_the_world_itself_scores():
    floor = judges.PointJudge(worlds.world("ring")).floor
    assert floor["modes covered"] == 8
    assert floor["high quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)  # 3 deviations in 2-D
    assert floor["mode entropy"] > 0.999
    far = toy.measure_points(np.full((toy.POINTS, 2), 9.0, "float32"), worlds.world("ring"))
    assert far["EM distance"] > 10 > floor["EM distance"]
    assert far["2 JSD - log 4"] == pytest.approx(0, abs=1e-6)
    assert floor["2 JSD - log 4"] < -1.0


class Colours:
    """An extractor whose features are the mean colours of a picture."""

    label = "test"
    is_inception = True

    def measure_name(self, name):
        return {"frechet": "FD-test"}.get(name, name)


def test_pictures_are_measured_against_the_data(monkeypatch):
    rng = np.random.default_rng(0)
    images = (100 + 20 * rng.standard_normal((80, 1, 1, 3))).clip(0, 255).astype("uint8")
    images = np.repeat(np.repeat(images, 4, 1), 4, 2)

    def extract(extractor, pictures, progress=None):
        return extractors.Features(pictures.mean((1, 2)).astype("float32"), None)

    monkeypatch.setattr(extractors, "load", Colours)
    monkeypatch.setattr(extractors, "extract", extract)
    data = SimpleNamespace(images=images)
    judge = judges.choose(plan.CompareSettings(data="faces", samples=1000), data)
    assert judge.samples == 40  # half of the data are the other side of the floor
    assert judge.better["FD-test"] == "min"
    monkeypatch.setattr(judges, "_generated", lambda gan, data, count: images[:count])
    near = judge.measure(None, data)
    monkeypatch.setattr(judges, "_generated", lambda gan, data, count: images[:count] + 60)
    far = judge.measure(None, data)
    assert far["FD-test"] > 10 * max(near["FD-test"], judge.floor["FD-test"])
