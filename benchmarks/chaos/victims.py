"""The scripts that are killed, and what they must come to in the end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TINY = [
    "--latent-dim=8", "--batch-size=4", "--precision=float32", "--picture-rows=2",
    "--picture-columns=2", "--workers=1", "--quality-samples=0",
]  # fmt: skip
SMALL = ["--resolution=32", "--g-filters=16", "--d-filters=8"]
_GROWING = [
    "--resolution=8", "--filters=64", "--most-filters=8", "--most-batch=8", "--batch-sides=64",
    "--stable-pictures=16", "--fade-pictures=16",
]  # fmt: skip
_CHANGING = ("created", "seconds", "versions", "subject")  # of a record of measurements


@dataclass(frozen=True)
class Victim:
    """A script that is killed.

    words    (folder of the inputs, folder of the results) → its command line
    again    (the same) → the command line that ends the work after a kill; empty: it has ended
    result   folder of the results → what must be the same in the end
    leaves   whether what was unfinished may stay after the second call, in a folder of the first
    """

    words: Callable[[Path, Path], list[str]]
    again: Callable[[Path, Path], list[str]]
    result: Callable[[Path], object]
    leaves: bool = False


def make_inputs(folder: Path) -> Path:
    """A folder with many pictures, with few, and with a generator, for the scripts."""
    from benchmarks.chaos.targets import generator_file
    from console.backend import held_back_stderr

    rng = np.random.default_rng(0)
    for name, count in (("pictures", 400), ("few", 60)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).resize((96, 96)).save(folder / name / f"{number:04d}.png")
    with held_back_stderr():
        generator_file(folder)
    return folder


def _train(recipe: str, sizes: list[str]) -> Callable[[Path, Path], list[str]]:
    def words(inputs: Path, out: Path) -> list[str]:
        return ["train.py", recipe, *TINY, *sizes, "--steps=12", "--checkpoint-every=2",
                "--picture-every=3", f"--data={inputs / 'pictures'}",
                f"--out={out / 'runs'}", f"--cache-dir={out / 'cache'}"]  # fmt: skip

    return words


def _resumed(words: Callable[[Path, Path], list[str]]) -> Callable[[Path, Path], list[str]]:
    def again(inputs: Path, out: Path) -> list[str]:
        if any((out / "runs").glob("*/generator.keras")):
            return []
        kept = any((out / "runs").glob("*/checkpoints/checkpoint-*.h5"))
        return [*words(inputs, out), *(["--resume"] if kept else [])]

    return again


def _prepare(inputs: Path, out: Path) -> list[str]:
    return ["prepare.py", str(inputs / "pictures"), "--resolution", "64", "--cache", str(out),
            "--workers", "2", "--sheet", str(out / "sheet.png")]  # fmt: skip


def _faces(inputs: Path, out: Path) -> list[str]:
    return ["prepare.py", str(inputs / "few"), "--faces", str(out / "faces"),
            "--no-detect", "--no-outliers", "--least-side", "1", "--workers", "2"]  # fmt: skip


def _generate(inputs: Path, out: Path) -> list[str]:
    return ["generate.py", str(inputs / "a.keras"), "--out", str(out / "made"), "--count", "200",
            "--write", "png", "sheet", "npz", "--batch-size", "16"]  # fmt: skip


def _evaluate(inputs: Path, out: Path) -> list[str]:
    return ["evaluate.py", str(inputs / "a.keras"), "--real", str(inputs / "few"),
            "--samples", "24", "--data-cache", str(out / "data"),
            "--feature-cache", str(out / "features"), "--bootstrap", "3",
            "--json", str(out / "records.json"), "--out", str(out / "report")]  # fmt: skip


def _export(inputs: Path, out: Path) -> list[str]:
    return ["export.py", str(inputs / "a.keras"), "--out", str(out / "made"),
            "--format", "keras", "saved_model"]  # fmt: skip


def _publish(inputs: Path, out: Path) -> list[str]:
    # A Space, since a page needs a runtime that is fetched.
    return ["publish.py", str(inputs / "a.keras"), str(out / "made"), "--space"]


def _compare(inputs: Path, out: Path) -> list[str]:
    return ["compare.py", "gan", "wgan_gp", "--data", "ring", "--steps", "6", "--marks", "3",
            "--seeds", "1", "--width", "8", "--count", "500", "--out", str(out)]  # fmt: skip


def _replacing(words: Callable[[Path, Path], list[str]]) -> Callable[[Path, Path], list[str]]:
    return lambda inputs, out: [*words(inputs, out), "--overwrite"]


def _weights(out: Path) -> object:
    """The digest of the weights of the newest run's generator."""
    return _digest_of_network(max((out / "runs").glob("*/generator.keras")))


def _digest_of_network(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return hashlib.sha256(archive.read("model.weights.h5")).hexdigest()


def _digests(out: Path, *patterns: str) -> dict[str, str]:
    """The digest of every file of these names."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in patterns
        for path in sorted(out.glob(pattern))
    }


def _records(out: Path) -> object:
    records = json.loads((out / "records.json").read_text("utf-8"))
    kept = [{k: v for k, v in record.items() if k not in _CHANGING} for record in records]
    return kept, sorted(path.name for path in (out / "report").iterdir())


def _exports(out: Path) -> object:
    names = sorted(
        path.relative_to(out).as_posix() for path in (out / "made").rglob("*") if path.is_file()
    )
    return names, _digest_of_network(out / "made" / "keras" / "generator.keras")


def _space(out: Path) -> object:
    known = json.loads((out / "made" / "model.json").read_text("utf-8"))
    names = sorted(path.name for path in (out / "made").iterdir())
    return names, known["labels"], _digests(out, "made/app.py", "made/requirements.txt")


def _comparison(out: Path) -> object:
    """Plan, curves and pictures of a comparison, without the seconds that it took."""
    found: dict[str, Any] = _digests(out, "*/plan.json", "*/runs/*/samples.png")
    for path in sorted(out.glob("*/runs/*/result.json")):
        result = json.loads(path.read_text("utf-8"))
        del result["seconds"]
        found[path.parent.name] = result
    report = next(out.glob("*/report.md"), None)
    with contextlib.suppress(AttributeError):
        lines = report.read_text("utf-8").splitlines()  # type: ignore[union-attr]
        found["report"] = [line for line in lines if not line.startswith("|")]
    return found


_sagan, _pggan = _train("SAGAN_V6", SMALL), _train("pggan", _GROWING)
VICTIMS = {
    "prepare": Victim(_prepare, _prepare, lambda out: _digests(out, "*/*.npy", "sheet.png")),
    "prepare --faces": Victim(
        _faces, _faces, lambda out: _digests(out, "faces/faces/*.png", "faces/manifest.csv")
    ),
    "train": Victim(_sagan, _resumed(_sagan), _weights, leaves=True),
    "train growing": Victim(_pggan, _resumed(_pggan), _weights, leaves=True),
    "generate": Victim(
        _generate, _replacing(_generate), lambda out: _digests(out, "made/*.png", "made/*.npz")
    ),
    "evaluate": Victim(_evaluate, _replacing(_evaluate), _records),
    "export": Victim(_export, _replacing(_export), _exports),
    "publish": Victim(_publish, _replacing(_publish), _space),
    "compare": Victim(_compare, _compare, _comparison),
}
