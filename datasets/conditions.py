"""Conditions that describe a domain: "red hair", "no glasses", "red hair + no hat"."""

import difflib
import re
from collections.abc import Sequence

import numpy as np

from datasets.errors import DataError
from datasets.labels import Labels

NOT = "no "
MOST = 40  # names listed in an error


def parse(condition: str, names: Sequence[str]) -> dict[str, bool]:
    """The labels in a condition → whether each must be on.

    condition  a name of `names`, "no NAME" for its absence, or several joined by " + "

    Raises `DataError` for an unknown name (with the nearest ones), and for a contradiction.
    """
    wanted: dict[str, bool] = {}
    terms = [condition] if condition.strip() in names else re.split(r"\s\+\s", condition)
    for term in terms:
        name, on = _term(term.strip(), names)
        if wanted.get(name, on) != on:
            raise DataError(f"The condition {condition!r} contradicts itself: {name!r}.")
        wanted[name] = on
    return wanted


def mask(labels: Labels, wanted: dict[str, bool]) -> np.ndarray:
    """Which of the N pictures fulfil `wanted` → bool (N,)."""
    fitting = np.ones(len(labels.values), bool)
    for name, on in wanted.items():
        column = labels.names.index(name)
        has = labels.values == column if labels.kind == "classes" else labels.values[:, column] > 0
        fitting &= has == on
    return fitting


def _term(term: str, names: Sequence[str]) -> tuple[str, bool]:
    if term in names:  # a label's own name may start with "no "
        return term, True
    absent = term.removeprefix(NOT).strip()
    if term.startswith(NOT) and absent in names:
        return absent, False
    if not term:
        raise DataError("A condition is a label, 'no LABEL' or several joined by ' + ', not ''.")
    name = absent if term.startswith(NOT) else term
    raise DataError(f"There is no label {name!r}; {_nearest(name, names)}.")


def _nearest(name: str, names: Sequence[str]) -> str:
    folded = {known.lower(): known for known in names}
    if close := difflib.get_close_matches(name.lower(), list(folded), n=3, cutoff=0.6):
        return f"nearest: {', '.join(folded[known] for known in close)}"
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"known: {', '.join(names[:MOST])}{more}"
