"""The judges of a comparison, on generators whose pictures and points are known."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from comparison import judges, plan
from datasets import ImageData, triangles
from datasets import toy as worlds
from metrics import extractors
from toys import training as toy

BLACK = np.zeros((32, 32, 3), "uint8")


def drawn(indices):
    return np.stack([triangles.render(index, 32) for index in indices])


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


def moved(corners, pixels):
    """The triangle pushed to the nearest side of the world, and so many of 32 pixels beyond."""
    far = np.abs(corners - 0.5).max(0).argmax()
    side = np.sign(corners[np.abs(corners[:, far] - 0.5).argmax(), far] - 0.5)
    edge = corners[:, far].max() if side > 0 else corners[:, far].min()
    shift = np.zeros(2)
    shift[far] = 0.5 + side * 0.375 - edge + side * pixels / 32
    return corners + shift


@pytest.mark.parametrize(("pixels", "near"), [(0, True), (2, False), (3, False)])
def test_triangles_moved_off_the_manifold_are_not_precise(judge, pixels, near):
    """Corners lie in the middle three quarters: a triangle beyond is another one's neighbour."""
    for index in triangles.TESTING[:4]:
        picture = triangles.draw(moved(triangles.corners(index), pixels), 32) / 255
        assert (judge.distance(picture) <= 0.75) == near


def test_squares_are_not_precise(judge):
    for turn in (0.0, 0.4, 0.8):
        angles = turn + np.arange(4) * np.pi / 2
        corners = 0.5 + 0.25 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        picture = triangles.draw(corners, 32) / 255
        assert judge.distance(picture) > 2


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

    by_mean_colours(monkeypatch)
    data = SimpleNamespace(images=images)
    judge = judges.choose(plan.CompareSettings(data="faces", samples=1000), data)
    assert judge.samples == 40  # half of the data are the other side of the floor
    assert judge.better["FD-test"] == "min"
    monkeypatch.setattr(judges, "_generated", lambda gan, data, count: images[:count])
    near = judge.measure(None, data)
    monkeypatch.setattr(judges, "_generated", lambda gan, data, count: images[:count] + 60)
    far = judge.measure(None, data)
    assert far["FD-test"] > 10 * max(near["FD-test"], judge.floor["FD-test"])


def by_mean_colours(monkeypatch):
    """Let the feature of a picture be its mean colour; the pictures of each call, as they come."""
    given = []

    def extract(extractor, pictures, progress=None):
        given.append(np.asarray(pictures))
        return extractors.Features(given[-1].mean((1, 2)).astype("float32"), None)

    monkeypatch.setattr(extractors, "load", lambda name: Colours())
    monkeypatch.setattr(extractors, "extract", extract)
    return given


class Counts:
    """A GAN whose generator in training draws white, and its average what it is told."""

    recipe = SimpleNamespace(label_kind="none", latent="normal", latent_dim=2)
    network_names = ("generator", "discriminator")

    def __init__(self, pictures):
        self.pictures = pictures
        kernel = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(3.0))
        kernel.build((None, 2))
        self.generator = keras.Sequential([keras.Input((2,)), kernel])
        other = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.5))
        self.discriminator = keras.Sequential([keras.Input((2,)), other])

    def sample(self, latents, ema):
        made = self.pictures if ema else np.full_like(self.pictures, 255)
        return made[: len(latents)].astype("float32") / 127.5 - 1


def test_what_else_is_measured(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 4, 4, 3), dtype=np.uint8)

    by_mean_colours(monkeypatch)
    data = SimpleNamespace(images=images)
    settings = plan.CompareSettings(data="faces", also="raw, variety,detail,weights")
    judge = judges.choose(settings, data)
    found = judge.measure(Counts(images[::2]), data)
    assert found["raw FD-test"] > 100 * found["FD-test"]
    assert found["spread"] == pytest.approx(1, abs=0.2)
    assert found["slopes"] == pytest.approx(0, abs=10)
    # A matrix of one number n, 2 × 2, has the singular value 2 n.
    assert found["singular value of G"] == pytest.approx(6.0)
    assert found["singular value of D"] == pytest.approx(1.0)
    assert {n: judge.better[n] for n in ("raw FD-test", "slopes", "spread", "duplicates")} == {
        "raw FD-test": "min", "slopes": "min", "spread": "max", "duplicates": "min"
    }  # fmt: skip
    assert "singular value of G" not in judge.better
    same = judge.measure(Counts(np.repeat(images[:1], 40, axis=0)), data)
    assert (same["spread"], same["duplicates"]) == (0.0, 1.0)
    plain = judges.choose(plan.CompareSettings(data="faces"), data)
    assert not {"slopes", "spread", "raw FD-test"} & set(plain.measure(Counts(images), data))


