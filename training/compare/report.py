"""The report of a comparison: a table, learning curves and samples, in Markdown and HTML."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.callbacks.pictures import write_png
from training.compare.plan import Plan
from training.compare.runs import folder_of, result
from training.files import replaced
from training.sheet import titled
from training.wording import duration

WIDE = 1_200  # pixels


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with the half-width of its 95 % t-interval (NaN for one seed)."""

    value: float
    half: float
    count: int

    def __str__(self) -> str:
        spread = f" ± {self.half:.2g}" if math.isfinite(self.half) else ""
        return f"{self.value:.3g}{spread}"


def mean(values: list[float]) -> Mean:
    """Mean and t-interval of a few numbers."""
    from scipy import stats

    count = len(values)
    half = math.nan
    if count > 1:
        half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / math.sqrt(count))
    return Mean(float(np.mean(values)), half, count)


@dataclass(frozen=True)
class Row:
    """One recipe's line: its measures at the last step, how many runs, seconds a step."""

    title: str
    measures: dict[str, Mean]
    done: int
    failed: int
    step_seconds: float


def rows(plan: Plan, folder: Path, names: list[str]) -> list[Row]:
    """The table, one row an entry; only finished runs count."""
    table = []
    for title in plan.entries:
        runs = [result(folder_of(folder, title, seed)) for seed in range(plan.settings.seeds)]
        done = [run for run in runs if run["state"] == "done"]
        measured = {}
        if done:
            measured = {n: mean([run["curve"][-1][n] for run in done]) for n in names}
        seconds = [run["seconds"] / plan.settings.steps for run in done]
        failed = sum(run["state"] == "failed" for run in runs)
        time = float(np.median(seconds)) if seconds else math.nan
        table.append(Row(title, measured, len(done), failed, time))
    return table


def best(table: list[Row], better: dict[str, str]) -> dict[str, str]:
    """For every measure, the title whose mean is best."""
    found = {}
    for name, direction in better.items():
        able = [row for row in table if name in row.measures]
        if able:
            pick = max if direction == "max" else min
            found[name] = pick(able, key=lambda row: row.measures[name].value).title
    return found


def write(plan: Plan, folder: Path, better: dict[str, str], protocol: str) -> list[Path]:
    """Write report.md and report.html with their pictures; returns the two."""
    table = rows(plan, folder, list(better))
    curves = _curves(plan, folder, better)
    samples = _samples(plan, folder)
    words = _words(plan, table, protocol)
    pictures = [path.name for path in (curves, samples) if path is not None]
    paths = folder / "report.md", folder / "report.html"
    for path, text in zip(
        paths,
        (_markdown(words, table, better, pictures), _html(words, table, better, pictures)),
        strict=True,
    ):
        with replaced(path) as unfinished:
            unfinished.write_text(text, "utf-8")
    return list(paths)


