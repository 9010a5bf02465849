"""Two domains (or more) of pictures: photographs and paintings, faces without and with glasses.

Unpaired domains are shuffled independently: `Batches(part, …, stream=k)`. Paired domains have
corresponding rows and one cache, and take one stream.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets import counterparts, folders, pairs, sources
from datasets.attributes import ATTRIBUTES
from datasets.conditions import parse
from datasets.data import ImageData, check_settings, open_data, open_source
from datasets.errors import DataError
from datasets.labels import some
from datasets.parts import digest, part, split, where
from datasets.shapes import Resolution, simplest
from datasets.source import Source

WAYS = 'a second folder (--data-b FOLDER), or labels of one set (--domains "X, Y")'


@dataclass(frozen=True)
class Domains:
    """The pictures of each domain, by the recipe's name for it ("a", "b").

    parts   the pictures, in the order of the recipe
    paired  whether row i of every part shows the same thing
    titles  the users' name of each domain, by the same keys: "red hair", "trainA"
    name    one name for all of them, safe in a path
    """

    parts: dict[str, ImageData]
    paired: bool
    titles: dict[str, str]
    name: str

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits that change with the parts and with their order."""
        prints = [part.fingerprint for part in self.parts.values()]
        return prints[0] if len(prints) == 1 else digest(*prints)

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """(file, reason) of each picture, or pair, that could not be used."""
        return list(dict.fromkeys(out for part in self.parts.values() for out in part.left_out))

    @property
    def notes(self) -> list[str]:
        """Further information for the user, one sentence each."""
        return list(dict.fromkeys(note for part in self.parts.values() for note in part.notes))

    def report(self) -> list[str]:
        """Lines to print: each domain and its size, left-out pictures and why, the notes."""
        what = "pairs" if self.paired else "pictures"
        lines = [f"{name}: {len(part.images):,} {what} of {self.titles[name]!r}"
                 for name, part in self.parts.items()]  # fmt: skip
        caches = {part.folder: part for part in self.parts.values()}  # parts may share one
        return lines + [line for part in caches.values() for line in part.report()[1:]]


def open_domains(
    spec: str | os.PathLike,
    names: Sequence[str],
    resolution: Resolution,
    *,
    spec_b: str | os.PathLike | None = None,
    conditions: Sequence[str] | None = None,
    paired: bool = False,
    labels: str | os.PathLike | None = None,
    captions: str | os.PathLike | None = None,
    count: int | None = None,
    only: str | None = None,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
    progress: bool = True,
    check: Callable[[Source], None] = lambda source: None,
) -> Domains:
    """Open the pictures of each domain, after caching them if necessary.

    spec        as for `open_data`. Without `spec_b` and `conditions`, for two names, a folder that
                holds trainA and trainB, or exactly two sub-folders with pictures
    names       the recipe's names of its domains; one name is simply `open_data`
    resolution  as for `open_data`; pairs are square and RGB
    spec_b      the second domain, in the same form as `spec`
    conditions  one for each name, as for `split`: the domains are parts of one labelled set
    paired      rows belong together: the files of two folders that have the same name, pictures
                that hold both halves side by side, or faces drawn once with each condition true
    labels      as for `open_data`; if each domain is a folder, for each of them
    captions    as for `open_data`, of one domain
    count       how many pictures of each folder, or of the divided set, or how many pairs
    only        a condition, as for `split`: of those pictures the ones that fulfil it
    cache_dir, workers, progress, check  as for `open_data`; `check` sees each source

    Raises `DataError`, one clear line, for anything that cannot be used.
    """
    resolution = simplest(resolution)
    check_settings(resolution, workers)
    sources.check_count(count)
    _refuse_mixtures(names, spec_b, conditions, paired)
    _refuse_conditions(spec, labels, conditions, only, paired)
    how: dict[str, Any]
    how = {"cache_dir": cache_dir, "workers": workers, "progress": progress, "check": check}
    chosen: dict[str, Any] = {"labels": labels, "count": count}
    if paired:
        return _paired(spec, spec_b, conditions, names, resolution, chosen, how)

    def opened(one: str | os.PathLike, **more: Any) -> ImageData:
        data = open_data(one, resolution, **more, **chosen, **how)
        return data if only is None else where(data, only)

    if conditions is not None:
        data = opened(spec)
        name = "-".join([data.name, *map(sources.safe, conditions)])
        return _domains(names, split(data, conditions), conditions, name)
    if len(names) == 1:
        data = opened(spec, captions=captions)
        return _domains(names, [data], [data.name], data.name)
    specs, both = _two(spec, spec_b)
    parts = [opened(one) for one in specs]
    if parts[0].fingerprint == parts[1].fingerprint:
        raise DataError(f"Both domains are the same pictures, {str(spec)!r}.")
    titles = folders.titles(*specs)
    parts = [_told_apart(part, title) for part, title in zip(parts, titles, strict=True)]
    return _domains(names, parts, titles, both or "-".join(part.name for part in parts))


# === Ways to two domains ===


