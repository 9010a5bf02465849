"""Which faces stay: first what the numbers say, then what a person said.

A person's file, `drop.txt`, has one decision a line: `drop FILE` or `keep FILE`; a bare `FILE` is
dropped. What it says counts more than any reason found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curation import duplicates, quality
from datasets.errors import DataError

BY_HAND = "by hand"
GONE = "its picture is gone"


@dataclass(frozen=True)
class Rules:
    """What is dropped without asking.

    `least` pixels of a face's square; `most_aspect` of the long side by the short one; `grey` ones.
    """

    least: int = 64
    most_aspect: float = 2.0
    grey: bool = False

    def reason(self, face: dict) -> str:
        """Why a face is dropped, or "" where it stays."""
        if face["side"] < self.least:
            return f"small: {face['side']} px, below {self.least}"
        if face["aspect"] > self.most_aspect:
            return f"aspect: {face['aspect']:g}, above {self.most_aspect:g}"
        if self.grey and face["chroma"] < quality.GREY_BELOW:
            return "grey"
        return ""


def found_reasons(
    faces: Sequence[dict], thumbnails: np.ndarray, rules: Rules, gone: set[str], recut: bool
) -> list[str]:
    """Why the numbers would drop each face, "" where it stays.

    `gone` names pictures that are no longer there; `recut` is as in `curation.duplicates`. Of
    copies the largest stays that is not dropped for another reason.
    """
    reasons = [GONE if face["picture"] in gone else rules.reason(face) for face in faces]
    order = sorted(
        range(len(faces)),
        key=lambda i: (bool(reasons[i]), -faces[i]["side"], -faces[i]["sharpness"], i),
    )
    found = duplicates.copies(thumbnails, np.array(order, np.int64), recut)
    for copy, original in found.items():
        reasons[copy] = reasons[copy] or f"copy of {faces[original]['file']}"
    return reasons


def final_reasons(
    faces: Sequence[dict], reasons: Sequence[str], by_hand: dict[str, bool]
) -> list[str]:
    """The same after a person's word, which counts more."""
    return [
        reason if face["file"] not in by_hand else BY_HAND if by_hand[face["file"]] else ""
        for face, reason in zip(faces, reasons, strict=True)
    ]


def read(path: Path) -> dict[str, bool]:
    """The file → whether each face it names is dropped. Without the file: nothing."""
    if not path.exists():
        return {}
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the decisions in {str(path)!r}: {error}.") from None
    found = {}
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        name = rest.strip() if word in ("drop", "keep") and rest.strip() else line.strip()
        found[name] = word != "keep" or name == line.strip()
    return found
