"""Which faces stay: first by the numbers, then by the user's decisions.

The user's file, `drop.txt`, has one decision per line: `drop FILE` or `keep FILE`; a plain `FILE`
is dropped. It overrides all reasons found here, and follows a picture that is renamed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curation import duplicates, quality
from datasets.errors import DataError

BY_HAND = "by hand"
GONE = "its picture is gone"
LOST = "its file is gone"


@dataclass(frozen=True)
class Rules:
    """Rules for dropping faces without asking.

    `least`: pixels of a face's square; `most_aspect`: the long side divided by the short one;
    `grey`: whether grey faces are dropped.
    """

    least: int = 64
    most_aspect: float = 2.0
    grey: bool = False

    def reason(self, face: dict) -> str:
        """Why a face is dropped, or "" if it stays."""
        if face["side"] < self.least:
            return f"small: {face['side']} px, below {self.least}"
        if face["aspect"] > self.most_aspect:
            return f"aspect: {face['aspect']:g}, above {self.most_aspect:g}"
        if self.grey and face["chroma"] < quality.GREY_BELOW:
            return "grey"
        return ""


def found_reasons(
    faces: Sequence[dict],
    thumbnails: np.ndarray,
    rules: Rules,
    gone: set[str],
    lost: set[str],
    recut: bool,
) -> list[str]:
    """Why each face would be dropped without a decision by hand, "" if it stays.

    `gone` names pictures that no longer exist, `lost` files of faces; `recut` is as in
    `curation.duplicates`. Of several copies, the largest stays that is not dropped for another
    reason.
    """
    reasons = [
        LOST if face["file"] in lost else GONE if face["picture"] in gone else rules.reason(face)
        for face in faces
    ]
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
    """The reasons after the user's decisions, which override them; what is lost cannot stay."""
    found = []
    for face, reason in zip(faces, reasons, strict=True):
        dropped = by_hand.get(face["file"])
        if dropped is not None and reason != LOST:
            reason = BY_HAND if dropped else ""
        found.append(reason)
    return found


def follow(
    lines: Mapping[str, bool], faces: Sequence[dict], gone: Collection[str]
) -> dict[str, bool]:
    """File of a face → whether it is dropped by hand; `lines` come from `read`.

    The name of a face ends in its picture's contents and its number. So if a picture was renamed or
    moved, the line of its face counts for the face of the same contents, unless that has a line
    of its own. `gone` names pictures that no longer exist.
    """
    there = [face["file"] for face in faces if face["picture"] not in gone]
    by_contents = {_contents(file): file for file in there}
    known, decided = set(there), {}
    for file, drop in lines.items():
        now = file if file in known else by_contents.get(_contents(file), file)
        decided[file if now in lines else now] = drop
    return decided


def _contents(file: str) -> str:
    """a/b-0123abcd-0.png → 0123abcd-0.png; see `extraction.look_at`."""
    return "-".join(file.rsplit("-", 2)[-2:])


def read(path: Path) -> dict[str, bool]:
    """File of a face → whether `drop.txt` drops it; empty without `drop.txt`."""
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
