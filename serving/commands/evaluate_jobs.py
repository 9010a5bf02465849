"""The measurements of `evaluate.py`: each subject with its real pictures."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import datasets
import runs
import serving
from console.errors import UserError
from console.screen import say
from datasets.shapes import Resolution
from metrics import extractors
from models.recipe import Recipe
from runs.record import JUDGES, SEEN_HELD_OUT
from serving import (
    ageing,
    colouring,
    evaluation,
    held_out,
    history,
    style_measures,
    subjects,
    text_measures,
    texts,
    training_data,
    upscaling,
)
from serving import labels as label_sets
from serving.ager import Ager
from serving.any_size import AnySize
from serving.autoencoder import Autoencoder
from serving.colourer import Colourer
from serving.commands import common
from serving.commands.generate import RECORD, SHEET
from serving.generator import Generator
from serving.source import RESTORES, outputs_of
from serving.style_generator import StyleGenerator
from serving.texts import TextSet
from serving.unseen import Unseen

_USUAL = extractors.NAMES[0]


def jobs(options: argparse.Namespace) -> list:
    """(subject, reference) for each measurement; the reals are opened once per data set."""
    opened: dict[tuple, evaluation.Reference] = {}

    def reference(chosen: training_data.Chosen, resolution: Resolution) -> evaluation.Reference:
        key = (chosen, resolution)
        if key not in opened:
            data = _open(chosen, resolution, options.data_cache)
            opened[key] = evaluation.Reference(data, seed=2020, cache_folder=options.feature_cache)
        return opened[key]

    if options.fake:
        return [_folder_job(options, reference)]
    if options.resolution is not None:
        raise UserError("--resolution is for --fake; a run is measured at its own resolution")
    one_run = _checkpoint_jobs if options.history == "checkpoints" else _run_job
    return [job for source in options.runs for job in one_run(source, options, reference)]


def judge_of(sources: Sequence[str]) -> str:
    """The usual extractor for these runs: one that none of them was trained with."""
    known = (
        _judge_of(recipe, history.run_of(source))
        for source in sources
        if (recipe := common.recipe_of(source))
    )
    return next((judge for judge in known if judge != _USUAL), _USUAL)


def _judge_of(recipe: Recipe, run: runs.Run | None) -> str:
    """The extractor for one: that of its run, which may have begun with networks of another."""
    recorded = None if run is None else run.record().get("judge")
    return next((each for each in (recipe.judge, recorded) if each in JUDGES[1:]), _USUAL)


def _folder_job(options: argparse.Namespace, reference) -> tuple:
    resolution, note = options.resolution, None
    if resolution is None:
        resolution, note = subjects.folder_resolution(options.fake)
    if note:
        say(f"note: {note}")
    labels = None if options.labels == "none" else options.labels
    _refuse_pages(options.fake)
    # In full: a folder may be called as one of the sets that are no folders.
    chosen = training_data.Chosen(str(options.fake.absolute()), labels=labels)
    fakes = _open(chosen, resolution, options.data_cache)
    given = labels if Path(options.real).is_dir() else None
    real = reference(training_data.Chosen(options.real, labels=given), resolution)
    return subjects.Stored(fakes, options.fake), real


def _refuse_pages(folder: Path) -> None:
    """Refuse a folder of generate.py with its sheet: a page of pictures is not one of them."""
    if (folder / RECORD).is_file() and (folder / SHEET).is_file():
        raise UserError(
            f"{folder / SHEET} is a page of the pictures beside it; remove it, or generate.py "
            "without it: --write png"
        )


def _run_job(source: str, options: argparse.Namespace, reference) -> list[tuple]:
    network = serving.load_any(source, options.weights, verbs=("generate", "age", *RESTORES))
    run = history.run_of(source)
    _refuse_own(network.recipe, run, options)
    name = run and run.folder.name
    if options.truncation != 1.0 and not isinstance(network, Generator):
        raise UserError(
            f"--truncation applies to latents, and {network.origin} can {network.verb} pictures; "
            "leave it out"
        )
    if isinstance(network, AnySize):
        return [_restorer_job(network, run, options, reference)]
    if isinstance(network, Ager):
        return [_ager_job(network, run, options, reference)]
    sampling = subjects.Sampling(options.weights, options.seed, options.truncation)
    drawn = subjects.Drawn.of(network, sampling, name)
    data = _data_of(run, drawn.name, options)
    real = reference(data, drawn.shape)
    same_size = run is not None and drawn.shape == run.recipe().data_shape
    if options.real is None and same_size and not training_data.is_own(run, real.data):
        say(f"note: the pictures of {data.data!r} are no longer those that {name} was trained on")
    return [(drawn, real)]


def _refuse_own(recipe: Recipe, run: runs.Run | None, options: argparse.Namespace) -> None:
    """Refuse the feature network that it, or what it began with, learned from."""
    judge = _judge_of(recipe, run)
    if judge != _USUAL and options.extractor == _USUAL:
        raise UserError(
            f"{recipe.name} was trained to have the features of {options.extractor}, so it scores "
            f"too well by them; give --extractor {judge} or inception"
        )


def _restorer_job(restorer, run, options: argparse.Namespace, reference) -> tuple:
    """What it makes of the pictures that its run held out, or of all that --real gives."""
    recipe, name = restorer.recipe, str(restorer.origin)
    data = _data_of(run, name, options)
    real = reference(data, recipe.data_shape)
    if options.real is None:
        _require_held_out(run, real.data)
        held = training_data.parts_of(real.data, recipe.held_out, name)[1]
        real = evaluation.Reference(held, seed=2020, cache_folder=options.feature_cache)
    pictures = real.data.images
    return subjects.Restored(restorer, pictures, options.weights, run and run.folder.name), real


def _require_held_out(run: runs.Run, data: datasets.ImageData) -> None:
    """See that these are the run's own pictures; say if it may have seen those held out."""
    training_data.require_own(run, data)
    if (run.record().get("from") or {}).get(SEEN_HELD_OUT):
        say(
            f"note: {run.folder.name} began with networks that may have been trained on the "
            "pictures that it held out"
        )


