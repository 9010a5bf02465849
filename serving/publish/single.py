"""A page as one HTML file. Browsers refuse modules of `file://`, so they become plain scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

from serving.publish.runtime import Runtime

# The module that starts the page; what a module exports and imports.
_BEGIN = "main.mjs"
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as (\w+)) from "\./([\w.-]+)";\n', re.MULTILINE)
# Where a page in a folder links to its licences.
_LINKS = re.compile(r'<p id="licences">.*?</p>', re.DOTALL)


def page(
    web: Path,
    description: dict[str, Any],
    network: bytes,
    runtime: Runtime,
    licences: dict[str, bytes],
) -> str:
    """The HTML of a page that holds the network and the runtime.

    Args:
        web: the folder of the page's sources.
        network: the ONNX file.
        licences: the texts that the page must carry, by name.
    """
    sources = {path.name: path.read_text("utf-8") for path in web.glob("*.mjs")}
    sources["gifenc.mjs"] = _gifenc(runtime["gifenc.mjs"].decode())
    script = bundle(sources, _BEGIN)
    worker = "\n".join(
        [
            runtime["ort.wasm.min.js"].decode(),
            bundle(sources, "serve.mjs").replace("const serve_mjs = ", "const served = "),
            "served.serve(ort, self);",
        ]
    )
    style = (web / "style.css").read_text("utf-8")
    document = (web / "index.html").read_text("utf-8")
    embedded = [
        # JSON has no "<" outside of texts, where it may be written so.
        _inert("description", json.dumps(description).replace("<", "\\u003c")),
        _inert("worker", worker),
        _inert("runtime", runtime["ort-wasm-simd-threaded.mjs"].decode()),
        _inert("model", _packed(network)),
        _inert("binary", _packed(runtime["ort-wasm-simd-threaded.wasm"])),
    ]
    changes = {
        r'<link rel="stylesheet" href="style.css" />': f"<style>{style}</style>",
        r'<script type="module" src="main.mjs"></script>': "",
        "</body>": "\n".join([*embedded, f"<script>{script}</script>", "</body>"]),
    }
    for old, new in changes.items():
        assert document.count(old) == 1, old
        document = document.replace(old, new)
    document, found = _LINKS.subn(lambda _: _texts(licences), document)
    assert found == 1, _LINKS
    return re.sub(r'content="default-src[^"]*"', lambda _: _policy(script, style), document)


def bundle(sources: dict[str, str], name: str) -> str:
    """The module `name`, and before it all that it imports, as one plain script."""
    parts: dict[str, str] = {}

    def add(module: str) -> None:
        if module in parts:
            return
        source = sources[module]
        for _, _, needed in _IMPORT.findall(source):
            add(needed)
        parts[module] = _wrapped(module, source)

    add(name)
    return "\n".join(parts.values())


def _wrapped(module: str, source: str) -> str:
    """A module as a constant that holds its exports, in a scope of its own."""
    names = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    return (
        f"const {_constant(module)} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"
    )


def _taken(match: re.Match) -> str:
    names, whole, module = match.groups()
    return f"const {whole or '{' + names + '}'} = {_constant(module)};\n"


def _constant(module: str) -> str:
    return re.sub(r"\W", "_", module)


def _gifenc(source: str) -> str:
    """gifenc's module with exports as in the page's own."""
    body, exports = re.fullmatch(r"(.*)export\{(.*?)\};.*", source, re.DOTALL).groups()
    named = dict(reversed(each.split(" as ")) for each in exports.split(","))
    wanted = ("GIFEncoder", "applyPalette", "quantize")
    return body + "".join(f"\nexport const {name} = {named[name]};" for name in wanted) + "\n"


def _inert(name: str, content: str) -> str:
    """Content that the page's script reads, in an element that the browser does not run."""
    # Only these two begin anything that could end or change how a script element is read.
    safe = re.sub("</(?=script)", r"<\\/", content, flags=re.IGNORECASE).replace("<!--", r"<\!--")
    return f'<script type="text/plain" id="embedded-{html.escape(name)}">{safe}</script>'


def _texts(licences: dict[str, bytes]) -> str:
    """The licences, to be read in the page itself: they must go where it goes."""
    parts = [
        f"<h3>{html.escape(name)}</h3>\n<pre>{html.escape(text.decode())}</pre>"
        for name, text in licences.items()
    ]
    return "\n".join(['<details id="licences"><summary>Licences</summary>', *parts, "</details>"])


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _policy(script: str, style: str) -> str:
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, style)
    ]
    return (
        f"content=\"default-src 'none'; script-src 'sha256-{digests[0]}' blob: 'wasm-unsafe-eval'; "
        f"worker-src blob:; style-src 'sha256-{digests[1]}'; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'\""
    )
