"""`compare.py`: options in, report out."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from typing import NoReturn

from comparison import plan as plans
from console import backend, options
from console.ending import carry_out
from console.errors import user_errors
from console.screen import show
from console.wording import counted
from models import recipes
from models.systems.gan.recipe import GANRecipe
from training import device
from training.command import choose_precision


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `compare.py` and exit: 0 done, 2 a mistake (one line on stderr), 130 Ctrl-C."""
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """`main` without the exit: returns the exit code."""
    parser = build_parser()
    parsed = parser.parse(arguments)

    def work() -> int:
        plan = build_plan(parsed)
        backend.wake()
        return _compare(plan)

    return carry_out(parser.prog, work, "the same command continues it")


def build_parser() -> options.Parser:
    """The options of compare.py."""
    parser = options.Parser(
        description="Train recipes side by side, measure all in the same way, and write a report. "
        "The same command continues an interrupted comparison.",
        epilog=f"Recipes: {recipes.listed()}. A variation of one: "
        "gan:g_term=mode_seeking,g_term_weight=0.1",
    )
    parser.add_argument("recipes", metavar="RECIPE", nargs="+", help="what to compare")
    options.add_fields(parser, plans.CompareSettings)
    skipped = ("name", "point_dim", "steps", "label_kind", "num_labels")
    options.add_fields(parser, GANRecipe, skip=skipped)
    return parser


def build_plan(parsed: argparse.Namespace) -> plans.Plan:
    """The plan that the options describe. Raises `UserError`."""
    with user_errors(ValueError):
        settings = plans.CompareSettings(**options.given(parsed, plans.CompareSettings))
        if settings.minutes and "steps" in options.given(parsed, plans.CompareSettings):
            raise ValueError("--minutes says how long a run trains; leave out --steps")
    changes = options.given(parsed, GANRecipe)
    changes.pop("steps", None)
    return plans.make(parsed.recipes, changes, settings)


def _with_precision(plan: plans.Plan) -> plans.Plan:
    """The plan with the precision that "auto" means on this machine."""
    precision = choose_precision(plan.settings.precision, device.find()).value
    return dataclasses.replace(
        plan, settings=dataclasses.replace(plan.settings, precision=precision)
    )


def _compare(plan: plans.Plan) -> int:
    from comparison import judges, report, timing, trials

    begin = time.monotonic()
    limit = plan.settings.budget * 60

    def out_of_time() -> bool:
        return bool(limit) and time.monotonic() - begin > limit

    plan = _with_precision(plan)
    data = trials.open_data(plan)
    trials.check(plan, data)
    judge = judges.choose(plan.settings, data, plan.entries.values())
    folder = trials.open_plan(plan, data, judge.better)
    if plan.settings.minutes:
        show(f"timing a step of {counted(len(plan.entries), 'recipe')} …")
    plan = timing.timed(plan, folder, data)
    show(f"{len(plan.runs())} runs in {folder}")
    try:
        trials.train(plan, folder, data, judge, out_of_time, show)
    finally:
        paths = report.write(plan, folder, judge.better, judge.protocol)
    text = paths[0].read_text("utf-8").split("![")[0].rstrip()
    show("", *text.splitlines(), "", "wrote " + " and ".join(map(str, paths)))
    return 0
