"""Detectors: the cascade on drawn scenes, a user's ONNX made on the spot."""

import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks import scenes
from benchmarks.curation import box_of
from curation import detection, detectors
from curation.detection import Found, Square
from curation.onnx_detector import overlap
from datasets.errors import DataError
from tests.curation import networks


def test_the_cascade_finds_drawn_faces(cv2):
    detector = detectors.build("cascade", turned=False)
    found = total = given = 0
    for number in range(6):
        picture, truth = scenes.scene(number, width=700, height=520, large=200)
        boxes = detector.detect(picture)
        given += len(boxes)
        total += len(truth)
        found += sum(any(overlap(box_of(face), box) > 0.3 for box in boxes) for face in truth)
    assert total >= 10
    assert found >= total - 1
    assert given <= found + 1


def test_turned_copies_find_tilted_heads(cv2):
    portrait = scenes.portrait(0, 200)
    page = Image.new("RGB", (400, 300), (150, 170, 190))
    page.paste(portrait.rotate(-30, Image.Resampling.BICUBIC, fillcolor=(150, 170, 190)), (150, 40))
    assert detectors.build("cascade", turned=False).detect(page) == []
    (face,) = detectors.build("cascade", turned=True).detect(page)
    assert face.tilt == 30  # clockwise, as PIL turns by negative angles
    # The chin is below the middle of the turned portrait (250, 140), so down and to the left.
    assert 225 < face.x < 255
    assert 150 < face.y < 175


def test_large_pictures_are_shrunk_for_the_detector_only(cv2):
    picture, _ = scenes.scene(0, width=700, height=520)
    large = picture.resize((2800, 2080), Image.Resampling.BICUBIC)
    detector = detectors.build("cascade", turned=False)
    small_boxes, boxes = detector.detect(picture), detector.detect(large)
    assert len(boxes) == len(small_boxes) > 0
    for face in boxes:
        near = min(small_boxes, key=lambda box: abs(4 * box.x - face.x))
        assert abs(4 * near.x - face.x) < 0.15 * face.width
        assert 0.8 < face.width / (4 * near.width) < 1.25


def test_shrinking_by_hand():
    """The area falls to the limit, the aspect stays."""
    small, factor = detection.shrunk(Image.new("RGB", (50, 40)))
    assert (small.size, factor) == ((50, 40), 1.0)
    size = (2400, 1200)
    large, factor = detection.shrunk(Image.new("RGB", size))
    assert factor == pytest.approx((2400 * 1200 / detection.LARGEST_AREA) ** 0.5)
    assert large.width * large.height == pytest.approx(detection.LARGEST_AREA, rel=0.01)
    assert large.width == pytest.approx(2 * large.height, abs=1)
    thin, _ = detection.shrunk(Image.new("L", (detection.LARGEST_AREA * 4, 1)))
    assert thin.height == 1
    found = detection.enlarged(detection.Found(1.0, 2.0, 3.0, 4.0, 0.5, 30.0), 2.5)
    assert found == detection.Found(2.5, 5.0, 7.5, 10.0, 0.5, 30.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (20, 20), (3000, 2)])
def test_pictures_too_small_for_a_face(cv2, size):
    assert detectors.build("cascade", turned=True).detect(Image.new("RGB", size)) == []


def test_the_notes_box_made_square(cv2):
    # 100 × 100 at (200, 300): −0.3 and 1.5 × 1.45 give x 170 … 320, y 270 … 415; made square, the
    # height grows by 5, to both sides.
    detector = detectors.build("cascade", turned=False)
    assert detector.frame(Found(250, 350, 100, 100, 1)) == Square(170, 268, 150)
    # Turned by 90° clockwise, what was 5 to the left of the middle is 5 above it.
    upright = detector.frame(Found(0, 0, 1000, 1000, 1))
    turned = detector.frame(Found(0, 0, 1000, 1000, 1, tilt=90))
    assert (upright.left + 750, upright.top + 750) == (-50, -75)
    assert (turned.left + 750, turned.top + 750) == (75, -50)


def test_one_box_a_face():
    sure, twin, other = (Found(100, 100, 60, 60, 9), Found(120, 105, 60, 60, 4),
                         Found(200, 100, 60, 60, 2))  # fmt: skip
    assert detection.best_first([twin, other, sure]) == [sure, other]


def test_without_opencv_there_is_a_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(DataError, match=r"requirements-prepare\.txt; or say --no-detect"):
        detectors.build("cascade", turned=False)


