"""The captions of a step: each picture's own, and captions that are wrong of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datasets.captions import Captions
from datasets.errors import DataError
from datasets.text import TextEncoder, features

_TRIES = 50  # other pictures that are looked at for a caption that is wrong


class Sentences:
    """The captions of N pictures, and the vectors of a step's captions.

    A caption is wrong of a picture if it has a word, or a pair of words, that none of the picture's
    own captions has: the caption of another picture may well be true of this one.

    Args:
        captions: those of each picture.
        encoder: makes vectors of them.
        together: how many captions of a picture give a vector, their mean; a picture that has fewer
            gives all it has.

    Raises `DataError` if no caption is wrong of any picture.
    """

    def __init__(self, captions: Captions, encoder: TextEncoder, together: int = 1) -> None:
        self._captions, self._encoder, self._together = captions, encoder, together
        first = self._said(0)
        if all(self._said(row) == first for row in range(1, len(captions))):
            raise DataError(
                "All pictures have captions of the same words, so none is wrong of another "
                "picture; a network cannot learn from them what a caption means."
            )

    def batch(self, rows: Sequence[int], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """text, wrong: float32 (B, size), the vectors of captions of pictures `rows`, and wrong.

        Where fifty other pictures have no caption that is wrong of a picture, the last one's is
        taken.
        """
        own = [self._chosen(row, rng) for row in rows]
        wrong = [self._wrong(row, rng) for row in rows]
        return {"text": self._means(own), "wrong": self._means(wrong)}

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """The vectors of `count` captions of random pictures: float32 (count, size)."""
        return self._encoder.encode(self.texts(count, rng))

    def texts(self, count: int, rng: np.random.Generator) -> list[str]:
        """`count` captions of random pictures."""
        rows = rng.integers(len(self._captions), size=count)
        return [self._captions[row][rng.integers(len(self._captions[row]))] for row in rows]

    def _chosen(self, row: int, rng: np.random.Generator) -> list[str]:
        known = self._captions[row]
        order = rng.permutation(len(known))[: self._together]
        return [known[place] for place in order]

    def _wrong(self, row: int, rng: np.random.Generator) -> list[str]:
        said, found = self._said(row), []
        for other in rng.integers(len(self._captions), size=_TRIES):
            found = self._chosen(other, rng)
            if not said.issuperset(each for text in found for each in features(text)):
                break
        return found

    def _said(self, row: int) -> set[str]:
        return {each for text in self._captions[row] for each in features(text)}

    def _means(self, chosen: list[list[str]]) -> np.ndarray:
        vectors = self._encoder.encode([text for texts in chosen for text in texts])
        starts = np.cumsum([0, *(len(texts) for texts in chosen[:-1])])
        counts = np.array([len(texts) for texts in chosen], np.float32)
        return np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
