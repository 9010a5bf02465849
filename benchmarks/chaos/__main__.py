"""The campaign: `python -m benchmarks.chaos --inputs 100000 --minutes 60`.

It changes files of every kind that the project reads, and gives absurd values to every option of
every script; with --kills it kills scripts at random times (see `kills`). An input must be read or
be refused by one line; anything else is a failure, of which the seed and the number are printed, so
that it can be repeated with --only. The same seed makes the same inputs. A small part of it is in
CI: `tests/chaos/`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from benchmarks.chaos import campaign, kills, memory
from benchmarks.chaos.campaign import Tally
from benchmarks.chaos.options import attack_options
from benchmarks.chaos.targets import TARGETS
from benchmarks.chaos.victims import VICTIMS
from foreign import numbers

_SHARE_OF_SLOW = 0.1  # inputs of a slow target, of those of another


def main() -> int:
    """Try all, print a table; 1 if anything failed."""
    options = _parser().parse_args()
    if options.memory:
        return _look_at_memory(options.pictures, options.steps)
    wanted = [name for name in TARGETS if not options.only or options.only in name]
    until = time.monotonic() + 60 * options.minutes
    each = max(1, options.inputs // max(1, len(wanted)))
    found = {}
    for number, name in enumerate(wanted):
        share = (until - time.monotonic()) / (len(wanted) - number)
        count = max(1, int(each * _SHARE_OF_SLOW)) if TARGETS[name].slow else each
        found[name] = _alone(name, count, options.seed, share)
    if not options.only:
        found |= {f"options of {name}": tally for name, tally in attack_options().items()}
    for name in VICTIMS if options.kills else ():
        if options.victim not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="chaos-") as place:
            found[f"kills of {name}"] = kills.attack(
                name, options.kills, options.seed, Path(place), until
            )
    print(table(found))
    return int(any(tally.failed for tally in found.values()))


def _look_at_memory(pictures: int, steps: int) -> int:
    """Print how memory grows; 1 if it grows by more than it may."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as place:
        found = []
        for look, count in ((memory.of_reading, pictures), (memory.of_training, steps)):
            if count:
                found.append(look(count, Path(place)))
                print(found[-1], flush=True)
    return int(any(each.failed for each in found))


def _alone(name: str, count: int, seed: int, seconds: float) -> Tally:
    """`campaign.measured` in a process of its own: changed bytes may end it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        try:
            return pool.submit(campaign.measured, name, count, seed, seconds).result()
        except BrokenProcessPool:
            tally = Tally()
            tally.counts["its process ended"] = 1
            tally.failures.append(f"its process ended, seed {seed}")
            return tally


def table(found: dict[str, Tally]) -> str:
    """What was tried, by kind: how many were read, refused and failed, the slowest, the memory."""
    width = max(map(len, found))
    lines = [f"{'':{width}}  {'tried':>7} {'read':>7} {'refused':>8} {'failed':>7} {'slowest':>8} "
             f"{'memory':>8}"]  # fmt: skip
    for name, tally in found.items():
        memory = f"{tally.peak / 1e6:,.0f} MB" if tally.peak else ""
        lines.append(
            f"{name:{width}}  {tally.counts.total():>7,} {tally.counts['read']:>7,} "
            f"{tally.counts['refused']:>8,} {tally.failed:>7,} {tally.slowest:>6.2f} s {memory:>8}"
        )
    total = sum(tally.counts.total() for tally in found.values())
    failed = sum(tally.failed for tally in found.values())
    lines.append(f"{'all':{width}}  {total:>7,} {'':>7} {'':>8} {failed:>7,}")
    for name, tally in found.items():
        lines += [f"{name}: {words}" for words in tally.failures]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chaos", description=__doc__.splitlines()[0], allow_abbrev=False
    )
    add = parser.add_argument
    add("--inputs", type=numbers.whole(1), default=20_000, help="changed files (default 20000)")
    add("--minutes", type=numbers.real(above=0), default=30, help="at most (default 30)")
    add("--kills", type=numbers.whole(), default=0, help="of each script (default 0)")
    add("--victim", default="", metavar="WORD", help="only scripts with this in their name")
    add("--seed", type=numbers.seed, default=0, help="of all changes (default 0)")
    add("--memory", action="store_true", help="instead, look whether memory grows")
    add("--pictures", type=numbers.whole(), default=10_000, help="read for that (default 10000)")
    add("--steps", type=numbers.whole(), default=5_000, help="taken for that (default 5000)")
    add("--only", default="", metavar="WORD", help="only kinds of files with this in their name")
    return parser


if __name__ == "__main__":
    sys.exit(main())
