"""Killing scripts at random times: what they leave is whole, and the same command ends the work.

A script is run to its end once. Then it is run again, each time in a new folder, and killed after a
random time. Every file with a final name must be whole, no process may be left, and the same
command (for a training with --resume) must end with the same result, bit for bit, and clear away
what was unfinished. The scripts are in `victims`; they are started by `launch`.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chaos.campaign import Tally, count_outcome
from benchmarks.chaos.launch import Plain, Started, Zygote, launcher
from benchmarks.chaos.victims import VICTIMS, Victim, make_inputs
from foreign import archives, arrays, networks, records
from runs.rows import sound_rows

SIGNALS = ("SIGKILL", "SIGKILL", "SIGTERM", "SIGINT")
_UNFINISHED = (".unfinished-", ".part", ".building-", ".old-")  # in names that nobody reads
_CACHES = ("keras-gan", "gan-publish")  # the project's own, in the user's folder of caches
_ENDS = {"SIGTERM": (-15, 143), "SIGINT": (-2, 130), "SIGKILL": (-9,)}  # exit codes after them


def attack(name: str, count: int, seed: int, place: Path, until: float) -> Tally:
    """Kill the script `count` times, or until that time; `Tally.slowest` is the longest try."""
    start = launcher()
    try:
        return Kills(VICTIMS[name], start, place).attack(name, count, seed, until)
    finally:
        start.close()


class Kills:
    """One script, started by `start`, with its inputs and results in `place`."""

    def __init__(self, victim: Victim, start: Plain | Zygote, place: Path) -> None:
        self._victim, self._start, self._place = victim, start, place
        self._inputs = make_inputs(place / "inputs")

    def attack(self, name: str, count: int, seed: int, until: float) -> Tally:
        """Kill it `count` times, or until that time."""
        whole = self._place / "whole"
        begin = time.monotonic()
        self._end(self._victim.words(self._inputs, whole), whole)
        took, wanted = time.monotonic() - begin, self._victim.result(whole)
        tally = Tally()
        for number in range(count):
            if time.monotonic() > until:
                break
            rng = random.Random(f"{seed} {number}")
            after = max(self._start.first, rng.random() * took)
            begin = time.monotonic()
            out = self._place / f"{number}"
            found = self._kill(out, after, rng.choice(SIGNALS), wanted)
            tally.slowest = max(tally.slowest, time.monotonic() - begin)
            count_outcome(tally, found, f"{name}: seed {seed}, kill {number}, {after:.2f} s")
            if found == "read":
                shutil.rmtree(out, ignore_errors=True)
        return tally

    def _begin(self, words: list[str], out: Path) -> Started:
        out.mkdir(parents=True, exist_ok=True)
        said = self._place / f"{out.name}.txt"
        return self._start.start(words, said, {"XDG_CACHE_HOME": str(out / "home")})

    def _end(self, words: list[str], out: Path) -> None:
        started = self._begin(words, out)
        if code := started.wait(None):
            raise RuntimeError(f"{' '.join(words)}: {code}: {started.words()[-500:]}")

    def _kill(self, out: Path, after: float, which: str, wanted: object) -> str:
        victim = self._victim
        started = self._begin(victim.words(self._inputs, out), out)
        code = started.wait(after)
        if code is None:
            started.send(getattr(signal, which))
            code = started.wait(None)
            if code not in (0, *_ENDS[which]):
                return f"exit code {code} after {which}: {started.words()[-200:]}"
        if "Traceback" in (said := started.words()):
            return f"a traceback after {which}: {said[-400:]}"
        if left := _left(started.pid):
            return f"processes left after {which}: {left}"
        if wrong := [each for path in _written(out) if (each := damage(path))]:
            return f"a damaged file after {which}: {wrong[0]}"
        try:
            if words := victim.again(self._inputs, out):
                self._end(words, out)
        except RuntimeError as error:
            return f"not ended after {which}: {error}"
        if not victim.leaves and (rest := unfinished(out)):
            return f"unfinished files left after {which}: {rest[0]}"
        return "read" if victim.result(out) == wanted else f"another result after {which}: {out}"


def _written(out: Path) -> list[Path]:
    """What the project has written: of the home folder only its own caches."""
    foreign = {path for path in (out / "home").glob("*") if path.name not in _CACHES}
    return [path for path in sorted(out.rglob("*")) if foreign.isdisjoint((path, *path.parents))]


def unfinished(folder: Path) -> list[Path]:
    """Files and folders below `folder` that nobody reads and nobody needs."""
    found = (path for path in folder.rglob("*") if any(word in path.name for word in _UNFINISHED))
    return sorted(found)


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
        elif path.suffix == ".csv":
            table = records.read_table(path)
            of_steps = bool(table) and table[0][1][0] == "step"
            if lines := sound_rows(path)[1] if of_steps else 0:
                return f"{path}: {lines} lines"
        elif path.suffix in (".png", ".gif", ".webp"):
            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".keras":
            networks.check(path)
        elif path.suffix == ".h5":
            archives.check_weights(path, str(path), path.stat().st_size)
        elif path.suffix == ".npy":
            arrays.mapped(path)
        elif path.suffix == ".npz":
            with np.load(path) as held:
                list(held.values())
        elif path.suffix == ".sqlite":  # one without tables yet is an empty file
            with contextlib.closing(sqlite3.connect(path)) as held:
                (words,) = held.execute("PRAGMA integrity_check").fetchone()
            if words != "ok":
                return f"{path}: {words}"
        elif not path.stat().st_size:
            return f"{path}: it is empty"
    except (OSError, ValueError, SyntaxError, zipfile.BadZipFile, sqlite3.Error) as error:
        return f"{path}: {error}"
    return None
