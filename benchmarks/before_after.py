"""What `prepare.py --faces` made: `python -m benchmarks.before_after RAW OUT FILE`.

Every row shows a picture with the squares around its faces, then these faces as they were cut out,
dropped ones crossed out. Squares may reach beyond the picture.
"""

import argparse
import csv
from pathlib import Path

from PIL import Image, ImageDraw

from datasets import decode

HIGH, GAP = 220, 6
KEPT, DROPPED = "#1a9c4b", "#d0222d"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("raw", type=Path)
    parser.add_argument("out", type=Path, help="the folder that prepare.py wrote")
    parser.add_argument("file", type=Path, help="the picture to write")
    parser.add_argument("--rows", type=int, default=4)
    options = parser.parse_args()
    with (options.out / "manifest.csv").open(newline="", encoding="utf-8") as file:
        faces: dict[str, list[dict]] = {}
        for row in csv.DictReader(file):
            if row["face"]:
                faces.setdefault(row["picture"], []).append(row)
    chosen = list(faces)[:: max(1, len(faces) // options.rows)][: options.rows]
    rows = [strip(options.raw / name, faces[name], options.out) for name in chosen]
    page = Image.new("RGB", (max(r.width for r in rows), len(rows) * (HIGH + GAP) - GAP), "white")
    for number, row in enumerate(rows):
        page.paste(row, (0, number * (HIGH + GAP)))
    page.save(options.file, optimize=True)


def strip(path: Path, faces: list[dict], out: Path) -> Image.Image:
    """A picture with its squares, and its faces beside it, all `HIGH` pixels high."""
    picture = decode.read_whole(path)
    draw = ImageDraw.Draw(picture)
    for face in faces:
        left, top, side = (int(face[name]) for name in ("x", "y", "side"))
        colour = KEPT if face["kept"] == "yes" else DROPPED
        width = max(3, picture.height // 120)
        draw.rectangle((left, top, left + side, top + side), outline=colour, width=width)
    tiles = [picture.resize((picture.width * HIGH // picture.height, HIGH))]
    for face in faces:
        kept = face["kept"] == "yes"
        tile = decode.read_whole(out / ("faces" if kept else "dropped") / face["face"])
        tile = tile.resize((HIGH, HIGH))
        if not kept:
            ImageDraw.Draw(tile).line((0, 0, HIGH, HIGH), fill=DROPPED, width=6)
        tiles.append(tile)
    row = Image.new("RGB", (sum(tile.width + GAP for tile in tiles) - GAP, HIGH), "white")
    left = 0
    for tile in tiles:
        row.paste(tile, (left, 0))
        left += tile.width + GAP
    return row


if __name__ == "__main__":
    main()
