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
from studies.plan import Study


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
            show(*listing(chosen))
            return 0
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
    return parser


def build_study(parsed: argparse.Namespace) -> tuple[Study, Study]:
    """The study that the options describe, and the part of it to train. Raises `UserError`."""
    if wrong := problem(parsed.out):
        raise UserError(f"--out {shown(parsed.out)} {wrong}")
    study = plans.load(parsed.study, parsed.scale, parsed.seeds, parsed.out)
    chosen = [name.strip() for name in parsed.claims.split(",") if name.strip()]
    return study, study.only(chosen) if chosen else study


def listing(study: Study) -> list[str]:
    """What a study trains and tests, line by line."""
    lines = [f"{study.title} ({study.scale}: {study.about_scale})"]
    for name, plan in study.plans.items():
        settings = plan.settings
        length = f"{settings.minutes:g} min" if settings.minutes else ""
        if not (arms := study.arms(name)):
            continue
        lines.append(f"{name}: {len(arms)} arms × {study.seeds} seeds on {settings.data}")
        lines += [
            f"  {arm}: {length or f'{plan.entries[arm].steps:,} steps'} of {study.words[name][arm]}"
            for arm in arms
        ]
    for claim in study.claims:
        lines.append(f"{claim.name}: {claim.text}")
        lines += [f"  {test}" for test in claim.tests]
    return lines


def _carry_out(study: Study, chosen: Study, folder: Path, limit: float) -> int:
    """Train the runs of `chosen`, then report the whole study."""
    from studies import carrying_out, report

    begin = time.monotonic()
    work = carrying_out.Work(
        chosen, folder, show, out_of_time=lambda: time.monotonic() - begin > limit
    )
    work.check()
    folders.open_folder(study, folder)
    show(f"{len(list(carrying_out.runs(chosen)))} runs in {folder}")
    try:
        work.go()
    finally:
        path = report.write(study, folder)
    table = path.read_text("utf-8").split("\n\n")[1]
    show("", *table.splitlines(), "", f"wrote {path}")
    return 0
