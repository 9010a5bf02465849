"""`prepare.py --faces` against drawn scenes whose truth is known: `python -m benchmarks.curation`.

Prints precision and recall of detection, the share of planted copies found, how well outliers are
ranked, and times. Options make it smaller; `--only` picks parts.
"""

import argparse
import csv
import io
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from benchmarks import scenes
from console.backend import wake
from curation import command, decisions, detection, detectors, duplicates, outliers, pipeline
from curation.onnx_detector import overlap
from datasets import faces as lorelei

# Brow to chin and ear to ear, in shares of the side of a scene's `Face` and from its middle.
FACE_DOWN, FACE_SIDE = 0.14, 0.92
IOU = 0.3
COPIES = ("JPEG", "half size", "mirrored", "cropped", "brighter")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--scenes", type=int, default=100, help="of each kind (default 100)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for part in options.only:
            print(f"\n== {part}", flush=True)
            PARTS[part](options.scenes, Path(temporary) / part)


# === Detection ===


def detect(count: int, folder: Path) -> None:
    """Precision and recall; a face is found when the boxes overlap by 0.3 (IoU)."""
    print(f"{'':34}{'faces':>7}{'precision':>11}{'recall':>9}{'IoU':>7}{'s':>8}")
    for name, tilt, turned in (
        ("upright", 0, False),
        ("upright, with turned copies", 0, True),
        ("within ±30°", 30, False),
        ("within ±30°, with turned copies", 30, True),
    ):
        detector = detectors.build("cascade", turned)
        total = right = given = 0
        shared, seconds = [], 0.0
        for number in range(count):
            picture, truth = scenes.scene(number, tilt=float(tilt))
            start = time.process_time()
            found = detector.detect(picture)
            seconds += time.process_time() - start
            best = [max((overlap(box_of(face), box) for box in found), default=0) for face in truth]
            hits = [value for value in best if value >= IOU]
            total, right, given = total + len(truth), right + len(hits), given + len(found)
            shared += hits
        print(
            f"{name:34}{total:7}{right / given:11.3f}{right / total:9.3f}"
            f"{np.mean(shared):7.2f}{seconds / count:8.3f}",
            flush=True,
        )


def box_of(face: scenes.Face) -> detection.Found:
    """The true box of a drawn face, upright about its middle."""
    tilt = np.radians(face.tilt)
    down = FACE_DOWN * face.side
    side = FACE_SIDE * face.side
    x, y = face.x - down * np.sin(tilt), face.y + down * np.cos(tilt)
    return detection.Found(float(x), float(y), side, side, 1.0)


# === Copies ===


def copied(picture: Image.Image, how: str) -> tuple[Image.Image, float, bool, tuple[int, int]]:
    """A copy, its scale, whether it is mirrored, and where its corner was in the original."""
    width, height = picture.size
    if how == "JPEG":
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=40)
        return Image.open(buffer).convert("RGB"), 1.0, False, (0, 0)
    if how == "half size":
        size = width // 2, height // 2
        return picture.resize(size, Image.Resampling.LANCZOS), 0.5, False, (0, 0)
    if how == "mirrored":
        return ImageOps.mirror(picture), 1.0, True, (0, 0)
    if how == "cropped":
        box = int(0.04 * width), int(0.03 * height), int(0.95 * width), int(0.96 * height)
        return picture.crop(box), 1.0, False, box[:2]
    return ImageEnhance.Brightness(picture).enhance(1.15), 1.0, False, (0, 0)


def copies(count: int, folder: Path) -> None:
    """Planted copies of whole scenes: which faces of them are found to be copies."""
    raw, known = folder / "raw", {}
    raw.mkdir(parents=True)
    for number in range(count):
        picture, truth = scenes.scene(number)
        picture.save(raw / f"{number:05}-original.png")
        known[f"{number:05}-original.png"] = ("original", [(f.x, f.y, f.person) for f in truth])
        for how in COPIES:
            copy, scale, mirrored, (left, top) = copied(picture, how)
            name = f"{number:05}-{how.replace(' ', '-')}.png"
            copy.save(raw / name)
            places = [
                ((picture.width - f.x if mirrored else f.x - left) * scale,
                 (f.y - top) * scale, f.person)
                for f in truth
            ]  # fmt: skip
            known[name] = (how, places)
    start = time.perf_counter()
    pipeline.run(raw, folder / "out", pipeline.Options(rules=decisions.Rules(least=1)))
    seconds = time.perf_counter() - start
    with (folder / "out" / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["face"]]
    for row in rows:
        how, places = known[row["picture"]]
        middle = [float(row[key]) + float(row["side"]) / 2 for key in ("x", "y")]
        row["how"] = how
        distance, row["person"] = min(
            (np.hypot(x - middle[0], y - middle[1]), who) for x, y, who in places
        )
        if distance > 0.5 * float(row["side"]):
            row["person"] = None
    tell_copies(rows)
    print(f"{len(known)} pictures, {len(rows)} faces, all steps {seconds:.0f} s")


def tell_copies(rows: list[dict]) -> None:
    """For each person, all faces except one should be dropped as copies of the same person."""
    by_file = {row["face"]: row for row in rows}
    wrong = 0
    for row in rows:
        row["copy"] = row["why"].startswith("copy of ")
        if row["copy"]:
            wrong += by_file[row["why"].removeprefix("copy of ")]["person"] != row["person"]
    planted = dict.fromkeys(COPIES, 0)
    found = dict.fromkeys(COPIES, 0)
    for person in {row["person"] for row in rows} - {None}:
        group = [row for row in rows if row["person"] == person]
        # One face must stay: the original, or the one in its place. A brighter copy that was not
        # known as one is its own failure, not that of the others.
        left = [row for row in group if not row["copy"]]
        left.sort(key=lambda row: ["original", *COPIES].index(row["how"]))
        for row in group:
            if row is left[0] or row["how"] == "original":
                continue
            planted[row["how"]] += 1
            found[row["how"]] += row["copy"]
    print(f"{'':14}{'planted':>9}{'found':>8}")
    for how in COPIES:
        print(f"{how:14}{planted[how]:9}{found[how] / max(planted[how], 1):8.3f}")
    print(f"distinct faces taken for copies: {wrong}")


