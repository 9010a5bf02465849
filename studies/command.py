"""`study.py`: a plan in, its runs, and a report with verdicts out."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from console import backend, options
from console.ending import carry_out
from console.errors import UserError
from console.screen import show
from foreign import numbers
from foreign.names import problem
from foreign.numbers import shown
from studies import folder as folders
from studies import plan as plans
from studies.claims import ClaimStudy
from studies.searches import Search
from studies.study import Study


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `study.py` and exit: 0 done, 2 a mistake (one line on stderr), 130 Ctrl-C."""
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """`main` without the exit: returns the exit code."""
    parser = build_parser()
    parsed = parser.parse(arguments)

    def work() -> int:
        study, chosen = build_study(parsed)
        if parsed.list:
            show(*chosen.listing())
            return 0
        if parsed.cost:
            return _say_cost(chosen, parsed.cost * 1e12)
        folder = Path(parsed.out) / f"study-{study.name}-{study.scale}"
        folders.check(study, folder)
        backend.wake()
        return _carry_out(study, chosen, folder, 60 * parsed.budget)

    return carry_out(parser.prog, work, "the same command continues it")


def build_parser() -> options.Parser:
    """The options of study.py."""
    parser = options.Parser(
        description="Carry out a study: train all arms of its plan, test its claims by the rules "
        "in the plan, write a report. The same command continues an interrupted study, and several "
        "processes may carry out one study together: start the command again in another terminal.",
        epilog=f"Studies: {', '.join(plans.names())}.",
    )
    add = parser.add_argument
    add("study", metavar="STUDY", help="a study of the project, or a file that ends in .toml")
    add("--scale", default="small", metavar="NAME", help="a scale of the plan (default small)")
    add("--claims", default="", metavar="NAMES",
        help="train only the arms of these claims, with commas between (default: all)")  # fmt: skip
    add("--seeds", type=numbers.whole(1), default=None, metavar="N",
        help="runs of every arm (default: the plan's)")  # fmt: skip
    add("--budget", type=numbers.real(above=0), default=float("inf"), metavar="MINUTES",
        help="stop and report after this many minutes (default: none)")  # fmt: skip
    add("--out", default="samples", metavar="NAME",
        help="folder in which the study's folder is made (default samples)")  # fmt: skip
    add("--list", action="store_true", help="print the arms and claims, and train nothing")
    add("--cost", type=numbers.real(above=0), default=None, metavar="TFLOPS",
        help="print how long the training takes at so many 10^12 operations a second, and train "
        "nothing; GPUs reach about a fifth of their matrix peak")  # fmt: skip
    return parser


def build_study(parsed: argparse.Namespace) -> tuple[Study, Study]:
    """The study that the options describe, and the part of it to train. Raises `UserError`."""
    if wrong := problem(parsed.out):
        raise UserError(f"--out {shown(parsed.out)} {wrong}")
    study = plans.load(parsed.study, parsed.scale, parsed.seeds, parsed.out)
    chosen = [name.strip() for name in parsed.claims.split(",") if name.strip()]
    if not chosen:
        return study, study
    if not isinstance(study, ClaimStudy):
        raise UserError(f"{study.name} searches and claims nothing; leave out --claims")
    return study, study.only(chosen)


def _say_cost(study: Study, speed: float) -> int:
    backend.wake()
    from studies import cost

    show(*cost.listing(study, speed))
    return 0


def _carry_out(study: Study, chosen: Study, folder: Path, limit: float) -> int:
    """Train the runs of `chosen`, then report the whole study."""
    from studies import carrying_out

    begin = time.monotonic()
    work = carrying_out.Work(folder, show, out_of_time=lambda: time.monotonic() - begin > limit)
    work.check(chosen)
    folders.open_folder(study, folder)
    show(f"{len(list(chosen.runs()))} runs in {folder}")
    try:
        work.go(chosen)
    finally:
        path = _report(study, folder)
    lines = path.read_text("utf-8").split("\n## ")[0].splitlines()
    show("", *(line for line in lines if line.startswith("|")), "", f"wrote {path}")
    return 0


def _report(study: Study, folder: Path) -> Path:
    """Write the report of a study of either kind; returns its path."""
    from studies import report, search_report

    if isinstance(study, ClaimStudy):
        return report.write(study, folder)
    assert isinstance(study, Search)
    return search_report.write(study, folder)
