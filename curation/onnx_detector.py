"""A face detector of the user as ONNX, in the format that YOLOv8 exports.

    input   float32 (1, 3, H, W), RGB in 0..1, the picture fitted into the middle on grey
    output  float32 (1, 4 + classes, boxes): x, y, width, height in input pixels, class scores

Common face detectors for anime (such as deepghs' `face_detect`) have this format. Another format
needs an adapter: any object with `detect` and `frame` (see `curation.detection`).
"""

from pathlib import Path

import numpy as np
from PIL import Image

from curation.detection import Found, Square, square_around
from curation.onnx_session import open_session, size_or_none
from datasets.errors import DataError

LEAST_SCORE = 0.3
OVERLAP = 0.7  # boxes with a larger intersection over union are of one face
SIDE = 640  # if the network takes any size
GREY = (114, 114, 114)  # YOLO's padding value
MARGIN = 1.5  # a detector's box is the bare face, from brow to chin


class OnnxDetector:
    """An ONNX detector. Raises `DataError` if the file is not such a network."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session = open_session(path, "detector", threads=1)
        given, made = self._session.get_inputs(), self._session.get_outputs()
        shape = given[0].shape if len(given) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or given[0].type != "tensor(float)":
            raise DataError(
                f"The detector {str(path)!r} must take one float32 (1, 3, H, W); it takes "
                f"{', '.join(f'{i.type} {i.shape}' for i in given)}."
            )
        self._input, self._output = given[0].name, made[0].name
        self._size = size_or_none(shape[3]) or SIDE, size_or_none(shape[2]) or SIDE

    def detect(self, picture: Image.Image) -> list[Found]:
        """Faces, most certain first; the score is the network's, 0..1."""
        pixels, factor, left, top = self._fitted(picture)
        (boxes,) = self._session.run([self._output], {self._input: pixels})
        if boxes.ndim != 3 or boxes.shape[0] != 1 or boxes.shape[1] < 5:
            raise DataError(
                f"The detector {str(self._path)!r} must give (1, 4 + classes, boxes); "
                f"it gives {boxes.shape}."
            )
        x, y, width, height = boxes[0, :4].astype(np.float64)
        scores = boxes[0, 4:].max(axis=0)
        rows = np.flatnonzero(scores >= LEAST_SCORE)
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        found = [
            Found(
                (x[row] - left) / factor,
                (y[row] - top) / factor,
                width[row] / factor,
                height[row] / factor,
                float(scores[row]),
            )
            for row in rows
        ]
        return _without_overlaps(found)

    def frame(self, found: Found) -> Square:
        """A square of 1.5 times the box's long side."""
        return square_around(found.x, found.y, MARGIN * max(found.width, found.height))

    def _fitted(self, picture: Image.Image) -> tuple[np.ndarray, float, int, int]:
        """The network's input, and the scale and offsets of the picture in it."""
        wide, high = self._size
        factor = min(wide / picture.width, high / picture.height)
        size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
        left, top = (wide - size[0]) // 2, (high - size[1]) // 2
        fitted = Image.new("RGB", (wide, high), GREY)
        small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        fitted.paste(small, (left, top))
        pixels = np.asarray(fitted, np.float32).transpose(2, 0, 1)[np.newaxis] / 255
        return np.ascontiguousarray(pixels), factor, left, top


def _without_overlaps(found: list[Found]) -> list[Found]:
    """Non-maximum suppression of boxes, sorted with the most certain first."""
    kept: list[Found] = []
    for face in found:
        if all(overlap(face, other) <= OVERLAP for other in kept):
            kept.append(face)
    return kept


def overlap(first: Found, second: Found) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = (first.width + second.width) / 2 - abs(first.x - second.x)
    down = (first.height + second.height) / 2 - abs(first.y - second.y)
    across = max(0.0, min(across, first.width, second.width))
    down = max(0.0, min(down, first.height, second.height))
    shared = across * down
    return shared / (first.width * first.height + second.width * second.height - shared)
