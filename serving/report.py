"""The output of `evaluate.py`: tables, plots, sheets of nearest reals, records."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from foreign.files import replaced
from metrics import plots, protocol
from metrics.intervals import NORMAL_95
from metrics.protocol import Record
from serving.evaluation import Evaluation
from serving.history import History, alike, place_of

CURVES, SHEET, RECORDS = "precision_recall.png", "nearest_reals_{}.png", "records.json"
MEASURED, LOGGED = "quality.png", "quality_logged.png"
# All that evaluate.py writes to --out, also what `Unseen` and `quality` write.
_OURS = re.compile(
    r"precision_recall\.png|nearest_reals_\d+\.png|records\.json|quality(_logged(_\d+)?)?\.png"
    r"|held_out_\d+\.(json|png)|control_\d+\.(md|csv|json)|gan_train_\d+\.md"
)
_NAME, _COLUMN, _FLOOR = 20, 16, 13  # widths in characters


def table(records: Sequence[Record]) -> str:
    """The results as text: one record with its intervals, or several side by side."""
    return _one(records[0]) if len(records) == 1 else _side_by_side(records)


def _one(record: Record) -> str:
    lines = [
        "",
        f"{_subject(record)}: {_counts(record)}",
        f"  {'measure':<18}{'value':>11}{'95 % interval':>25}{'reals/reals':>13}",
    ]
    for name, one in record.results.items():
        span = f"{one['low']:.4g} … {one['high']:.4g}" if "low" in one else ""
        floor = f"{one['floor']:.4g}" if "floor" in one else ""
        lines.append(f"  {name:<18}{one['value']:>11.4g}{span:>25}{floor:>13}")
    return "\n".join(lines + [f"  · {note}" for note in record.notes])


def _side_by_side(records: Sequence[Record]) -> str:
    """A column per record, in as many blocks as the width of the terminal needs."""
    width = shutil.get_terminal_size((100, 24)).columns
    most = max(2, (width - _NAME - _FLOOR) // _COLUMN)
    heads = headings(records)
    lines = ["", *_legend(records, heads)]
    for start in range(0, len(records), most):
        part = slice(start, start + most)
        lines += ["", *_columns(records[part], heads[part])]
    notes = list(dict.fromkeys(note for record in records for note in record.notes))
    return "\n".join(lines + [f"  · {note}" for note in notes])


def _legend(records: Sequence[Record], heads: Sequence[str]) -> list[str]:
    counts = [_counts(record) for record in records]
    if len(set(counts)) == 1 and heads[0].startswith("step"):
        return [f"{records[0].subject['run']}: {counts[0]} each; ± is half the 95 % interval"]
    if len(set(counts)) == 1:
        lines = [f"{head} {_subject(one)}" for head, one in zip(heads, records, strict=True)]
        return [*lines, f"{counts[0]} each; ± is half the 95 % interval"]
    return [
        f"{head} {_subject(one)}: {count}"
        for head, one, count in zip(heads, records, counts, strict=True)
    ]


def _columns(records: Sequence[Record], heads: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name for record in records for name in record.results))
    lines = [
        f"{'measure':<{_NAME}}"
        + "".join(f"{head:>{_COLUMN}}" for head in heads)
        + f"{'reals/reals':>{_FLOOR}}"
    ]
    for name in names:
        cells = [_cell(record.results.get(name)) for record in records]
        floors = {record.results[name].get("floor") for record in records if name in record.results}
        floor = next(iter(floors)) if len(floors) == 1 else None
        text = "" if floor is None else f"{floor:.4g}"
        row = "".join(f"{cell:>{_COLUMN}}" for cell in cells)
        lines.append(f"{name:<{_NAME}}{row}{text:>{_FLOOR}}")
    return lines


def _cell(one: dict | None) -> str:
    if one is None:
        return "–"
    error = one.get("standard_error")
    return f"{one['value']:.4g}" + ("" if error is None else f" ±{NORMAL_95 * error:.2g}")


def _subject(record: Record) -> str:
    step = record.subject.get("step")
    return record.subject["name"] + ("" if step is None else f", step {step}")


def _counts(record: Record) -> str:
    fakes, reals = record.protocol["fake"], record.protocol["real"]
    return (
        f"{fakes['count']} pictures against {reals['count']} of {reals['data']!r} at "
        f"{reals['resolution']} px"
    )


def headings(records: Sequence[Record]) -> list[str]:
    """A short name for each record: its step if all are of one run, else its number."""
    places = [(place_of(record.subject), record.subject.get("step")) for record in records]
    runs, steps = ({place[index] for place in places} for index in (0, 1))
    if len(runs) == 1 and None not in runs | steps and len(steps) == len(records):
        return [f"step {step}" for _, step in places]
    return [f"[{number}]" for number in range(len(records))]


def remove_earlier(folder: Path) -> None:
    """Remove what an earlier evaluation wrote to `folder`, and nothing else.

    A training writes some of these names to its run folder.
    """
    if not (folder / RECORDS).is_file():
        return
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.is_file():
            path.unlink()


def write(
    folder: Path,
    done: Sequence[Evaluation],
    measured: Sequence[History],
    logged: Sequence[History],
) -> None:
    """Write plots, sheets and records to `folder`, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [one.record for one in done]
    for number, one in enumerate(done):
        with replaced(folder / SHEET.format(number)) as unfinished:
            one.sheet.save(unfinished)
    _write_curves(folder / CURVES, done, headings(records))
    if measured:
        _write_histories(folder / MEASURED, measured)
    for number, group in enumerate(alike(logged)):
        _write_histories(folder / logged_name(number), group)
    protocol.save(records, folder / RECORDS)


def logged_name(number: int) -> str:
    """File name of the plot of the histories of one protocol."""
    name = Path(LOGGED)
    return f"{name.stem}_{number}{name.suffix}" if number else LOGGED


def histories(logged: Sequence[History], measured: Sequence[History]) -> str:
    """One line per history, and the protocols if the logged histories have several."""
    lines = [f"logged while training: {one.summary()}" for one in logged]
    lines += [f"measured here: {one.summary()}" for one in measured]
    groups = alike(logged)
    if len(groups) > 1:
        lines.append("These runs logged under different protocols and get separate plots:")
        lines += [
            f"  {', '.join(one.run for one in each)}: {each[0].measure}, {each[0].protocol}"
            for each in groups
        ]
    return "\n".join(lines)


def _write_curves(path: Path, done: Sequence[Evaluation], heads: Sequence[str]) -> None:
    names = [_curve_name(*pair) for pair in zip(heads, done, strict=True)]
    curves = {
        name: one.result.curve
        for name, one in zip(names, done, strict=True)
        if one.result.curve is not None
    }
    if curves:
        floor = done[0].result.floor
        plots.precision_recall_curves(curves, path, None if floor is None else floor.curve)


def _curve_name(head: str, one: Evaluation) -> str:
    if head.startswith("step"):
        return head
    subject = one.record.subject
    return f"{head} {subject.get('run') or Path(subject['name']).name}"


def _write_histories(path: Path, histories: Sequence[History]) -> None:
    plots.quality_over_steps(
        {one.run: one.entries for one in histories},
        histories[0].measure,
        path,
        {one.run: one.floor for one in histories},
        {one.run: one.kept for one in histories},
    )
