"""Writing a page: a folder for any file host, or one HTML that needs no host."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import tempfile
from pathlib import Path
from typing import Any

from console.errors import UserError
from console.screen import say
from serving.export.export import largest_error
from serving.export.formats import FORMS
from serving.export.graph import Subject
from serving.output import whole_file, whole_folder, write_card
from serving.publish import FORMAT, half, single
from serving.publish.description import describe
from serving.publish.portable import page_network
from serving.publish.runtime import Runtime
from serving.texts import TextSet

WEB = Path(__file__).parents[2] / "web"
LICENCE = Path(__file__).parents[2] / "LICENSE"
TOLERANCE = 2 / 255  # one level of a colour: rounded colours then differ by one at most
_FOR_SINGLE = ("ort.wasm.min.js",)  # what a folder does not need


@dataclasses.dataclass(frozen=True)
class Page:
    """One finished page: where it is, its largest error (of ±1), its bytes, packed and not."""

    path: Path
    error: float
    size: int
    packed: int


def check(subject: Subject) -> None:
    """Raise `UserError` for a network that no page can show."""
    if isinstance(getattr(subject, "labels", None), TextSet):
        raise UserError(
            f"{subject.origin} takes captions, and a page cannot read sentences; generate.py "
            "--text can"
        )


def write_folder(subject: Subject, folder: Path, runtime: Runtime, title: str | None) -> Page:
    """Write the page into `folder`: whole, or not at all. Raises `UserError`."""
    check(subject)
    with whole_folder(folder, FORMAT) as unfinished:
        model, error = write_network(subject, unfinished)
        for path in sorted(WEB.iterdir()):
            (unfinished / path.name).write_bytes(path.read_bytes())
        for name, content in runtime.items():
            if name not in _FOR_SINGLE:
                (unfinished / name).write_bytes(content)
        (unfinished / LICENCE.name).write_bytes(LICENCE.read_bytes())
        write_card(unfinished, describe(subject, title, model))
        contents = {path.name: path.read_bytes() for path in unfinished.iterdir()}
    loaded = [each for name, each in contents.items() if not _is_licence(name)]
    return Page(folder, error, sum(map(len, contents.values())), _packed(loaded))


def write_single(subject: Subject, path: Path, runtime: Runtime, title: str | None) -> Page:
    """Write the page as one HTML `path`, which works without a host. Raises `UserError`."""
    check(subject)
    with tempfile.TemporaryDirectory() as temporary, whole_file(path) as unfinished:
        model, error = write_network(subject, Path(temporary))
        network = (Path(temporary) / model["file"]).read_bytes()
        html = single.page(
            WEB, describe(subject, title, model), network, runtime, _licences(runtime)
        )
        unfinished.write_text(html, "utf-8", newline="\n")
        content = unfinished.read_bytes()
    return Page(path, error, len(content), _packed([content]))


def write_network(subject: Subject, unfinished: Path) -> tuple[dict[str, Any], float]:
    """Write the network into a folder, checked; what is known of its file, and its error.

    Its weights are in half precision, unless that would change a colour by a level.
    """
    portable = page_network(subject)
    FORMS["onnx"].write(portable, unfinished)
    name = f"{portable.stem}.onnx"
    whole = (unfinished / name).read_bytes()
    (unfinished / name).write_bytes(half.halved(whole))
    precision, error = "half", largest_error(portable, "onnx", unfinished)
    if not error < TOLERANCE:
        say(f"half precision would change colours by {127.5 * error:.2g} of 255; kept in single")
        (unfinished / name).write_bytes(whole)
        precision, error = "single", largest_error(portable, "onnx", unfinished)
    if not error < TOLERANCE:
        raise UserError(
            f"the page's {portable.stem} differs from the Keras network by {error:.2g}, more than "
            f"{TOLERANCE:.2g}, a level of a colour; the page was not kept"
        )
    content = (unfinished / name).read_bytes()
    model = {
        "file": name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "precision": precision,
        "error": error,
    }
    return model, error


def _licences(runtime: Runtime) -> dict[str, bytes]:
    """This project's licence and those of the runtime, by file name."""
    theirs = {name: content for name, content in runtime.items() if _is_licence(name)}
    return {LICENCE.name: LICENCE.read_bytes(), **theirs}


def _is_licence(name: str) -> bool:
    """Whether it is a text that no visitor loads."""
    return "LICENSE" in name or "Notices" in name


def _packed(contents: list[bytes]) -> int:
    """Bytes that a browser loads from a host that compresses."""
    return sum(len(gzip.compress(content, 6)) for content in contents)
