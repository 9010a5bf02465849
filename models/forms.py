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
# What measured a network, as far as a page tells it.
_PASSPORT = {
    "protocol": (
        {
            "real": ({"count": _NUMBER}, None),
            "fake": ({"truncation": (float, None)}, None),
        },
        None,
    ),
    "subject": (Every(object), None),
    "results": (Every({"value": float, "floor": (float, None)}), None),
}
# In the file of a network.
METADATA = {
    "verb": str,
    "title": _TEXT,
    "recipe": Every((str, float, bool, None, [(str, float, bool)])),
    "labels": (LABELS, None),
    "weights": _TEXT,
    "step": _NUMBER,
    "data": _TEXT,
    "data_fingerprint": _TEXT,
    "precision": _TEXT,
    "passport": (_PASSPORT, None),
}
# `run.json`.
RUN = {
    "version": _TEXT,
    "commit": _TEXT,
    "settings": Every((str, float, bool, None)),
    "overrides": Every((str, float, bool, None)),
    "set_in_file": [str],
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
