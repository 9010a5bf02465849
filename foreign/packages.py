"""The packages of this machine's Python."""

from importlib import metadata


def versions(*packages: str) -> dict[str, str]:
    """The versions of those of `packages` that are installed, by name."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
