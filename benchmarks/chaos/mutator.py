"""Changes of a file, at random but the same for the same seed."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

# What a person or a stranger may write in the place of a value.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**12, 10**400, 1e300, "", "x", "--5", "9" * 5000, "\x1b[31m\n", "\0",
    [], [[]], [1], {}, {"a": {"b": 1}}, float("nan"), float("inf"),
)  # fmt: skip
MOST_FLIPS = 40


def changed(content: bytes, rng: random.Random) -> bytes:
    """The content with bits flipped, bytes replaced, parts cut, doubled, moved or left out."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        kind = rng.randrange(7)
        at = rng.randrange(len(data) + 1)
        length = rng.randrange(1, 1 + min(64, max(1, len(data))))
        if kind == 0 and data:
            for _ in range(rng.randrange(1, MOST_FLIPS)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * rng.randrange(1, 20)
        elif kind == 5:
            data[at : at + 4] = rng.choice((b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"))
        else:
            data[at:at] = rng.choice((b"\0", b"\xff\xfe", b'"', b"[" * 3000, b"\n", b"9" * 400))
    return bytes(data)


def changed_json(text: bytes, rng: random.Random) -> bytes:
    """A JSON with a value replaced, a member left out or a list cut; or with changed bytes."""
    if rng.random() < 0.3:
        return changed(text, rng)
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2))):
        value = _edited(value, rng)
    try:
        return json.dumps(value).encode()
    except ValueError:  # a number of too many digits for Python
        return b"9" * 5000


def _edited(value: Any, rng: random.Random) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return rng.choice(VALUES)
    value = value.copy()
    place = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if rng.random() < 0.2:
        del value[place]
    else:
        value[place] = _edited(value[place], rng)
    return value


def changed_csv(text: bytes, rng: random.Random) -> bytes:
    """A CSV with a cell, a line or the head changed; or with changed bytes."""
    if rng.random() < 0.4:
        return changed(text, rng)
    lines = [line.split(",") for line in text.decode().split("\n")]
    for _ in range(rng.choice((1, 1, 3))):
        line = rng.choice([line for line in lines if line])
        cell = rng.randrange(len(line))
        value = rng.choice(("", "x", "nan", "inf", "-1", "1e999", "--5", "9" * 400, '"', "\0", "é"))
        if rng.random() < 0.2:
            del line[cell]
        else:
            line[cell : cell + rng.randrange(2)] = [value]
    return "\n".join(map(",".join, lines)).encode()


def changed_zip(path: Path, rng: random.Random, json_member: str = "") -> bytes:
    """An archive with one member changed and all else whole; or with changed bytes."""
    if rng.random() < 0.3:
        return changed(path.read_bytes(), rng)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = json_member if json_member and rng.random() < 0.5 else rng.choice(sorted(members))
    edit = changed_json if name.endswith(".json") else changed
    members[name] = edit(members[name], rng)
    if rng.random() < 0.1:
        del members[name]
    target = path.with_name("changed.zip")
    packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(target, "w", packing) as new:
        for each, data in members.items():
            new.writestr(each, data)
    return target.read_bytes()
