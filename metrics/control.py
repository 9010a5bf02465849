"""Control accuracy: how often a picture shows the requested attributes."""

import csv
import io
from dataclasses import asdict, dataclass, fields

import numpy as np

from metrics.classifier import LabelSpace
from metrics.errors import MetricError


@dataclass(frozen=True)
class Row:
    """One attribute, or one group as a whole; shares from 0 to 1, nan if there was no case.

    asked       number of pictures that should show it
    when_asked  the share of these in which the classifier sees it
    otherwise   the share of the other pictures in which it sees it; nan for a whole group
    accuracy    one-of groups and their members: when_asked. Independent attributes: the mean of
                when_asked and 1 - otherwise, so that never drawing a rare one gives no high score
    chance      the expected accuracy of the same pictures under random labels
    judge       the classifier's own accuracy, by the same rule, on real pictures it has not seen
    """

    name: str
    group: str
    asked: int
    when_asked: float
    otherwise: float
    accuracy: float
    chance: float
    judge: float = float("nan")


def score(logits: np.ndarray, labels: np.ndarray, space: LabelSpace) -> list[Row]:
    """Score the classifier's `logits` (N, names) of pictures that were generated with `labels`.

    In a one-of group the largest logit wins; other attributes are on if their logit is above 0.
    Each group gives a row for the whole group and one per member; attributes that no label asks for
    are left out. `labels` as the generator takes them: int (N,) or 0/1 (N, names).

    Raises:
        MetricError: the numbers of pictures or of names do not agree.
    """
    asked = space.multi_hot(labels)
    if logits.shape != asked.shape:
        raise MetricError(f"Logits {logits.shape} do not fit labels {asked.shape}.")
    rows = []
    for group, columns in space.columns.items():
        rows += _group_rows(group, columns, logits, asked > 0.5, space.names)
    for column in space.independent:
        rows += _independent_row(space.names[column], logits[:, column] > 0, asked[:, column] > 0.5)
    return rows


def with_judge(rows: list[Row], judged: list[Row]) -> list[Row]:
    """`rows` with the classifier's accuracy taken from `judged`, its score on real pictures."""
    known = {(row.group, row.name): row.accuracy for row in judged}
    return [
        Row(**{**asdict(row), "judge": known.get((row.group, row.name), float("nan"))})
        for row in rows
    ]


def _group_rows(group, columns, logits, asked, names):
    asked = asked[:, columns]
    rows = asked.any(axis=1)  # a label may have no member of the group
    if not rows.any():
        return []
    wanted = asked[rows].argmax(axis=1)
    seen = logits[rows][:, columns].argmax(axis=1)
    right = seen == wanted
    kinds = range(len(columns))
    chance = sum((wanted == kind).mean() * (seen == kind).mean() for kind in kinds)
    share = float(right.mean())
    found = [Row(group, group, len(wanted), share, float("nan"), share, float(chance))]
    for kind, column in enumerate(columns):
        here = wanted == kind
        if here.any():
            hit, wrong = right[here].mean(), _mean(seen[~here] == kind)
            found.append(
                Row(names[column], group, int(here.sum()), float(hit), wrong, float(hit),
                    float((seen == kind).mean()))
            )  # fmt: skip
    return found


def _independent_row(name, seen, asked):
    if not asked.any():
        return []
    hit, wrong = _mean(seen[asked]), _mean(seen[~asked])
    accuracy = hit if asked.all() else (hit + 1 - wrong) / 2
    chance = float(seen.mean()) if asked.all() else 0.5
    return [Row(name, "", int(asked.sum()), hit, wrong, accuracy, chance)]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


COLUMNS = ("attribute", "asked", "when asked", "otherwise", "accuracy", "chance", "classifier")


def as_markdown(rows: list[Row]) -> str:
    """The table as Markdown, also for the console; groups in capitals."""
    lines = [COLUMNS] + [_cells(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    out = [_line(COLUMNS, widths), "|" + "|".join(_rule(i, w) for i, w in enumerate(widths)) + "|"]
    return "\n".join(out + [_line(line, widths) for line in lines[1:]]) + "\n"


def as_csv(rows: list[Row]) -> str:
    """The table as CSV with the fields of `Row`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [each.name for each in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    name = row.name.upper() if row.name == row.group else row.name
    shares = (row.when_asked, row.otherwise, row.accuracy, row.chance, row.judge)
    return (name, str(row.asked), *("" if np.isnan(s) else f"{s:.1%}" for s in shares))


def _line(cells, widths):
    first, *rest = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in rest)]) + " |"


def _rule(index: int, width: int) -> str:
    return "-" * (width + 2) if index == 0 else "-" * (width + 1) + ":"
