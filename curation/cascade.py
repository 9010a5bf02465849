"""The anime face cascade of nagadomi (MIT, see the head of `lbpcascade_animeface.xml`), by OpenCV.

As in the notes, it uses local binary patterns on the equalised grey picture. It finds frontal faces
that are upright to about 15°; turned copies of the picture find the others.
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from curation.detection import Found, Square, best_first, enlarged, shrunk, square_around
from datasets.errors import DataError

FILE = Path(__file__).with_name("lbpcascade_animeface.xml")
SCALE_STEP, NEIGHBOURS = 1.1, 3
LEAST = 24  # the cascade's own window, pixels of what it sees
TURNS = (-30, 30)  # degrees
# The notes' margins: the box moves by −0.3 of its width and height and becomes 1.5 × 1.45 as large.
SHIFT, WIDER, HIGHER = 0.3, 1.5, 1.45


class Cascade:
    """Finds frontal faces; with `turned` copies also heads tilted to about 45°.

    Raises `DataError` without an OpenCV that has cascades.
    """

    def __init__(self, turned: bool = False) -> None:
        try:
            import cv2
            from cv2 import CascadeClassifier  # OpenCV 5 has it only in its contrib wheel
        except ImportError:
            raise DataError(
                "Finding faces needs OpenCV with its cascades: pip install -r "
                "requirements-prepare.txt; or say --no-detect if each picture is a face already."
            ) from None
        cv2.setNumThreads(1)  # one process per core already uses all cores
        self._cv2, self._turns = cv2, (0, *TURNS) if turned else (0,)
        self._cascade = CascadeClassifier(str(FILE))

    def detect(self, picture: Image.Image) -> list[Found]:
        """Faces, most certain first; the score is the number of agreeing windows."""
        seen, factor = shrunk(picture)
        grey = self._cv2.equalizeHist(np.asarray(seen.convert("L")))
        found = [face for turn in self._turns for face in self._detect_turned(grey, turn)]
        return [enlarged(face, factor) for face in best_first(found)]

    def frame(self, found: Found) -> Square:
        """The notes' box made square: its short side grows equally at both ends."""
        across = (WIDER / 2 - SHIFT - 0.5) * found.width
        down = (HIGHER / 2 - SHIFT - 0.5) * found.height
        sine, cosine = math.sin(math.radians(found.tilt)), math.cos(math.radians(found.tilt))
        return square_around(
            found.x + across * cosine - down * sine,
            found.y + across * sine + down * cosine,
            max(WIDER * found.width, HIGHER * found.height),
        )

    def _detect_turned(self, grey: np.ndarray, turn: int) -> list[Found]:
        """Faces in a copy turned by `turn` degrees against the clock, in the grey's pixels."""
        back = np.eye(2, 3)
        if turn:
            grey, back = self._turn(grey, turn)
        boxes, counts = self._cascade.detectMultiScale2(
            grey, scaleFactor=SCALE_STEP, minNeighbors=NEIGHBOURS, minSize=(LEAST, LEAST)
        )
        found = []
        for (left, top, width, height), count in zip(boxes, counts, strict=True):
            x, y = back @ (left + width / 2, top + height / 2, 1)
            found.append(Found(float(x), float(y), float(width), float(height), float(count), turn))
        return found

    def _turn(self, grey: np.ndarray, turn: int) -> tuple[np.ndarray, np.ndarray]:
        """The turned copy, large enough for all pixels, and the map (2, 3) back to the picture."""
        height, width = grey.shape
        sine, cosine = abs(math.sin(math.radians(turn))), abs(math.cos(math.radians(turn)))
        wide = math.ceil(width * cosine + height * sine)
        high = math.ceil(width * sine + height * cosine)
        there = self._cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        there[:, 2] += (wide - width) / 2, (high - height) / 2
        copy = self._cv2.warpAffine(
            grey, there, (wide, high), borderMode=self._cv2.BORDER_REPLICATE
        )
        return copy, self._cv2.invertAffineTransform(there)
