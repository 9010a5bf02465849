"""A generator's captions: what it makes of a sentence, and sentences drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from console.errors import UserError, user_errors
from console.wording import listed
from datasets.text import LONGEST, WordEncoder, encoder_of
from foreign import arrays, records
from foreign.numbers import shown
from models.recipe import Recipe

_RECORD = {"encoder": object, "examples": [str], "vectors": ([[float]], None)}


class TextSet:
    """The captions of a generator that takes some; in place of a `LabelSet`.

    A label is a sentence's vector, float32 (text_dim,). A wish, as `parse` gives it, is a vector
    too. Without a wish, sentences of the training data are drawn.
    """

    kind = "captions"
    names: tuple[str, ...] = ()
    groups: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init__(self, record: Any, size: int):
        with user_errors(records.Unreadable):
            records.refuse_misfit(record, _RECORD, "text")
            self.encoder = encoder_of(record.get("encoder"))
            self.examples = tuple(record.get("examples") or ())
            if isinstance(self.encoder, WordEncoder):
                made = self.encoder.encode(self.examples)
            else:
                made = np.array(record.get("vectors") or [], np.float32)
            if made.shape != (len(self.examples), size) or not len(made):
                raise records.Unreadable(
                    f"text: {len(self.examples)} examples have vectors of shape {made.shape}, and "
                    f"the network takes {size} numbers"
                )
        self._vectors, self.size = made, size

    def parse(self, wanted: str | Sequence[str]) -> np.ndarray:
        """The vector of a sentence; words that it does not know are passed over.

        Raises `UserError` for an empty sentence, one without a known word, and a generator that was
        trained on vectors of the user's own.
        """
        text = wanted if isinstance(wanted, str) else ", ".join(wanted)
        if not isinstance(self.encoder, WordEncoder):
            raise UserError(
                "it was trained on vectors of its user's captions, so it reads no sentences; give "
                "the sentence's vector with --vector FILE.npy"
            )
        if not text.strip():
            raise UserError(f"the text is empty; such as {self.examples[0]!r}")
        if len(text) > LONGEST:
            raise UserError(f"the text has {len(text):,} letters; at most {LONGEST:,} are read")
        if not self.encoder.known(text):
            raise UserError(
                f"no word of {shown(text)} was in a caption it was trained on; such as "
                f"{self.examples[0]!r}"
            )
        return self.encoder.encode([text])[0]

    def understood(self, text: str) -> list[str]:
        """Lines that say what it reads in a sentence that `parse` takes, what it passes over."""
        lines = [f"text       {', '.join(self.encoder.known(text))}"]
        if unknown := self.encoder.unknown(text):
            named = listed([self._with_nearest(each) for each in unknown])
            lines.append(f"           never seen in training, passed over: {named}")
        return lines

    def _with_nearest(self, word: str) -> str:
        near = self.encoder.nearest(word)
        return shown(word) + (f" (known: {', '.join(near)})" if near else "")

    def read(self, path: Path) -> np.ndarray:
        """The wish in an .npy file: a sentence's own vector. Raises `UserError`."""
        if isinstance(self.encoder, WordEncoder):
            raise UserError("it was trained on sentences; describe the picture with --text")
        with user_errors(records.Unreadable):
            vector = np.array(arrays.mapped(path))
        if vector.shape != (self.size,) or vector.dtype.kind != "f":
            raise UserError(
                f"{path} holds {vector.dtype} of shape {vector.shape}; a vector of {self.size} "
                "floats is needed"
            )
        if not np.isfinite(vector).all():
            raise UserError(f"{path} holds numbers that are not finite")
        return (np.float32(self.encoder["scale"]) * vector).astype(np.float32)

    def draw(
        self, count: int, rng: np.random.Generator, wanted: np.ndarray | None = None
    ) -> np.ndarray:
        """`count` vectors, float32 (count, size): of `wanted`, or of captions of the data."""
        rows = rng.integers(len(self.examples), size=count)
        if wanted is None or not len(wanted):
            return self._vectors[rows]
        return np.repeat(np.asarray(wanted, np.float32)[None], count, axis=0)

    def free(self, wanted: np.ndarray | None) -> np.ndarray:
        """Which numbers of a vector a search may change, bool (size,): none, a sentence stays."""
        return np.zeros(self.size, bool)

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest number of a vector in a search, (size,) each."""
        return np.full(self.size, -np.inf, "float32"), np.full(self.size, np.inf, "float32")

    def describe(self, label: np.ndarray) -> str:
        """The caption whose vector is nearest."""
        return self.examples[int(np.square(self._vectors - label).sum(axis=1).argmin())]


def of_metadata(recipe: Recipe, known: Any) -> TextSet | None:
    """The captions of a generator from its file's metadata; None if it takes none."""
    if not recipe.captions_together:
        return None
    if known is None:
        raise UserError("the generator takes captions, but its file does not say how to read them")
    return TextSet(known, recipe.text_dim)