def counted(count: int, noun: str) -> str:
    """`"1 seed"`, `"3 seeds"`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _words(plan: Plan, table: list[Row], protocol: str) -> tuple[str, list[str]]:
    settings = plan.settings
    title = f"{counted(len(table), 'recipe')} on {settings.data}"
    lines = [
        f"{settings.steps:,} generator steps each, {counted(settings.seeds, 'seed')}. Numbers are "
        "means at the last step with 95 % t-intervals over seeds; the best mean is bold, which "
        "says nothing where intervals overlap.",
        f"Protocol: {protocol}",
    ]
    waiting = [f"{row.title} ({row.done} of {settings.seeds})" for row in table
               if row.done + row.failed < settings.seeds]  # fmt: skip
    if waiting:
        lines.append(f"Not all runs are finished: {', '.join(waiting)}.")
    failed = [f"{row.title} ({row.failed})" for row in table if row.failed]
    if failed:
        lines.append(f"Runs that ended in a loss that was not finite: {', '.join(failed)}.")
    return title, lines


def _cells(table: list[Row], better: dict[str, str]) -> tuple[list[str], list[list[str]], dict]:
    arrows = {"max": "↑", "min": "↓"}
    head = ["recipe", *(f"{name} {arrows[way]}" for name, way in better.items()), "runs", "a step"]
    body = []
    for row in table:
        shown = [str(row.measures[name]) if name in row.measures else "–" for name in better]
        time = duration(row.step_seconds) if math.isfinite(row.step_seconds) else "–"
        body.append([row.title, *shown, str(row.done), time])
    return head, body, best(table, better)


def _markdown(words, table, better, pictures) -> str:
    title, lines = words
    head, body, winners = _cells(table, better)
    names = list(better)
    out = [f"# {title}", ""]
    for line in lines:
        out += [line, ""]
    out += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for cells in body:
        marked = list(cells)
        for index, name in enumerate(names, start=1):
            if winners.get(name) == cells[0]:
                marked[index] = f"**{marked[index]}**"
        out.append("| " + " | ".join(marked) + " |")
    out.append("")
    for name in pictures:
        out += [f"![{Path(name).stem}]({name})", ""]
    return "\n".join(out)


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}img{max-width:100%}"
)


def _html(words, table, better, pictures) -> str:
    title, lines = words
    head, body, winners = _cells(table, better)
    names = list(better)

    def cell(cells, index, text):
        wins = 0 < index <= len(names) and winners.get(names[index - 1]) == cells[0]
        return f"<td>{'<b>' if wins else ''}{html.escape(text)}{'</b>' if wins else ''}</td>"

    heads = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    trs = "".join(
        "<tr>" + "".join(cell(cells, i, text) for i, text in enumerate(cells)) + "</tr>\n"
        for cells in body
    )
    paragraphs = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    images = "".join(f'<p><img src="{name}" alt="{Path(name).stem}"></p>\n' for name in pictures)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>\n<h1>{html.escape(title)}</h1>\n{paragraphs}"
        f"<table>\n<tr>{heads}</tr>\n{trs}</table>\n{images}</html>\n"
    )


def _curves(plan: Plan, folder: Path, better: dict[str, str]) -> Path | None:
    """One panel a measure: the mean over seeds, with all seeds' range shaded."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    runs = {
        title: [
            run["curve"]
            for seed in range(plan.settings.seeds)
            if (run := result(folder_of(folder, title, seed)))["state"] == "done"
        ]
        for title in plan.entries
    }
    if not any(runs.values()):
        return None
    columns = min(3, len(better))
    lines = -(-len(better) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(4.2 * columns, 3 * lines), dpi=80, layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for axis, name in zip(axes.flat, better, strict=False):
        for title, curves in runs.items():
            if curves:
                steps = [row["step"] for row in curves[0]]
                values = np.array([[row[name] for row in curve] for curve in curves])
                (line,) = axis.plot(steps, values.mean(0), marker=".", label=title)
                low, high = values.min(0), values.max(0)
                axis.fill_between(steps, low, high, alpha=0.12, color=line.get_color())
        axis.set(title=name, xlabel="step")
    for axis in list(axes.flat)[len(better) :]:
        axis.set_axis_off()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    path = folder / "curves.png"
    with replaced(path) as unfinished:
        figure.savefig(unfinished)
    plt.close(figure)
    return path


def _samples(plan: Plan, folder: Path) -> Path | None:
    """The samples of every entry's first finished run, side by side or one below the other."""
    tiles = []
    for title in plan.entries:
        for seed in range(plan.settings.seeds):
            path = folder_of(folder, title, seed) / "samples.png"
            if path.exists():
                tiles.append(titled(Image.open(path).convert("RGB"), title))
                break
    if not tiles:
        return None
    width, height = (max(tile.size[axis] for tile in tiles) for axis in (0, 1))
    columns = max(1, min(len(tiles), WIDE // width))
    page = Image.new("RGB", (columns * width, -(-len(tiles) // columns) * height), "white")
    for index, tile in enumerate(tiles):
        page.paste(tile, (index % columns * width, index // columns * height))
    path = folder / "samples.png"
    write_png(path, page)
    return path
