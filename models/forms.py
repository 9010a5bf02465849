"""The forms of the records that runs and files of networks carry; see `foreign.records.misfit`."""

from __future__ import annotations

from foreign.records import Every

_TEXT, _NUMBER = (str, None), (int, None)

LABELS = {
    "kind": str,
    "names": [str],
    "groups": (Every([str]), None),
    "shares": ([float], None),
    "examples": ([str], None),
}
# In the file of a network.
METADATA = {
    "verb": str,
    "title": _TEXT,
    "recipe": Every((str, float, bool, None, [(str, float, bool)])),
    "labels": (LABELS, None),
    "step": _NUMBER,
    "data": _TEXT,
    "data_fingerprint": _TEXT,
    "precision": _TEXT,
}
# `run.json`.
RUN = {
    "version": _TEXT,
    "commit": _TEXT,
    "settings": Every((str, float, bool, None)),
    "overrides": Every((str, float, bool, None)),
    "precision": str,
    "seed": int,
    "backend": str,
    "data": (
        {
            "name": _TEXT,
            "fingerprint": _TEXT,
            "count": _NUMBER,
            "labels": (LABELS, None),
            "domains": Every({"title": str, "count": int}),
        },
        None,
    ),
}
