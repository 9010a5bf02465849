"""The pictures that a run trains on, and the recipe fitted to their labels."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import datasets
from console.errors import UserError, user_errors
from console.screen import say
from console.wording import listed
from datasets.captions import DRAWN, FILES
from datasets.text import TableEncoder, WordEncoder
from models.fields import as_option, refuse_ignored
from models.recipe import Recipe
from models.systems import system_class
from runs.record import OWN_LABELS
from training.settings import Settings

# With --only or --domains, a dry run prepares 64 pictures for each one of a batch, else one. If too
# few of these can be used, it prepares 8 times as many, and so on, up to all.
_SAMPLE_OF_A_PART, _MORE = 64, 8


def open_for(
    recipe: Recipe,
    settings: Settings,
    stack: contextlib.ExitStack,
    sample_only: bool,
    check: Callable[[datasets.Source], None],
) -> datasets.Domains:
    """Open the run's pictures in the recipe's shape and say which were left out.

    With `sample_only`, only enough pictures for a batch are prepared, in a temporary folder that
    `stack` removes. `check`, usually `refuse_unfit`, is called before the first picture is read.
    Raises `UserError` for data that cannot be used.
    """
    if len(recipe.data_shape) != 3:
        raise UserError("train.py trains on pictures; toy.py and compare.py train on points")
    for data in filter(None, (settings.data, settings.data_b)):
        _refuse_among_pictures(Path(settings.out), Path(data).expanduser())
    count = settings.count or None
    if not sample_only:
        return _enough(recipe, settings, count, settings.cache_dir or None, check)
    cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="gan-dry-run-"))
    enough = max(recipe.in_phase(number).batch_size for number in range(len(recipe.phases())))
    enough += recipe.held_out and 1 + enough // (recipe.held_out - 1)
    if settings.domains or settings.only:
        enough *= _SAMPLE_OF_A_PART
    with user_errors(datasets.DataError):
        whole = datasets.sources.find(settings.data, None, count, None).count
    while whole is None or enough < whole:
        # A rare label, or pictures that are left out; or a mistake, which all will tell.
        with contextlib.suppress(UserError):
            return _enough(recipe, settings, enough, cache, check, sample_only=True)
        if whole is None:
            break  # a public set, whose size is not known before it is loaded
        enough *= _MORE
    return _enough(recipe, settings, count, cache, check)


def _enough(
    recipe: Recipe,
    settings: Settings,
    count: int | None,
    cache: str | None,
    check: Callable[[datasets.Source], None],
    sample_only: bool = False,
) -> datasets.Domains:
    """The pictures, if there are enough for a batch; says which were left out.

    Of a sample that does not suffice nothing is said, since a larger one will be.
    """
    data = _opened(recipe, settings, count, cache, check)
    if not sample_only:
        _say_left_out(data)
    for name, part in data.parts.items():
        where = f"domain {data.titles[name]!r}" if len(data.parts) > 1 else settings.data
        _refuse_few(recipe, where, len(part.images))
    if sample_only:
        _say_left_out(data)
    return data


def _say_left_out(data: datasets.Domains) -> None:
    if data.left_out:
        named = [f"{path} ({reason})" for path, reason in data.left_out]
        say(f"left out   {len(named)} unusable pictures: {listed(named)}")


def _refuse_among_pictures(out: Path, data: Path) -> None:
    """Raise `UserError` if pictures of a run would be among those it trains on."""
    if datasets.folders.among_pictures(out, data):
        raise UserError(
            f"--out {out} lies in the folder of pictures {data}: what a run draws would be trained "
            "on; give a folder beside it"
        )


def _opened(
    recipe: Recipe,
    settings: Settings,
    count: int | None,
    cache: str | None,
    check: Callable[[datasets.Source], None],
) -> datasets.Domains:
    with user_errors(datasets.DataError):
        return datasets.open_domains(
            settings.data,
            recipe.domains,
            recipe.data_shape,
            spec_b=settings.data_b or None,
            conditions=settings.conditions,
            paired=recipe.paired,
            # "none" too opens the data's own labels, and drops them later: one cache serves both.
            labels=None if settings.labels in OWN_LABELS else settings.labels,
            captions=caption_source(recipe, settings),
            count=count,
            only=settings.only or None,
            cache_dir=cache,
            workers=settings.workers or None,
            check=check,
        )


def refuse_unfit(
    recipe: Recipe, settings: Settings, source: datasets.Source, given: Iterable[str] = ()
) -> None:
    """Raise `UserError` if the recipe does not fit the source's size or labels.

    `given` are the recipe's fields on the command line: each must be read by something.
    """
    if source.count is not None:
        _refuse_few(recipe, settings.data, source.count)
    with user_errors(ValueError):
        if takes_labels(recipe, settings, source.labelled):
            # The labels are not known yet; any kind shows whether the networks can take some.
            labelled = dataclasses.replace(recipe, label_kind="classes", num_labels=2)
            system_class(recipe).check(labelled)
            labelled.check_training()
            if recipe.labels == "required" and (found := source.load()[1]):
                recipe.with_labels(found.labels)  # refuses what the networks cannot take
        else:
            refuse_ignored(recipe, given, unknown=())


def _refuse_few(recipe: Recipe, where: str, count: int) -> None:
    """Raise `UserError` if a batch of any phase is larger than the `count` pictures."""
    every = recipe.held_out
    trained = count - (-(-count // every) if every else 0)
    beside = f", {count - trained} of them held out" if every else ""
    data = f"the data ({count} pictures in {where}{beside})"
    if recipe.batch_size > trained:
        raise UserError(
            f"--batch-size {recipe.batch_size} is larger than {data}; give --batch-size {trained} "
            "or fewer"
        )
    for number, phase in enumerate(recipe.phases()):
        if (size := recipe.in_phase(number).batch_size) > trained:
            raise UserError(
                f"phase {phase.name} takes batches of {size}, more than {data}; give more pictures "
                f"or smaller batches, at most {trained}"
            )


def takes_labels(recipe: Recipe, settings: Settings, labelled: bool) -> bool:
    """Whether the networks take labels, by `--labels` and whether the data is `labelled`.

    Raises `UserError` if labels are needed and there are none.
    """
    if recipe.labels == "never":
        return False
    asked = settings.labels
    if asked == "auto":
        takes = recipe.conditional or recipe.labels == "expected"
        asked = "data" if takes and labelled else "none"
    if asked == "none" and recipe.conditional:
        why = "--labels none takes them away" if labelled else f"{settings.data} has none"
        raise UserError(f"recipe {recipe.name} needs labels and {why}; give --labels FILE")
    if asked != "none" and not labelled:
        raise UserError(
            f"{settings.data} has no labels of its own; give --labels FILE, or --labels none"
        )
    return asked != "none"


def fitted(
    recipe: Recipe, data: datasets.Domains, settings: Settings, sample_only: bool = False
) -> tuple[Recipe, datasets.Domains]:
    """Fit the recipe to the number of pictures and, with `with_labels` or `with_text`, to labels.

    If the networks never take labels, the data keeps its labels: they say what pictures show. With
    `sample_only`, how many pictures there will be is not known of every set, nor of a part of it.
    """
    count: int | None = min(len(part.images) for part in data.parts.values())
    if sample_only:
        count = _promised(settings)
    if count is not None:
        recipe = for_pictures(recipe, count)
    if recipe.captions_together:
        return with_text(recipe, data, settings)
    if recipe.labels == "never":
        return recipe, data
    (name,) = recipe.domains
    if settings.labels == "auto" and data.parts[name].labels is None:
        _say_folders(Path(settings.data).expanduser())
    recipe, part = with_labels(recipe, data.parts[name], settings)
    return recipe, dataclasses.replace(data, parts={name: part})


def _promised(settings: Settings) -> int | None:
    """How many pictures the settings name, if that is known before they are opened."""
    if settings.only or settings.domains:
        return None
    return datasets.sources.find(settings.data, None, settings.count or None, None).count


def for_pictures(recipe: Recipe, count: int, tell: Callable[[str], None] = say) -> Recipe:
    """The recipe with what depends on the number of training pictures settled, and told."""
    settled = recipe.for_pictures(count)
    for name, before in recipe.to_dict().items():
        if (value := getattr(settled, name)) != before:
            tell(
                f"{name:10} {value}, chosen for {count:,} pictures; {as_option(name)} overrides it"
            )
    return settled


def caption_source(recipe: Recipe, settings: Settings) -> str | None:
    """The captions to open, as `datasets.open_data` takes them; None: the networks take none."""
    if not recipe.captions_together:
        return None
    if settings.captions != "auto":
        return settings.captions
    return DRAWN if settings.data == datasets.sources.FACES else FILES


def with_text(
    recipe: Recipe, data: datasets.Domains, settings: Settings
) -> tuple[Recipe, datasets.Domains]:
    """The recipe for vectors of the data's captions, and the data with their encoder."""
    ((name, part),) = data.parts.items()
    texts = [text for each in part.captions for text in each]
    with user_errors(datasets.DataError):
        if settings.vectors:
            encoder = TableEncoder.read(Path(settings.vectors).expanduser())
            encoder.encode(texts)  # refuses captions without a vector
        else:
            encoder = WordEncoder.learn(texts)
        part = dataclasses.replace(part, encoder=encoder)
        part.sentences(recipe.captions_together)  # refuses captions that say all the same
    fitted = dataclasses.replace(recipe, text_dim=encoder.size)
    return fitted, dataclasses.replace(data, parts={name: part})


def _say_folders(data: Path) -> None:
    """Say that sub-folders are not read as classes, as in other projects."""
    with contextlib.suppress(datasets.DataError):
        if (count := len(datasets.folders.with_pictures(data))) > 1:
            say(f"labels     none; --labels folders makes classes of the {count} sub-folders")


def with_labels(
    recipe: Recipe, data: datasets.ImageData, settings: Settings
) -> tuple[Recipe, datasets.ImageData]:
    """Fit the recipe's labels to the data's, or remove both, as `--labels` says."""
    if not takes_labels(recipe, settings, data.labels is not None):
        return recipe, dataclasses.replace(data, labels=None)
    with user_errors(ValueError):
        changed, taken = recipe.with_labels(data.labels)
    return changed, dataclasses.replace(data, labels=taken)
