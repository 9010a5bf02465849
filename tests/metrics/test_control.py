import csv
import io
import math

import numpy as np
import pytest

from metrics import classifier, control
from metrics.classifier import LabelSpace
from metrics.errors import MetricError

SPACE = LabelSpace("attributes", ("red", "blue", "hat"), {"colour": ("red", "blue")})
ASKED = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1]], "float32")
LOGITS = np.array(
    [[2, 1, 0.5], [1, 2, -1.0], [0, 3, 0.1], [-2, -1, -0.2], [5, 0, 4.0]], "float32"
)  # red, blue, blue, blue, (no colour asked); hat seen in 0, 2 and 4


def table(rows):
    return {row.name: row for row in rows}


def test_score_by_hand():
    rows = table(control.score(LOGITS, ASKED, SPACE))
    assert list(rows) == ["colour", "red", "blue", "hat"]
    colour = rows["colour"]
    assert (colour.asked, colour.accuracy) == (4, 0.75)
    # Dealt out at random: half ask for red, a quarter show it; half ask for blue, the rest show it.
    assert colour.chance == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)
    red, blue, hat = rows["red"], rows["blue"], rows["hat"]
    assert (red.asked, red.when_asked, red.otherwise, red.chance) == (2, 0.5, 0.0, 0.25)
    assert (blue.asked, blue.when_asked, blue.otherwise, blue.chance) == (2, 1.0, 0.5, 0.75)
    assert hat.asked == 3
    assert hat.when_asked == pytest.approx(2 / 3)
    assert hat.otherwise == 0.5
    assert hat.accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert hat.chance == 0.5


def test_classes_are_one_group():
    space = LabelSpace("classes", ("cat", "dog", "owl"))
    rows = table(control.score(np.eye(3, dtype="float32")[[0, 1, 1]], np.array([0, 1, 0]), space))
    assert list(rows) == ["class", "cat", "dog"]  # nobody asked for an owl
    assert rows["class"].accuracy == pytest.approx(2 / 3)
    assert rows["dog"].otherwise == 0.5


def test_never_drawing_a_rare_attribute_wins_nothing():
    space = LabelSpace("attributes", ("hat",))
    asked = np.zeros((100, 1), "float32")
    asked[:2] = 1
    (hat,) = control.score(np.full((100, 1), -5.0), asked, space)
    assert hat.accuracy == 0.5 == hat.chance


def test_a_group_serves_as_classes():
    assert SPACE.classes(ASKED, "colour").tolist() == [0, 0, 1, 1, -1]
    assert LabelSpace("classes", ("cat", "dog")).classes(np.array([1, 0]), "class").tolist() == [
        1,
        0,
    ]
    reordered = LabelSpace("attributes", ("hat", "red", "blue"), {"colour": ("red", "blue")})
    assert reordered.classes(ASKED[:, [2, 0, 1]], "colour").tolist() == [0, 0, 1, 1, -1]
    with pytest.raises(MetricError, match=r"no one-of group 'hat'\. Known: 'colour'"):
        SPACE.classes(ASKED, "hat")


def test_judge_is_matched_by_name():
    rows = control.score(LOGITS, ASKED, SPACE)
    judged = [row for row in control.score(LOGITS, ASKED, SPACE) if row.name != "blue"]
    judges = {row.name: row.judge for row in control.with_judge(rows, judged)}
    assert judges["hat"] == table(rows)["hat"].accuracy
    assert math.isnan(judges["blue"])


def test_tables():
    rows = control.score(LOGITS, ASKED, SPACE)
    lines = control.as_markdown(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "COLOUR", "4", "75.0%", "", "75.0%", "50.0%", "",
    ]  # fmt: skip
    assert control.as_csv([]).startswith("name,")  # nothing was asked for
    read = list(csv.DictReader(io.StringIO(control.as_csv(rows))))
    assert [float(row["accuracy"]) for row in read] == [row.accuracy for row in rows]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(MetricError, match=r"\(5, 3\) do not fit labels \(4, 3\)"):
        control.score(LOGITS, ASKED[:4], SPACE)
    with pytest.raises(MetricError, match="at least 20 pictures, not 19"):
        classifier.split(19)


def test_held_out_pictures_are_not_trained_on():
    rows, held_out = classifier.split(1_000)
    assert (len(rows), len(held_out)) == (900, 100)
    assert not set(rows) & set(held_out)
    rows, held_out = classifier.split(100_000)
    assert (len(rows), len(held_out)) == (classifier.MOST, classifier.MOST // 10)


def test_large_pictures_are_averaged_down():
    images = np.zeros((2, 128, 128, 3), np.uint8)
    images[1, ::2, ::2] = 200  # one pixel in four
    small = classifier.shrink(images, np.array([1]))
    assert small.shape == (1, 64, 64, 3)
    assert (small == 50).all()