def test_an_opencv_without_cascades_is_not_enough(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", object())
    with pytest.raises(DataError, match="with its cascades"):
        detectors.build("cascade", turned=False)


@pytest.mark.parametrize("turn", [30, -30])
def test_a_turned_copy_holds_the_whole_picture(cv2, turn):
    detector = detectors.build("cascade", turned=True)
    copy, back = detector._turn(np.zeros((60, 100), np.uint8), turn)
    there = cv2.invertAffineTransform(back)
    corners = np.array([(0, 0, 1), (100, 0, 1), (0, 60, 1), (100, 60, 1)]) @ there.T
    size = np.array([copy.shape[1], copy.shape[0]])
    np.testing.assert_allclose(corners.min(axis=0), 0, atol=1.01)
    np.testing.assert_allclose(corners.max(axis=0), size, atol=1.01)


# === ONNX ===


def test_a_detector_of_the_users(tmp_path):
    # Boxes in a 64 × 64 input: two of one face, one too unsure, one of another face.
    boxes = [(20, 30, 10, 12, 0.9), (21, 30, 10, 12, 0.8), (50, 20, 8, 8, 0.2), (44, 40, 8, 6, 0.7)]
    path = networks.constant_detector(tmp_path / "d.onnx", boxes, size=64)
    # A 128 × 64 picture fits 64 × 32 into the middle: half as large, 16 lower.
    found = detectors.build(str(path), turned=False).detect(Image.new("RGB", (128, 64)))
    values = [(f.x, f.y, f.width, f.height, round(f.score, 3)) for f in found]
    assert values == [(40, 28, 20, 24, 0.9), (88, 48, 16, 12, 0.7)]
    frame = detectors.build(str(path), turned=False).frame(found[0])
    assert frame == Square(22, 10, 36)  # half as large again as the long side, 24


def test_a_detector_sees_rgb_in_0_to_1_on_grey(tmp_path):
    path = networks.mean_detector(tmp_path / "d.onnx", size=8)
    detector = detectors.build(str(path), turned=False)
    (found,) = detector.detect(Image.new("RGB", (8, 8), (255, 51, 0)))
    assert np.allclose((found.x, found.y, found.width), (1.0, 0.2, 0.0), atol=1e-6)
    # half of it is the grey that pads a picture twice as wide: 114 of 255
    (found,) = detector.detect(Image.new("RGB", (16, 8), (255, 51, 0)))
    assert np.allclose(found.x / 2, (1 + 114 / 255) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((1, 3), r"must take one float32 \(1, 3, H, W\)"), ((1, 8, 8, 3), "must take one float32")],
)
def test_what_is_no_detector(tmp_path, shape, message):
    path = networks.identity(tmp_path / "d.onnx", shape)
    with pytest.raises(DataError, match=message):
        detectors.build(str(path), turned=False)


def test_a_detector_with_another_output(tmp_path):
    path = networks.identity(tmp_path / "d.onnx", (1, 3, 8, 8))
    detector = detectors.build(str(path), turned=False)
    with pytest.raises(DataError, match=r"it gives \(1, 3, 8, 8\)"):
        detector.detect(Image.new("RGB", (8, 8)))


def test_a_detector_of_huge_pictures_is_refused(tmp_path):
    path = networks.identity(tmp_path / "d.onnx", (1, 3, 10**6, 10**6))
    with pytest.raises(DataError, match="takes or gives 3,000,000,000,000 numbers at once"):
        detectors.build(str(path), turned=False)


def test_a_detector_that_is_not_there_or_no_onnx(tmp_path):
    with pytest.raises(DataError, match="There is no detector"):
        detectors.build(str(tmp_path / "none.onnx"), turned=False)
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(DataError, match="is not an ONNX network") as error:
        detectors.build(str(tmp_path / "bad.onnx"), turned=False)
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="--turned is only for the cascade"):
        detectors.build(str(tmp_path / "bad.onnx"), turned=True)


def test_overlap():
    first = Found(5, 5, 10, 10, 1)
    assert overlap(first, first) == 1
    assert overlap(first, Found(10, 5, 10, 10, 1)) == pytest.approx(50 / 150)
    assert overlap(first, Found(5, 5, 4, 5, 1)) == pytest.approx(0.2)
    assert overlap(first, Found(16, 5, 10, 10, 1)) == 0
