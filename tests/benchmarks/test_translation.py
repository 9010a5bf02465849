"""The benchmark of translations: translators whose figures are known beforehand."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import translation
from console.errors import UserError
from datasets import counterparts, faces

SIZE = 16
START, END = "red hair", "blue hair"


class Translator:
    """A translator that is a function of the pictures."""

    resolution = SIZE

    def __init__(self, function):
        self.translate = function


@pytest.fixture
def options(monkeypatch):
    monkeypatch.setattr(translation, "share_in", lambda *_: 0.25)
    monkeypatch.setattr(translation, "_NEIGHBOURS", 5)
    return SimpleNamespace(first=translation.FIRST, count=4)


def truth(options, start, end):
    numbers = translation.faces_of(start, options.first, options.count)
    return counterparts.counterparts(numbers, end, SIZE).astype(float)


def pictures(options, condition, count):
    numbers = translation.faces_of(condition, options.first, count)
    return np.stack([faces.draw(int(number), SIZE) for number in numbers]).astype(float)


def test_doing_nothing_scores_as_the_identity(options):
    nothing = Translator(lambda x: x)
    found, shown = translation.measured(nothing, nothing, START, END, options)
    before, after = pictures(options, START, 4), truth(options, START, END)
    assert found["identity"] == pytest.approx(np.abs(before - after).mean())
    assert found["translation"] == found["identity"] > 5
    changed = (np.abs(before - after) > 24).any(axis=-1)
    assert found["within the change"] == pytest.approx(np.abs(before - after)[changed].mean())
    assert found["beside it"] < 3  # what is antialiased
    assert found["cycle"] == 0
    assert 1 < found["cycle, noise"] < 2  # σ 2 on a range that ends at 255: about 1.6 · (1/2 … 1)
    assert found["target"] == 0.25
    others = pictures(options, END, 5)
    nearest = [min(np.abs(one - other).mean() for other in others) for one in after]
    assert found["nearest"] == pytest.approx(np.mean(nearest))
    for array, expected in zip(shown, (before, before, after), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_the_truth_scores_zero_and_a_known_error_is_found(options):
    exact = truth(options, START, END).astype(np.uint8)
    perfect, back = Translator(lambda x: exact), Translator(lambda x: np.full_like(x, 128))
    found, _ = translation.measured(perfect, back, START, END, options)
    assert (found["translation"], found["within the change"], found["beside it"]) == (0, 0, 0)
    before = pictures(options, START, 4)
    assert found["cycle"] == pytest.approx(np.abs(before - 128).mean())


def test_edits_without_a_group_are_drawn_the_same_way_before_and_after(options):
    """Glasses have one frame in all edits, so what is measured differs in the edit alone."""
    nothing = Translator(lambda x: x)
    found, (before, _, after) = translation.measured(
        nothing, nothing, "glasses", "no glasses", options
    )
    numbers = translation.faces_of("glasses", options.first, 4)
    np.testing.assert_array_equal(before, counterparts.counterparts(numbers, "glasses", SIZE))
    np.testing.assert_array_equal(after, counterparts.counterparts(numbers, "no glasses", SIZE))
    assert 0 < found["identity"] < 10


def test_faces_fulfil_the_condition_and_are_not_those_trained_on():
    numbers = translation.faces_of("red hair + no glasses", 100, 3)
    assert (numbers >= 100).all()
    values = faces.labels_of(numbers)
    names = list(translation.datasets.ATTRIBUTES)
    assert (values[:, [names.index("red hair"), names.index("glasses")]] == [1, 0]).all()
    with pytest.raises(UserError, match=r"faces are 'red hair . blue hair'; lower --count"):
        translation.faces_of("red hair + blue hair", 0, 2)


@pytest.mark.parametrize(
    ("settings", "first", "words"),
    [
        ({"domains": None, "data": "faces"}, 20_000, "was not trained on faces parted by"),
        ({"domains": "x", "data": "folder"}, 20_000, "was not trained on faces parted by"),
        ({"domains": "x", "data": "faces", "count": 500}, 400, "faces below 500 were trained on"),
        ({"domains": "x", "data": "faces", "count": None}, 400, "faces below 20,000 were trained"),
    ],
)
def test_runs_that_cannot_be_measured(settings, first, words, monkeypatch):
    record = {"settings": settings, "data": {"domains": {n: {"title": n} for n in ("a", "b")}}}
    monkeypatch.setattr(translation.serving, "load_translator", lambda *_: None)
    run = SimpleNamespace(record=lambda: record)
    monkeypatch.setattr(translation.runs, "load", lambda _: run)
    options = SimpleNamespace(run="x", weights="ema", first=first, count=2, sheet=None)
    with pytest.raises(UserError, match=words):
        translation.table(options)
