"""The report of a comparison: table, findings, curves and samples, in Markdown and HTML."""

from __future__ import annotations

import dataclasses
import html
import math
from pathlib import Path

from comparison import pictures
from comparison.plan import Plan
from comparison.table import Row, best, rows, verdicts
from console.wording import counted, duration
from foreign.files import write_text


@dataclasses.dataclass(frozen=True)
class Content:
    """The content of a report, for Markdown and HTML.

    Attributes:
        title: a line.
        paragraphs: how it was measured.
        head: the table's first line.
        body: its other lines, as text.
        bold: the cells (line, column) whose mean is the best.
        found: (title, sentence) of every entry against the first.
        first: the first entry's title.
        pictures: (file name, caption).
    """

    title: str
    paragraphs: list[str]
    head: list[str]
    body: list[list[str]]
    bold: set[tuple[int, int]]
    found: list[tuple[str, str]]
    first: str
    pictures: list[tuple[str, str]]


def write(plan: Plan, folder: Path, better: dict[str, str], protocol: str) -> list[Path]:
    """Write report.md and report.html with their pictures; returns the two."""
    table = rows(plan, folder, list(better))
    drawings = []
    if pictures.curves(plan, folder, better, folder / "curves.png"):
        drawings.append(("curves.png", "Means over seeds by step, all seeds' range shaded"))
    if pictures.samples(plan, folder, folder / "samples.png"):
        drawings.append(("samples.png", "Samples of every entry's first finished run"))
    head, body, bold = _cells(table, better)
    content = Content(
        f"{counted(len(table), 'recipe')} on {plan.settings.data}",
        _paragraphs(plan, table, protocol),
        head,
        body,
        bold,
        verdicts(table, better),
        table[0].title,
        drawings,
    )
    paths = [folder / "report.md", folder / "report.html"]
    for path, text in zip(paths, (_markdown(content), _html(content)), strict=True):
        write_text(path, text, shared=True)
    return paths


def _paragraphs(plan: Plan, table: list[Row], protocol: str) -> list[str]:
    settings = plan.settings
    lines = [
        f"{_length(plan)}, {counted(settings.seeds, 'seed')}, {settings.precision}. Numbers are "
        "means of the finished runs at the last step with 95 % t-intervals over seeds; ↑ more is "
        "better, ↓ less is better. The best mean is bold; this means nothing if intervals overlap.",
        f"Protocol: {protocol}",
    ]
    waiting = [
        f"{row.title} ({row.done} of {settings.seeds})"
        for row in table
        if row.done + row.failed < settings.seeds
    ]
    if waiting:
        lines.append(f"Not all runs are finished: {', '.join(waiting)}.")
    failed = [f"{row.title} ({row.failed})" for row in table if row.failed]
    if failed:
        lines.append(
            f"Runs that ended in a loss that was not finite: {', '.join(failed)}. The others "
            "flatter their recipe, so it is neither bold nor compared."
        )
    return lines


def _length(plan: Plan) -> str:
    every = {title: plan.recipe(title).steps for title in plan.entries}
    steps = ", ".join(f"{title} {count:,}" for title, count in every.items())
    if not plan.settings.minutes and len(set(every.values())) > 1:
        return f"Generator steps: {steps}"
    if not plan.settings.minutes:
        return f"{next(iter(every.values())):,} generator steps each"
    minutes = f"{plan.settings.minutes:g} {'minute' if plan.settings.minutes == 1 else 'minutes'}"
    return f"{minutes} of training each, timed at the start; these are the steps: {steps}"


def _cells(
    table: list[Row], better: dict[str, str]
) -> tuple[list[str], list[list[str]], set[tuple[int, int]]]:
    """The table's head, body, and the cells to be bold."""
    arrows = {"max": "↑", "min": "↓"}
    head = ["recipe", *(f"{name} {arrows[way]}" for name, way in better.items()), "runs", "a step"]
    winners = best(table, better)
    body, bold = [], set()
    for line, row in enumerate(table):
        shown = [str(row.measures[name]) if name in row.values else "–" for name in better]
        time = duration(row.step_seconds) if math.isfinite(row.step_seconds) else "–"
        body.append([row.title, *shown, str(row.done), time])
        bold |= {
            (line, column)
            for column, name in enumerate(better, start=1)
            if row.title in winners.get(name, ())
        }
    return head, body, bold


def _against(content: Content) -> str:
    return (
        f"Each entry's mean minus {content.first}'s, with Welch's 95 % interval. A difference is "
        "called better or worse if its interval does not contain 0. Between equal entries that "
        "still happens in one comparison of twenty."
    )


def _markdown(content: Content) -> str:
    out = [f"# {content.title}", ""]
    for line in content.paragraphs:
        out += [line, ""]
    out += ["| " + " | ".join(content.head) + " |", "|" + "---|" * len(content.head)]
    for line, cells in enumerate(content.body):
        marked = [
            f"**{text}**" if (line, column) in content.bold else text
            for column, text in enumerate(cells)
        ]
        out.append("| " + " | ".join(marked) + " |")
    out.append("")
    if content.found:
        out += [f"## Against {content.first}", "", _against(content), ""]
        out += [*(f"- **{title}**: {sentence}" for title, sentence in content.found), ""]
    for name, caption in content.pictures:
        out += [f"![{caption}]({name})", ""]
    return "\n".join(out)


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:right;"
    "border-bottom:1px solid #ddd;white-space:nowrap}td:first-child,th:first-child"
    "{text-align:left;white-space:normal}img{max-width:100%}figcaption{color:#555}"
    "figure{margin:2rem 0}"
)


def _html(content: Content) -> str:
    def cell(line: int, column: int, text: str) -> str:
        text = _breakable(html.escape(text)) if column == 0 else html.escape(text)
        return f"<td><b>{text}</b></td>" if (line, column) in content.bold else f"<td>{text}</td>"

    title = html.escape(content.title)
    heads = "".join(f"<th>{html.escape(text)}</th>" for text in content.head)
    trs = "".join(
        "<tr>" + "".join(cell(line, i, text) for i, text in enumerate(cells)) + "</tr>\n"
        for line, cells in enumerate(content.body)
    )
    paragraphs = "".join(f"<p>{html.escape(line)}</p>\n" for line in content.paragraphs)
    found = "".join(
        f"<li><b>{html.escape(title)}</b>: {html.escape(sentence)}</li>\n"
        for title, sentence in content.found
    )
    if found:
        found = (
            f"<h2>Against {html.escape(content.first)}</h2>\n"
            f"<p>{html.escape(_against(content))}</p>\n<ul>\n{found}</ul>\n"
        )
    images = "".join(
        f'<figure><img src="{name}" alt="{caption}"><figcaption>{caption}</figcaption></figure>\n'
        for name, caption in content.pictures
    )
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style>\n<h1>{title}</h1>\n{paragraphs}"
        f"<table>\n<tr>{heads}</tr>\n{trs}</table>\n{found}{images}</html>\n"
    )


def _breakable(title: str) -> str:
    """A long title may wrap after its colon and commas."""
    return title.replace(":", ":<wbr>").replace(",", ",<wbr>")
