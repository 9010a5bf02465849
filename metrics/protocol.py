"""The protocol of a measurement: its subject, data, extractor and settings.

The same weights score FID 14.01 in one library and 10.20 in another: the protocol changes the
number by more than most papers' improvements. So every result carries its protocol. Results with
different protocols are compared only if forced, and the differing fields are named.
"""

import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from foreign import packages
from foreign.files import write_text
from foreign.records import Every, Unreadable, misfit, read_json
from metrics.errors import MetricError

FORMAT = 1
# The form of a record; see `foreign.records.misfit`.
_ESTIMATE = {"value": float, "low": (float, None), "high": (float, None), "floor": (float, None)}
FORM = {
    "protocol": Every(object),
    "subject": Every(object),
    "results": Every(_ESTIMATE),
    "notes": [str],
    "seconds": Every(float),
    "versions": Every(str),
    "created": str,
}
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "scipy", "pillow")


class ProtocolMismatch(MetricError):
    """Records measured under different protocols; `fields` names what differs."""

    def __init__(self, fields: list[str], message: str):
        super().__init__(message)
        self.fields = fields


@dataclass(frozen=True)
class Record:
    """One measurement, as it is written to JSON.

    `protocol` decides what may be compared: extractor (name, weights hash, resize, precision),
    real (data fingerprint, split, count), fake (count, EMA or not, truncation, labels) and
    settings of the measures. `subject` says what was measured (run, step, weights hash, seed);
    `results` maps a measure's name to its estimate.
    """

    protocol: dict
    subject: dict
    results: dict[str, dict]
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=lambda: versions())
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    format: int = FORMAT

    def to_dict(self) -> dict:
        """Every field by name, for JSON."""
        return dict(vars(self)) | {"notes": list(self.notes)}

    @classmethod
    def from_dict(cls, content: dict) -> "Record":
        """The record that `to_dict` wrote. Raises `MetricError` if it is not one."""
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise MetricError(f"Not a metric record of format {FORMAT}.")
        known = set(cls.__dataclass_fields__)
        missing = {"protocol", "subject", "results"} - set(content)
        if missing or set(content) - known:
            wrong = sorted(missing | (set(content) - known))
            raise MetricError(f"Not a metric record: missing or unknown fields {', '.join(wrong)}.")
        problem = misfit(content, FORM)
        if problem or not all("value" in one for one in content["results"].values()):
            raise MetricError(f"Not a metric record: {problem or 'a result has no value'}.")
        return cls(**(content | {"notes": tuple(content.get("notes", ()))}))


def versions() -> dict[str, str]:
    """Python's and the installed packages' versions, and the Keras backend in use."""
    import keras

    own = {"python": platform.python_version(), "backend": keras.backend.backend()}
    return own | packages.versions(*PACKAGES)


def flat(content: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """("extractor.size", [224, 224]), … for every leaf of nested dicts."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def differences(first: Record, second: Record) -> dict[str, tuple[object, object]]:
    """Protocol field → its two values, for the fields that differ. A missing field is `None`."""
    left, right = dict(flat(first.protocol)), dict(flat(second.protocol))
    names = sorted(left.keys() | right.keys())
    pairs = {name: (left.get(name), right.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def require_comparable(records: Sequence[Record], force: bool = False) -> list[str]:
    """The protocol fields that differ among the records; without `force` there are none.

    Raises `ProtocolMismatch`, which names each differing field with its values, unless `force`.
    """
    found: dict[str, list] = {}
    for other in records[1:]:
        for name, values in differences(records[0], other).items():
            seen = found.setdefault(name, [values[0]])
            if values[1] not in seen:
                seen.append(values[1])
    if found and not force:
        listing = "; ".join(
            f"{name}: {' / '.join(map(str, values))}" for name, values in found.items()
        )
        raise ProtocolMismatch(
            sorted(found),
            f"These records were measured under different protocols ({listing}). Measure them in "
            "the same way, or compare them anyway with --force.",
        )
    return sorted(found)


def save(records: Sequence[Record], path: str | Path):
    """Write records as JSON, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([record.to_dict() for record in records], indent=2, allow_nan=False)
    write_text(path, text + "\n")


def load(path: str | Path) -> list[Record]:
    """Read records back. Raises `MetricError` if the file is missing or holds something else."""
    try:
        content = read_json(Path(path))
    except Unreadable as error:
        raise MetricError(f"The metric records in {error}.") from error
    if not isinstance(content, list):
        raise MetricError(f"Not a metric record of format {FORMAT}.")
    return [Record.from_dict(record) for record in content]