# === Outliers ===


def junk(number: int, size: int = 128) -> dict[str, Image.Image]:
    """One of each of eight kinds that a cleaner would drop."""
    rng = np.random.default_rng(number)
    scene, _ = scenes.scene(9_000 + number)
    good = scenes.portrait(50_000 + number, size)
    left, top = rng.integers(0, scene.width - 160), rng.integers(0, 200)
    text = Image.new("RGB", (size, size), tuple(int(c) for c in rng.integers(200, 256, 3)))
    draw = ImageDraw.Draw(text)
    for row in range(6):
        letters = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ "), 14))
        draw.text((4, 6 + 20 * row), letters, fill="black", font_size=15)
    panel = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(panel)
    for _ in range(14):
        ends = rng.integers(0, size, 4).tolist()
        draw.line(ends, fill="black", width=int(rng.integers(1, 5)))
    draw.rectangle((2, 2, size - 3, size // 2), outline="black", width=3)
    noise = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((size, size))
    half = good.crop((size // 2, 0, size + size // 2, size))
    ImageDraw.Draw(half).rectangle((size // 2, 0, size, size), fill="white")
    return {
        "lettering": text,
        "comic panel": panel,
        "no face": scene.crop((left, top, left + 128, top + 128)).resize((size, size)),
        "colours only": noise,
        "other style": Image.fromarray(lorelei.draw(number, size)),
        "half a face": half,
        "turned by 90°": good.rotate(90),
        "blurred": good.filter(ImageFilter.GaussianBlur(8)),
    }


def rank_outliers(count: int, folder: Path) -> None:
    """Good portraits and junk of eight kinds, two fifths as many: how well the score ranks."""
    good = [np.asarray(scenes.portrait(number, 128)) for number in range(4 * count)]
    planted = [junk(number) for number in range(max(1, count // 5))]
    kinds = list(planted[0])
    pictures = good + [np.asarray(some[kind]) for kind in kinds for some in planted]
    describe = command.lite0_features(wake)
    features = np.concatenate(
        [describe(np.stack(pictures[s : s + 32])) for s in range(0, len(pictures), 32)]
    )
    scores = outliers.scores(features)
    first, each = len(good), len(planted)
    print(f"{len(good)} good, {8 * each} junk. AUROC of all: {auroc(scores, first):.3f}")
    for index, kind in enumerate(kinds):
        start = first + index * each
        some = np.concatenate([scores[:first], scores[start : start + each]])
        print(f"  {kind:16}{auroc(some, first):.3f}")


def auroc(scores: np.ndarray, negatives: int) -> float:
    """How often a positive (the last ones) scores above a negative; ties count half."""
    low, high = scores[:negatives], scores[negatives:]
    above = (high[:, np.newaxis] > low).mean() + (high[:, np.newaxis] == low).mean() / 2
    return float(above)


# === Times ===


def times(count: int, folder: Path) -> None:
    """Seconds a picture of 1 Mpx on all cores, and memory with few and with many pictures."""
    for turned in (False, True):
        for pictures in (count // 3, count):
            raw = folder / f"{pictures}-{turned}"
            raw.mkdir(parents=True)
            for number in range(pictures):
                scenes.scene(number)[0].save(raw / f"{number}.jpg", quality=92)
            start, begun = time.perf_counter(), cpu_seconds()
            pipeline.run(
                raw, folder / f"out-{pictures}-{turned}",
                pipeline.Options(turned=turned, progress=False),
            )  # fmt: skip
            seconds, busy = time.perf_counter() - start, cpu_seconds() - begun
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{'turned copies' if turned else 'upright':16}{pictures:6} pictures"
                f"{seconds / pictures:8.3f} s each, {busy / pictures:.3f} s of a core; "
                f"largest process {peak:.0f} MiB, this one {own:.0f} MiB", flush=True,
            )  # fmt: skip


def cpu_seconds() -> float:
    """CPU seconds of this process and its children so far."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def many(count: int, folder: Path, total: int = 100_000) -> None:
    """Copies among 100 000 thumbnails made up of smooth noise, 5 % of them planted."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (total, 5, 5, 3), np.uint8)
    thumbnails = np.stack(
        [np.asarray(Image.fromarray(s).resize((16, 16), Image.Resampling.BICUBIC)) for s in small]
    )
    planted = total // 20
    noise = rng.normal(0, 2, (planted, 16, 16, 3))
    thumbnails[-planted:] = np.clip(thumbnails[:planted] + noise, 0, 255).astype(np.uint8)
    thumbnails[-planted // 2 :] = thumbnails[-planted // 2 :, :, ::-1]  # half of them mirrored
    start = time.perf_counter()
    found = duplicates.copies(thumbnails, np.arange(total), recut=True)
    right = sum(copy - (total - planted) == original for copy, original in found.items())
    print(
        f"{total:,} faces, {planted:,} copies: {right:,} found, {len(found) - right} wrong, "
        f"{time.perf_counter() - start:.0f} s"
    )


PARTS = {"detect": detect, "copies": copies, "outliers": rank_outliers, "times": times,
         "many": many}  # fmt: skip

if __name__ == "__main__":
    main()
