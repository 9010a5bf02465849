"""Sentences as vectors: the words and word pairs that a sentence has, or vectors of the user's own.

A sentence is cut at punctuation and at words such as "and", "with" or "has"; what is left are
phrases: "she has long blue hair and a smile" → "long blue hair", "smile". A phrase gives its words
and each pair of neighbours. So another order of the phrases gives nearly the same vector.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from datasets.errors import DataError
from datasets.labels import some
from foreign import arrays, records
from foreign.numbers import shown

MOST = 1024  # words and pairs that an encoder knows
LONGEST = 2000  # letters of a sentence
PIECE = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]")
# They say nothing of a picture, and part two phrases.
FUNCTION_WORDS = frozenset(
    (
        "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "having",
        "her", "his", "in", "into", "is", "it", "its", "of", "on", "or", "she", "he", "the",
        "their", "there", "they", "this", "that", "to", "wear", "wearing", "wears", "which", "who",
        "whose", "with",
    )
)  # fmt: skip
_RECORD = {
    "kind": str, "size": int, "scale": float, "features": ([str], None), "weights": ([float], None),
}  # fmt: skip


class TextEncoder(Protocol):
    """Sentences → vectors. `size` is their length."""

    size: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (N, size). Raises `DataError` for a sentence that it cannot encode."""

    def to_dict(self) -> dict[str, Any]:
        """What `encoder_of` makes it from, ready for JSON."""


@functools.lru_cache(maxsize=1 << 18)
def features(text: str) -> tuple[str, ...]:
    """The words and pairs of neighbouring words in the phrases of `text`, each once."""
    found: dict[str, None] = {}
    before = None
    for word in PIECE.findall(text.casefold()):
        if word in FUNCTION_WORDS or not word[0].isalnum():
            before = None
            continue
        found[word] = None
        if before is not None:
            found[f"{before} {word}"] = None
        before = word
    return tuple(found)


class WordEncoder:
    """Which of its `features`, words and pairs, a sentence has, each times its weight.

    A weight is the logarithm of how rare its feature is, log(N / count), times a factor by which
    the mean square of a number is 1 over the sentences it was learned from.
    """

    kind = "words"

    def __init__(self, features: Sequence[str], weights: Sequence[float]):
        self.features = tuple(features)
        self.weights = np.array(weights, np.float32)
        self.size = len(self.features)
        self._place = {feature: place for place, feature in enumerate(self.features)}

    @classmethod
    def learn(cls, texts: Iterable[str], most: int = MOST) -> WordEncoder:
        """The encoder of the `most` frequent features of these sentences.

        What is in every sentence is known and tells nothing: its weight is 0. Raises `DataError` if
        all sentences have the same words.
        """
        texts = list(texts)
        counts = Counter(feature for text in texts for feature in features(text))
        if all(count == len(texts) for count in counts.values()):
            raise DataError(
                f"All {len(texts)} captions have the same words ({some(sorted(counts))}), so there "
                "is nothing to learn from them."
            )
        # The most telling first where a limit cuts: what is in every sentence comes last.
        order = sorted(counts, key=lambda each: (counts[each] == len(texts), -counts[each], each))
        chosen = order[:most]
        shares = np.array([counts[feature] for feature in chosen]) / len(texts)
        weights = -np.log(shares)
        mean_square = (shares * weights**2).sum() / len(chosen)
        return cls(chosen, weights / np.sqrt(mean_square))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (N, size); words that it does not know are passed over."""
        values = np.zeros((len(texts), self.size), np.float32)
        for row, text in enumerate(texts):
            places = [self._place[each] for each in features(text) if each in self._place]
            values[row, places] = self.weights[places]
        return values

    def known(self, text: str) -> list[str]:
        """The phrases that it knows in `text`: pairs, and words that are in no known pair."""
        mine = [each for each in features(text) if each in self._place]
        pairs = [each for each in mine if " " in each]
        paired = {word for pair in pairs for word in pair.split()}
        return [each for each in mine if " " in each or each not in paired]

    def unknown(self, text: str) -> list[str]:
        """The words of `text` that are in no sentence it was learned from."""
        return [each for each in features(text) if " " not in each and each not in self._place]

    def nearest(self, word: str) -> list[str]:
        """Known words that are written like `word`."""
        words = [each for each in self.features if " " not in each]
        return difflib.get_close_matches(word, words, n=2, cutoff=0.7)

    def to_dict(self) -> dict[str, Any]:
        """Its features and weights, ready for JSON."""
        weights = [float(each) for each in self.weights]
        return {
            "kind": self.kind,
            "size": self.size,
            "features": list(self.features),
            "weights": weights,
        }


class TableEncoder:
    """The user's own vectors, by sentence. `encode` knows these sentences only.

    Vectors are multiplied by a factor by which the mean square of their numbers is 1.
    """

    kind = "vectors"

    def __init__(self, texts: Sequence[str], vectors: np.ndarray):
        self._row = {text: row for row, text in enumerate(texts)}
        self._vectors, self.size = vectors, vectors.shape[1]
        self.scale = float(1.0 / np.sqrt(np.square(vectors, dtype=np.float64).mean()))

    @classmethod
    def read(cls, path: Path) -> TableEncoder:
        """From an .npz with `texts` (N,) and `vectors` (N, size). Raises `DataError`."""
        try:
            found = arrays.read_npz(path, ("texts", "vectors"))
        except records.Unreadable as error:
            raise DataError(f"The sentence vectors {error}.") from None
        texts, vectors = found["texts"], found["vectors"]
        fits = texts.dtype.kind == "U" and vectors.dtype.kind == "f" and vectors.ndim == 2
        if not fits or texts.shape != vectors.shape[:1] or not vectors.size:
            raise DataError(
                f"{str(path)!r} must hold texts, N strings, and vectors, float (N, size); it holds "
                f"{texts.dtype} {texts.shape} and {vectors.dtype} {vectors.shape}."
            )
        if not np.isfinite(vectors).all() or not vectors.any():
            raise DataError(f"The vectors in {str(path)!r} are not finite, or all are zero.")
        return cls([str(text) for text in texts], vectors.astype(np.float32))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (N, size). Raises `DataError` for a sentence without a vector."""
        if lacking := [text for text in texts if text not in self._row]:
            raise DataError(f"There is no vector for the caption {shown(lacking[0])}.")
        return self.scaled(self._vectors[[self._row[text] for text in texts]])

    def scaled(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors as the networks take them."""
        return np.float32(self.scale) * vectors.astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Its kind, size and scale; the vectors stay in the user's file."""
        return {"kind": self.kind, "size": self.size, "scale": self.scale}


def encoder_of(record: Any) -> WordEncoder | dict[str, Any]:
    """The inverse of `to_dict`: a `WordEncoder`, or the record of the user's own vectors.

    Raises `foreign.records.Unreadable` for another record.
    """
    records.refuse_misfit(record, _RECORD, "text")
    kind = record.get("kind")
    if kind == TableEncoder.kind and "size" in record and "scale" in record:
        return dict(record)
    if kind == WordEncoder.kind:
        names, weights = record.get("features"), record.get("weights")
        if not names or not weights or len(names) != len(weights) or len(names) > MOST:
            raise records.Unreadable("text cannot be used: its features and weights do not fit")
        return WordEncoder(names, weights)
    raise records.Unreadable(f"text cannot be used: its kind is {shown(kind)}")
