"""`review.html`: the page where the user drops and keeps faces, without a server or a network."""

import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from curation.extraction import write_png
from curation.files import Folder
from curation.quality import ranks
from datasets.sources import evenly
from foreign.files import write_text

PAGE = Path(__file__).with_name("review_page.html")
PLACE = "/*FACES*/"
SHEET_SIDE, SHEET_SIZE = 8, 96  # pictures in a row of the sheet, and their size in pixels


def write(
    folder: Folder, faces: Sequence[dict], reasons: Sequence[str], by_hand: dict[str, bool]
) -> None:
    """Write the page with the data of all faces inside; it shows the pictures in their folders.

    `reasons` come from the numbers; `by_hand` are the user's earlier decisions.
    """
    sharp = ranks([face["sharpness"] for face in faces])
    rows = [
        {
            "file": face["file"],
            "why": reason,
            "hand": by_hand.get(face["file"]),
            "dropped": by_hand.get(face["file"], bool(reason)),
            "outlier": round(face["outlier"], 4) if face["outlier"] is not None else None,
            "sharpness": round(float(rank), 4),
            "side": face["side"],
            "chroma": face["chroma"],
            "padding": face["padding"],
            "score": face["score"],
            "tags": face["shown"],
        }
        for face, reason, rank in zip(faces, reasons, sharp, strict=True)
    ]
    # "<" in a file name could end the script early
    known = json.dumps({"set": folder.path.resolve().name, "faces": rows}).replace("<", "\\u003c")
    write_text(folder.review, PAGE.read_text("utf-8").replace(PLACE, known))


def write_sheet(folder: Folder, faces: Sequence[dict], reasons: Sequence[str]) -> int:
    """Write `kept.png`: at most 64 of the faces that stay, evenly chosen; returns how many."""
    kept = [face["file"] for face, reason in zip(faces, reasons, strict=True) if not reason]
    if not kept:
        folder.sheet.unlink(missing_ok=True)
        return 0
    chosen = [kept[index] for index in evenly(SHEET_SIDE**2, len(kept))]
    rows = -(-len(chosen) // SHEET_SIDE)
    sheet = Image.new("RGB", (SHEET_SIDE * SHEET_SIZE, rows * SHEET_SIZE), "white")
    for index, file in enumerate(chosen):
        pixels = folder.read(folder.faces / file, SHEET_SIZE)
        place = index % SHEET_SIDE * SHEET_SIZE, index // SHEET_SIDE * SHEET_SIZE
        sheet.paste(Image.fromarray(pixels), place)
    write_png(sheet, folder.sheet)
    return len(chosen)
