"""The texts about a generator's captions in `model.json` and `README.md`."""

from __future__ import annotations

from typing import Any

from datasets.text import FUNCTION_WORDS, PIECE, WordEncoder
from serving.texts import TextSet

_ENCODE = """\
known = json.loads(open("{folder}/model.json", encoding="utf-8").read())["inputs"]["text"]
places = {{feature: place for place, feature in enumerate(known["features"])}}


def encode(sentence):
    vector, before = np.zeros(len(places), "float32"), None
    for word in re.findall(known["pieces"], sentence.casefold()):
        if word in known["function_words"] or not word[0].isalnum():
            before = None
            continue
        for feature in (word, f"{{before}} {{word}}"):
            if feature in places:
                vector[places[feature]] = known["weights"][places[feature]]
        before = word
    return vector


text = np.stack([encode({example!r})] * 16)"""


def input_of(known: TextSet) -> dict[str, Any]:
    """The input `text`: its type, shape and what its numbers mean."""
    found: dict[str, Any] = {"dtype": "float32", "shape": ["N", known.size]}
    if not isinstance(known.encoder, WordEncoder):
        scale = known.encoder["scale"]
        return found | {"meaning": f"your vectors of sentences, times {scale:.6g}", "scale": scale}
    return found | {
        "meaning": "the weight of each feature, a word or a pair of words in a phrase, that the "
        "sentence has; 0 for the others",
        "features": list(known.encoder.features),
        "weights": [float(each) for each in known.encoder.weights],
        "pieces": PIECE.pattern,
        "function_words": sorted(FUNCTION_WORDS),
    }


def before(known: TextSet) -> str:
    """The README's words before its Python."""
    if not isinstance(known.encoder, WordEncoder):
        return f"It takes vectors of sentences, {known.size} numbers each.\n"
    return (
        f"It takes sentences as vectors of {known.size} words and pairs of words; other words are "
        "passed over.\n"
    )


def lines_of(known: TextSet, folder: str) -> list[str]:
    """Python that makes `text`, 16 vectors, for the export in `folder`."""
    if not isinstance(known.encoder, WordEncoder):
        scale = known.encoder["scale"]
        return [
            f"vectors = np.random.default_rng(1).normal(0, {1 / scale:.6g}, (16, {known.size}))",
            f'text = (vectors * {scale:.6g}).astype("float32")  # your own vectors here',
        ]
    return ["import json", "import re", "", *_ENCODE.format(
        folder=folder, example=known.examples[0]
    ).splitlines()]  # fmt: skip