def test_few_pictures_are_measured_against_the_others(monkeypatch):
    """Of 80 pictures numbers 0, 8, 16, … are trained on; the generator repeats what it is given."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 4, 4, 3), dtype=np.uint8)
    given = by_mean_colours(monkeypatch)
    data = ImageData(images, None, "eighty", "f" * 12, [], [], Path())
    settings = plan.CompareSettings(data="faces", also="memory", few=10, samples=30)
    judge = judges.choose(settings, data)
    assert "30 real pictures that were not trained on" in judge.protocol
    unseen, seen = given
    assert len(unseen) == 60
    np.testing.assert_array_equal(seen, images[::8])
    assert not {each.tobytes() for each in unseen} & {each.tobytes() for each in seen}
    assert judge.better["nearer to seen"] == "min"
    memorised = judge.measure(Counts(np.tile(images[::8], (3, 1, 1, 1))), data)
    assert memorised["nearer to seen"] == 1.0
    others = np.delete(images, np.s_[::8], axis=0)
    assert judge.measure(Counts(others[:30]), data)["nearer to seen"] < 0.9


def test_the_raw_generator_is_asked_for_the_labels_of_its_average(monkeypatch):
    """Both are drawn as in the pictures that are trained on, not as in those of the measure."""
    images, asked = np.arange(240).reshape(80, 1, 1, 3).astype("uint8"), []
    by_mean_colours(monkeypatch)
    data = ImageData(images, None, "eighty", "f" * 12, [], [], Path())
    settings = plan.CompareSettings(data="faces", also="raw", few=10, samples=30)
    judge = judges.choose(settings, data)
    monkeypatch.setattr(
        judges, "_generated",
        lambda system, data, count, averaged=True: (asked.append((data, averaged)), images[:30])[1],
    )  # fmt: skip
    judge.measure(None, "trained on")
    assert asked == [("trained on", True), ("trained on", False)]


def test_what_is_nearer_to_seen_is_a_half_of_ordered_pictures_too(monkeypatch):
    """From black to white in order, as classes in folders are: the first unseen are all dark."""
    levels = np.arange(800) * 255 // 800
    images = np.broadcast_to(levels[:, None, None, None].astype("uint8"), (800, 4, 4, 3)).copy()
    images += np.random.default_rng(0).integers(0, 2, images.shape, dtype=np.uint8)
    by_mean_colours(monkeypatch)
    data = ImageData(images, None, "levels", "f" * 12, [], [], Path())
    settings = plan.CompareSettings(data="faces", also="memory", few=100, samples=300)
    judge = judges.choose(settings, data)
    new = np.random.default_rng(1).integers(0, 255, (300, 1, 1, 1)).astype("uint8")
    new = new + np.random.default_rng(2).integers(0, 2, (300, 4, 4, 3), dtype=np.uint8)
    assert judge.measure(Counts(new), data)["nearer to seen"] == pytest.approx(0.5, abs=0.1)


def test_leaked_augmentations_are_counted(monkeypatch):
    """Pictures have a bright upper half; half of what is generated is turned or has a hole."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 20, (80, 8, 8, 3), dtype=np.uint8)
    images[:, :4] += 200

    def extract(extractor, pictures, progress=None):
        flat = np.asarray(pictures).reshape(len(pictures), -1)
        return extractors.Features(flat.astype("float32"), None)

    monkeypatch.setattr(extractors, "load", lambda name: Colours())
    monkeypatch.setattr(extractors, "extract", extract)
    data = ImageData(images, None, "eighty", "f" * 12, [], [], Path())
    judge = judges.choose(plan.CompareSettings(data="faces", also="leaks", samples=40), data)
    assert judge.protocol.endswith("Of real pictures: leaked cut-outs 0, leaked turns 0.")
    turned = images[:40].copy()
    turned[::2] = np.rot90(turned[::2], 2, axes=(1, 2))
    assert judge.measure(Counts(turned), data)["leaked turns"] == 0.5
    holes = images[:40].copy()
    holes[::4, 2:6, 2:6] = 127
    found = judge.measure(Counts(holes), data)
    assert (found["leaked cut-outs"], found["leaked turns"]) == (0.25, 0.0)
    assert judge.better["leaked turns"] == judge.better["leaked cut-outs"] == "min"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": "ring", "few": 5}, "--few chooses among pictures; leave it out for ring"),
        ({"data": "faces", "also": "memory"}, "pictures that were not seen; give --few"),
        ({"data": "faces", "few": -1}, "--few must be"),
        ({"data": "faces", "also": "detial"}, "unknown --also 'detial', known: raw, detail, var"),
        ({"data": "ring", "also": "raw"}, "leave it out for ring"),
        ({"data": "triangles", "also": "detail"}, "leave it out for triangles"),
    ],
)
def test_what_cannot_be_measured_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        plan.CompareSettings(**changes)
