"""Two results of `python -m benchmarks`, side by side: `benchmarks/compare.py A.json B.json`.

Prints B ÷ A for every row that both have, the largest changes first, and says whether a change is
better, if that is known. Rows of seconds depend on the machine and on its other work; only rows of
ratios are reliable.
"""

import argparse
import json
import math
import sys
from pathlib import Path


def compare(first: dict, second: dict) -> list[tuple[str, float, float, float, str]]:
    """(row, value in A, value in B, B ÷ A, verdict), the largest change first."""
    rows = []
    for name, old in first["rows"].items():
        new = second["rows"].get(name)
        if new is None or not old["value"]:
            continue
        ratio = new["value"] / old["value"]
        rows.append((name, old["value"], new["value"], ratio, _verdict(ratio, old["better"])))
    return sorted(rows, key=lambda row: -_change(row[3]))


def _change(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def _verdict(ratio: float, better: str, least: float = 0.05) -> str:
    """Whether B is "better" or "worse"; "" for changes below `least`, or if it is not known."""
    if better == "unknown" or abs(ratio - 1) < least:
        return ""
    return "better" if (ratio < 1) == (better == "less") else "worse"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("first", type=Path, metavar="A.json")
    parser.add_argument("second", type=Path, metavar="B.json")
    options = parser.parse_args()
    try:
        first, second = (
            json.loads(path.read_text(encoding="utf-8")) for path in (options.first, options.second)
        )
        rows = compare(first, second)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"compare.py: error: not results of `python -m benchmarks`: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    for name, found in (("A", first), ("B", second)):
        print(f"{name}: {found['commit']}, " + ", ".join(found["machine"].values()))
    if first["machine"]["processor"] != second["machine"]["processor"]:
        print("two machines: only the ratios can be compared")
    for name, old, new, ratio, verdict in rows:
        print(f"{ratio:7.2f}  {old:12.4g} → {new:<12.4g} {name}  {verdict}")
    missing = len(first["rows"]) + len(second["rows"]) - 2 * len(rows)
    if missing:
        print(f"{missing} rows are in one of them only")


if __name__ == "__main__":
    main()
