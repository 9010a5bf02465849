"""The report on claims: their table first, then a plot and a sheet for each of them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from comparison import pictures
from comparison.table import Mean
from console.wording import counted, duration, listed
from foreign.files import write_text
from studies import verdict
from studies.claims import Claim, ClaimStudy, Side
from studies.results import Results, judged_by
from studies.verdict import Outcome


def write(study: ClaimStudy, folder: Path) -> Path:
    """Write report.md with its pictures into the study's folder; returns its path."""
    results = Results(study, folder)

    def values(side: Side) -> dict[int, float]:
        return results.numbers(side.comparison, side.arm, side.measure, side.quantity)

    outcomes = verdict.judge(study.claims, values)
    lines = [f"# {study.title}", "", *_table(study, outcomes), "", *_frame(study, results)]
    for claim in study.claims:
        lines += ["", *_section(study, folder, claim, outcomes[claim.name])]
    path = folder / "report.md"
    write_text(path, "\n".join(lines) + "\n", shared=True)
    return path


def _table(study: ClaimStudy, outcomes: dict[str, list[Outcome]]) -> list[str]:
    lines = [f"| claim | at the scale `{study.scale}` | what was seen |", "|---|---|---|"]
    for number, claim in enumerate(study.claims, start=1):
        found = outcomes[claim.name]
        seen = "; ".join(_brief(each) for each in found if each.test.expect) or "–"
        lines.append(
            f"| {number}. {claim.text} | **{verdict.of_claim(found) or 'shown'}** | {seen} |"
        )
    return lines


def _brief(outcome: Outcome) -> str:
    """A test in a few words, with its mark."""
    mark = {
        verdict.SUPPORTED: "yes", verdict.CONTRADICTED: "no", verdict.NOT_SEEN: "?",
        verdict.WAITING: "…",
    }[outcome.verdict]  # fmt: skip
    return f"{outcome.test}: {_number(outcome.gap, sign=True)} ({mark})"


def _frame(study: ClaimStudy, results: Results) -> list[str]:
    """How it was decided, at what scale, and what is missing."""
    tests = sum(bool(test.expect) for claim in study.claims for test in claim.tests)
    lines = [
        study.about,
        "",
        f"{counted(study.seeds, 'seed')}; {study.about_scale}".rstrip("; ") + ". "
        f"A difference is of means over seeds, with its 95 % interval (Welch's t; paired for two "
        f"numbers of one run). The verdict uses p after Holm's correction for all {tests} tests: "
        f"below {verdict.LEVEL:g} the difference counts, and its direction decides.",
        "",
        f"All runs trained for {duration(results.seconds())} together.",
    ]
    return lines + missing(results)


def missing(results: Results) -> list[str]:
    """The runs that diverged or are left, a paragraph for each kind."""
    lines = []
    for state, words in (("failed", "Diverged, and counted as the worst"),
                         ("waiting", "Not begun"), ("unfinished", "Not finished")):  # fmt: skip
        if found := results.count(state):
            lines += ["", f"{words}: {listed(found)}."]
    return lines


def _section(study: ClaimStudy, folder: Path, claim: Claim, outcomes: list[Outcome]) -> list[str]:
    lines = [f"## {claim.text}", "", f"**{verdict.of_claim(outcomes) or 'Shown'}.**", ""]
    lines += [f"- {_sentence(each)}" for each in outcomes]
    for name in study.plans:
        arms = claim.arms(name)
        if not arms:
            continue
        better, protocol = judged_by(folder / name)
        plan = dataclasses.replace(
            study.plans[name], entries={arm: study.plans[name].entries[arm] for arm in arms}
        )
        measures = dict.fromkeys(
            [side.measure for side in claim.sides if side.comparison == name]
            + [measure for measure in better if measure.startswith("FD-")]
        )
        for drawn, kind, caption in (
            (pictures.curves, "curves", "means over seeds, all seeds' range shaded"),
            (pictures.samples, "samples", "the first finished run of each arm"),
        ):
            picture = folder / f"{claim.name}-{name}-{kind}.png"
            given = (measures, picture) if kind == "curves" else (picture,)
            if drawn(plan, folder / name, *given):
                lines += ["", f"![{name}: {caption}]({picture.name})"]
        lines += ["", *_arms(study, name, arms), "", protocol]
    return lines


def _arms(study: ClaimStudy, name: str, arms: list[str]) -> list[str]:
    """What each arm is, as compare.py is told it."""
    return [f"- `{arm}`: `{study.words[name][arm]}`" for arm in arms]


def _sentence(outcome: Outcome) -> str:
    """A test with its numbers."""
    other = f" against {outcome.other}" if not math.isnan(outcome.other.value) else ""
    words = f"{outcome.test}: {_number(outcome.one)}{other}, difference "
    words += _number(outcome.gap, sign=True)
    if not math.isnan(outcome.p):
        words += f", p {outcome.p:.2g}"
        if not math.isnan(outcome.corrected):
            words += f" (corrected {outcome.corrected:.2g})"
    return f"{words}: **{outcome.verdict}**" if outcome.verdict else words


def _number(mean: Mean, sign: bool = False) -> str:
    if math.isnan(mean.value):
        return "–"
    text = str(mean)
    return f"+{text}" if sign and mean.value > 0 else text.replace("-", "−", 1)