def _ager_job(ager: Ager, run, options: argparse.Namespace, reference) -> tuple:
    """What it makes of the pictures that its run held out, or of half of those of --real."""
    name = str(ager.origin)
    data = _data_of(run, name, options)
    real = reference(data, ager.recipe.data_shape)
    ageing.check(ager, real.data.labels, data.data)
    if options.real is None:
        _require_held_out(run, real.data)
    every = 2 if options.real else ager.recipe.held_out
    trained, held = training_data.parts_of(real.data, every, name)
    seen = evaluation.Reference(held, seed=2020, cache_folder=options.feature_cache)
    chosen = subjects.Sampling(options.weights, options.seed)
    return subjects.Aged(ager, trained, held, chosen, run and run.folder.name), seen


def unseen(options: argparse.Namespace, jobs: list, extractor) -> list[Callable[[], Unseen]]:
    """The measures of each run besides its distances, as functions that are called after those.

    - Autoencoders: how well they reconstruct what their run held out; nothing with --real.
    - Networks that restore pictures or age faces: on the pictures that their distances use.
    - StyleGANs: what their styles do.
    - Generators that take captions: how well their pictures show them, on faces only.

    Folders and the checkpoints of a history have none. Raises `UserError`.
    """
    if options.fake or options.history == "checkpoints":
        return []
    found = []
    for source, (subject, reference) in zip(options.runs, jobs, strict=True):
        if isinstance(subject, subjects.Restored):
            found.append(_restored(source, subject.restorer, reference, extractor, options))
        elif isinstance(subject, subjects.Aged):
            parts = subject.trained, subject.held
            found.append(
                functools.partial(
                    ageing.measure, subject.ager, *parts, extractor, options.seed, options.real
                )
            )
        elif isinstance(subject.generator, StyleGenerator):
            count = options.samples
            found.append(
                functools.partial(
                    style_measures.measure,
                    subject.generator, reference.data, extractor, count, options.seed,
                )
            )  # fmt: skip
        elif isinstance(subject.labels, TextSet):
            if text_measures.can_measure(subject.labels, reference.data):
                found.append(
                    functools.partial(
                        text_measures.measure,
                        subject.generator, reference.data, extractor, options.samples, options.seed,
                    )
                )  # fmt: skip
        elif Path(source).suffix != ".keras" and not options.real and _holds_out(subject):
            model = Autoencoder(source, options.weights)
            _require_held_out(history.run_of(source), reference.data)
            parts = training_data.parts_of(reference.data, model.recipe.held_out, source)
            found.append(functools.partial(held_out.report, model, *parts, options.seed))
    return found


def _restored(source, restorer, reference, extractor, options) -> Callable[[], Unseen]:
    held = reference.data
    if isinstance(restorer, Colourer):
        return functools.partial(
            colouring.measure,
            restorer,
            None if options.real else _trained(source, restorer.recipe, options),
            held,
            extractor,
            options.seed,
            options.real,
        )
    rows = subjects.evenly(min(upscaling.MOST, len(held.images)), len(held.images))
    return functools.partial(
        upscaling.measure, restorer, held.images[rows], extractor, options.seed, options.real
    )


def _trained(source: str, recipe, options: argparse.Namespace) -> datasets.ImageData:
    """The pictures that the run was trained on."""
    run = history.run_of(source)
    data = _open(training_data.chosen_by(run, source), recipe.data_shape, options.data_cache)
    return training_data.parts_of(data, recipe.held_out, source)[0]


def _holds_out(subject) -> bool:
    return bool(subject.generator.recipe.held_out)


def _checkpoint_jobs(source: str, options: argparse.Namespace, reference) -> list[tuple]:
    if options.weights == "best":
        raise UserError("--history checkpoints has no --weights best: give ema or raw")
    run, paths = history.checkpoints_of(source)
    recipe = run.recipe()
    _refuse_own(recipe, run, options)
    if not any(each.verb == "generate" for each in outputs_of(run).values()):
        raise UserError(
            f"--history checkpoints measures generators, and {source} holds a {recipe.system}; "
            "name its checkpoints one by one"
        )
    record = run.record()
    known = texts.of_metadata(recipe, record.get("text")) or label_sets.of_metadata(
        recipe, (record.get("data") or {}).get("labels")
    )
    sampling = subjects.Sampling(options.weights, options.seed, options.truncation)
    data = _data_of(run, str(run.folder), options)
    real = reference(data, recipe.data_shape)
    return [
        (
            subjects.Drawn(
                functools.partial(serving.load, path, options.weights),
                path,
                recipe,
                known,
                sampling,
                run.folder.name,
            ),
            real,
        )
        for path in paths
    ]


def _data_of(run, name: str, options: argparse.Namespace) -> training_data.Chosen:
    """The pictures of --real, or those of the run's training."""
    if options.real is not None:
        folders = options.labels == "folders" and Path(options.real).is_dir()
        return training_data.Chosen(options.real, labels="folders" if folders else None)
    return training_data.chosen_by(run, name)


def _open(chosen: training_data.Chosen, resolution: Resolution, cache: Path | None):
    data = chosen.open(resolution, cache)
    for line in data.report():
        say(line)
    return data