def _refuse_mixtures(names, spec_b, conditions, paired) -> None:
    if spec_b is not None and conditions is not None:
        raise DataError(
            'Domains are a second folder (--data-b) or labels of one set (--domains "X, Y"), '
            "not both."
        )
    if conditions is not None and len(conditions) != len(names):
        raise DataError(
            f"There are {len(names)} domains ({', '.join(names)}); --domains names "
            f"{len(conditions)}: {', '.join(map(repr, conditions))}."
        )
    if conditions is None and len(names) > 2:
        raise DataError(f'{len(names)} domains are named by their labels: --domains "X, Y, Z".')
    if len(names) == 1 and (spec_b is not None or paired):
        raise DataError("There is one domain, so --data-b and pairs do not apply.")


def _refuse_conditions(spec, labels, conditions, only, paired) -> None:
    """Refuse conditions that cannot be fulfilled, before minutes of drawing."""
    if only is not None and paired:
        raise DataError(f"Pairs have no labels that would choose among them ({only!r}).")
    if str(spec) == sources.FACES and labels is None:
        for condition in filter(None, [*(conditions or ()), only]):
            parse(condition, ATTRIBUTES)


def _two(spec, spec_b) -> tuple[tuple[Any, Any], str | None]:
    """The folder or set of each domain, and a common name if one folder holds both."""
    if spec_b is not None:
        _refuse_nested(Path(spec).expanduser(), Path(spec_b).expanduser())
        return (spec, spec_b), None
    if str(spec) in sources.KNOWN:
        example = ', such as "no glasses, glasses"' if str(spec) == sources.FACES else ""
        raise DataError(f"{str(spec)!r} is one domain. For two, give {WAYS}{example}.")
    folder = Path(spec).expanduser()
    found = folders.two(folder)
    if found is None:
        sources.scan(folder)  # errors of the folder itself come first
        names = [path.name for path in folders.with_pictures(folder)]
        raise DataError(
            f"Sub-folders of {str(folder)!r} with pictures: {len(names)} ({some(names)}). Two "
            f"domains are exactly two of them, {WAYS}."
        )
    return found, sources.safe(folder.resolve().name)


def _refuse_nested(*both: Path) -> None:
    for folder, other in (both, both[::-1]):
        if other.is_dir() and folder.resolve().is_relative_to(other.resolve()):
            raise DataError(
                f"{str(folder)!r} lies in {str(other)!r}: the domains would share its pictures."
            )


def _paired(spec, spec_b, conditions, names, resolution, chosen, how) -> Domains:
    source, titles = _source_of_pairs(spec, spec_b, conditions, **chosen)
    data = open_source(source, resolution, **how)
    together = source.together
    images = np.asarray(data.images)  # the memory map itself, as a plain array
    flat = images.reshape(-1, *images.shape[2:])  # a view: the pairs are contiguous
    firsts = np.arange(len(images)) * together
    parts = []
    for k, title in enumerate(titles):
        values = data.labels.values.reshape(len(flat), -1) if data.labels else None
        parts.append(part(data, firsts + k, title, ["pair", k], flat, values))
    name = "-".join([data.name, *map(sources.safe, conditions or ())])
    return _domains(names, parts, titles, name, paired=True)


def _source_of_pairs(spec, spec_b, conditions, labels, count) -> tuple[Source, Sequence[str]]:
    if conditions is not None:
        if str(spec) != sources.FACES:
            raise DataError(
                f"Only {sources.FACES!r} can be drawn once with each label, not {str(spec)!r}."
            )
        label_spec = None if labels is None else os.fspath(labels)
        return counterparts.source(conditions, label_spec, count), conditions
    if labels not in (None, "none"):
        raise DataError(f"Pairs of files take no labels; --labels {labels} does not apply.")
    if known := [one for one in (str(spec), str(spec_b)) if one in sources.KNOWN]:
        raise DataError(
            f"There are no pairs of {known[0]!r}: give a folder that holds them, or "
            'faces and --domains "X, Y".'
        )
    folder = Path(spec).expanduser()
    name = sources.safe(folder.resolve().name)
    if spec_b is not None:
        both = folder, Path(spec_b).expanduser()
        _refuse_nested(*both)
        titles = folders.titles(*both)
        return pairs.of_folders(*both, "-".join(map(sources.safe, titles)), count), titles
    found = folders.two(folder)
    if found is None:
        return pairs.side_by_side(folder, name, count), ("left", "right")
    return pairs.of_folders(*found, name, count), folders.titles(*found)


# === Parts ===


def _domains(names, parts, titles, name, paired=False) -> Domains:
    by_name = (dict(zip(names, each, strict=True)) for each in (parts, titles))
    return Domains(next(by_name), paired, next(by_name), name)


def _told_apart(part: ImageData, title: str) -> ImageData:
    """Reports of two folders name the folder: both may have a 1.png."""
    return replace(
        part,
        left_out=[(f"{title}/{file}", reason) for file, reason in part.left_out],
        notes=[f"{title}: {note}" for note in part.notes],
    )
