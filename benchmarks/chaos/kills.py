"""Killing scripts at random times: what they leave is whole, and the same command ends the work.

A script is run to its end once. Then it is run again, each time in a new folder, and killed after a
random time. Every file with a final name must be whole, no process may be left, and the same
command (for a training with --resume) must end with the same result, bit for bit.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chaos.campaign import Tally, count_outcome
from foreign import archives, arrays, records
from runs.rows import sound_rows

ROOT = Path(__file__).parents[2]
_STARTED = 0.2  # seconds after which Python itself has started
SIGNALS = ("SIGKILL", "SIGKILL", "SIGTERM", "SIGINT")
_UNFINISHED = (".unfinished-", ".part", ".building-", ".old-")  # in names that nobody reads
_TINY = [
    "--resolution=32", "--g-filters=16", "--d-filters=8", "--latent-dim=8", "--batch-size=4",
    "--precision=float32", "--picture-rows=2", "--picture-columns=2", "--workers=1", "--steps=12",
    "--checkpoint-every=2", "--picture-every=3", "--quality-samples=0",
]  # fmt: skip


@dataclass(frozen=True)
class Script:
    """A script that is killed.

    words    (folder of the pictures, folder of the results) → its command line
    again    (the same) → the command line that ends the work after a kill; empty: it has ended
    result   folder of the results → what must be the same in the end
    """

    words: Callable[[Path, Path], list[str]]
    again: Callable[[Path, Path], list[str]]
    result: Callable[[Path], object]


def _train(data: Path, out: Path) -> list[str]:
    return ["train.py", "SAGAN_V6", *_TINY, f"--data={data}", f"--out={out / 'runs'}",
            f"--cache-dir={out / 'cache'}"]  # fmt: skip


def _resume(data: Path, out: Path) -> list[str]:
    if any((out / "runs").glob("*/generator.keras")):
        return []
    kept = any((out / "runs").glob("*/checkpoints/checkpoint-*.h5"))
    return [*_train(data, out), *(["--resume"] if kept else [])]


def _prepare(data: Path, out: Path) -> list[str]:
    return ["prepare.py", str(data), "--resolution", "64", "--cache", str(out), "--workers", "2"]


def _weights(out: Path) -> object:
    """The digest of the weights of the newest run's generator."""
    path = max((out / "runs").glob("*/generator.keras"))
    with zipfile.ZipFile(path) as archive:
        return hashlib.sha256(archive.read("model.weights.h5")).hexdigest()


def _cache(out: Path) -> object:
    (path,) = out.glob("*/images.npy")
    return hashlib.sha256(path.read_bytes()).hexdigest()


SCRIPTS = {
    "prepare": Script(_prepare, _prepare, _cache),
    "train": Script(_train, _resume, _weights),
}


def attack(name: str, count: int, seed: int, place: Path, until: float) -> Tally:
    """Kill the script `count` times, or until that time."""
    script, tally = SCRIPTS[name], Tally()
    data = _pictures(place / "pictures")
    begin = time.monotonic()
    _end(script.words(data, place / "whole"))
    took, wanted = time.monotonic() - begin, script.result(place / "whole")
    for number in range(count):
        if time.monotonic() > until:
            break
        rng = random.Random(f"{seed} {number}")
        after = max(_STARTED, rng.random() * took)
        found = _kill(script, data, place / f"{number}", after, rng, wanted)
        count_outcome(tally, found, f"{name}: seed {seed}, kill {number}")
    return tally


def _pictures(folder: Path, count: int = 400) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 96)).save(folder / f"{number:04d}.png")
    return folder


def _start(words: list[str]) -> subprocess.Popen:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, start_new_session=True, env=environment, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def _end(words: list[str]) -> None:
    process = _start(words)
    said = process.communicate()[1]
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said[-500:]}")


def _kill(
    script: Script, data: Path, out: Path, after: float, rng: random.Random, wanted: object
) -> str:
    process = _start(script.words(data, out))
    which = rng.choice(SIGNALS)
    try:
        said = process.communicate(timeout=after)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(getattr(signal, which))
        said = process.communicate()[1]
    if "Traceback" in said:
        return f"a traceback after {which}: {said[-200:]}"
    if left := _left(process.pid):
        return f"processes left after {which}: {left}"
    if wrong := [each for path in sorted(out.rglob("*")) if (each := damage(path))]:
        return f"a damaged file after {which}: {wrong[0]}"
    try:
        if words := script.again(data, out):
            _end(words)
    except RuntimeError as error:
        return f"not ended after {which}: {error}"
    return "read" if script.result(out) == wanted else f"another result after {which}: {out}"


def _left(session: int, patience: float = 5.0) -> list[str]:
    """The processes of a session that are there after some seconds."""
    until = time.monotonic() + patience
    while True:
        listed = subprocess.run(["ps", "-o", "pid=", "-s", str(session)], capture_output=True)
        found = listed.stdout.decode().split()
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.2)


def damage(path: Path) -> str | None:
    """Why the file is not whole, or None; files with unfinished names are not looked at."""
    if not path.is_file() or any(word in str(path) for word in _UNFINISHED):
        return None
    try:
        if path.suffix == ".json":
            records.read_json(path)
        elif path.suffix == ".csv" and (lines := sound_rows(path)[1]):
            return f"{path}: {lines} lines"
        elif path.suffix in (".png", ".gif"):
            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".keras":
            archives.check_network(path)
        elif path.suffix == ".h5":
            archives.check_weights(path, str(path), path.stat().st_size)
        elif path.suffix == ".npy":
            arrays.mapped(path)
    except (OSError, ValueError, SyntaxError) as error:
        return f"{path}: {error}"
    return None
