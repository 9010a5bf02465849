"""`evaluate.py`: how good a generator's pictures are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from serving.commands import common
from serving.output import check_file, check_folder, disk_errors
from training.errors import UserError, user_errors
from training.options import Parser

CURVES, SHEET, RECORDS = "precision_recall.png", "nearest_reals_{}.png", "records.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code."""
    return common.run(build_parser(), evaluate, arguments)


def build_parser() -> Parser:
    """The options of evaluate.py."""
    parser = Parser(
        description="Measure generated pictures against real ones: Fréchet and kernel distance, "
        "score, precision, recall, density, coverage, PRD, duplicates, nearest reals.",
        epilog="Only --extractor inception gives numbers that may be called FID, KID and IS.",
    )
    add = parser.add_argument_group("What").add_argument
    add("runs", nargs="*", metavar="RUN", help="a run (folder, name, number), checkpoint or .keras")
    add("--fake", type=Path, metavar="DIR", help="a folder of generated pictures, instead of RUN")
    add("--real", metavar="DATA", help="a folder or a data set by name; default: the run's data")
    add("--samples", type=common.positive, default=5000, help="pictures of each kind, at most")
    add("--resolution", type=common.positive, help="of pictures in folders; default: their own")
    add("--weights", choices=("ema", "best", "raw"), default="ema", metavar="ema|best|raw")
    add("--truncation", type=common.fraction, default=1.0, metavar="T", help="of the latents")
    add("--seed", type=common.whole, default=0, help="of the latents and labels")
    add("--data-cache", type=Path, metavar="DIR", help="where read pictures are kept")
    _add_measuring(parser.add_argument_group("How").add_argument)
    add = parser.add_argument_group("Results").add_argument
    add("--json", type=Path, metavar="FILE", help="write the records, with their protocols")
    add("--out", type=Path, metavar="DIR", help="write plots and the sheet of nearest reals")
    add("--against", type=Path, metavar="FILE", help="compare with earlier records")
    add("--force", action="store_true", help="compare across different protocols all the same")
    add("--overwrite", action="store_true", help="replace results that exist")
    return parser


def _add_measuring(add) -> None:
    add("--extractor", default="lite0", metavar="lite0|inception|FILE.keras", help="of features")
    add("--inception", type=Path, metavar="FILE", help="the FID Inception's .pth weights")
    add("--download", action="store_true", help="fetch the FID Inception's weights if missing")
    add("--precision", choices=("float32", "bfloat16"), default="float32", help="of the extractor")
    add("--input-range", default="0..255", metavar="0..255|0..1|-1..1", help="of FILE.keras")
    add("--kid-subset", type=common.positive, default=1000, help="pictures in a KID subset")
    add("--bootstrap", type=common.whole, default=25, help="replicates per interval; 0: none")
    add("--control", type=common.whole, default=0, metavar="N",
        help="judge on N pictures how well labels are obeyed; 0: do not")  # fmt: skip
    add("--floor", choices=("reals", "none"), default="reals", help="also reals against reals")
    add("--feature-cache", type=Path, metavar="DIR", help="where features of reals are kept")


def evaluate(options: argparse.Namespace) -> None:
    """Measure, print the table, write what was asked for. Raises `UserError`."""
    _check(options)
    from training import backend

    backend.start()
    from metrics import extractors, measure, protocol
    from metrics.errors import MetricError
    from serving import evaluation

    with user_errors(MetricError):
        earlier = protocol.load(options.against) if options.against else []
        extractor = extractors.load(
            options.extractor,
            inception_path=options.inception,
            download=options.download,
            precision=options.precision,
            input_range=options.input_range,
        )
    settings = measure.Settings(kernel_subset_size=options.kid_subset, bootstrap=options.bootstrap)
    jobs = _jobs(options)
    if options.control:
        _check_control(jobs)
    counts = [evaluation.count_of(subject, real, options.samples) for subject, real in jobs]
    planned = [
        protocol.Record(evaluation.protocol_of(extractor, *job, count, settings), {}, {})
        for job, count in zip(jobs, counts, strict=True)
    ]
    with user_errors(MetricError):  # before minutes of work, not after
        different = protocol.require_comparable([*earlier, *planned], options.force)
    done = [
        evaluation.evaluate(extractor, *job, count, settings, options.floor == "reals")
        for job, count in zip(jobs, counts, strict=True)
    ]
    records = [one.record for one in done]
    print(table([*earlier, *records]))
    if options.control:
        _report_control(jobs, options)
    if different:
        common.say(f"forced: the protocols differ in {', '.join(different)}")
    if options.json:
        with disk_errors(options.json):
            protocol.save(records, options.json)
    if options.out:
        _write(options.out, done)


def _check_control(jobs: list) -> None:
    """Raise `UserError` unless every subject takes labels and its reals have the same ones."""
    for subject, reference in jobs:
        labels = getattr(getattr(subject, "generator", None), "labels", None)
        if labels is None:
            raise UserError(f"--control needs a generator with labels; {subject.name} has none")
        known = reference.data.labels
        if known is None or tuple(known.names) != tuple(labels.names):
            raise UserError(
                f"--control needs real pictures with the labels of {subject.name}: "
                f"{', '.join(labels.names[:5])}, …"
            )


def _report_control(jobs: list, options: argparse.Namespace) -> None:
    """Print, and write to --out, how well each generator obeys its labels."""
    import numpy as np

    from training import control

    for number, (subject, reference) in enumerate(jobs):
        parts = list(subject.batches(options.control))
        pictures, asked = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        rows = control.judge(pictures, asked, reference.data)
        print(f"\n{subject.name}: control accuracy\n\n{control.control.as_markdown(rows)}")
        if options.out:
            with disk_errors(options.out):
                options.out.mkdir(parents=True, exist_ok=True)
                control.write(rows, options.out / f"control_{number}")


def _check(options: argparse.Namespace) -> None:
    """Raise `UserError` for whatever is wrong already, before seconds of imports."""
    if bool(options.runs) == bool(options.fake):
        raise UserError("give RUN, or --fake DIR with --real DATA; --help explains both")
    if options.fake and not options.real:
        raise UserError("--fake needs --real DATA: a folder, or a data set by name")
    if options.samples < 2:
        raise UserError("--samples must be 2 or more: a spread needs two pictures")
    if options.kid_subset < 2:
        raise UserError("--kid-subset must be 2 or more")
    if options.json:
        check_file(options.json, options.overwrite)
    if options.out:
        check_folder(options.out, options.overwrite)


def _jobs(options: argparse.Namespace) -> list:
    """(subject, reference) of everything to measure; the reals are opened once per data set."""
    from serving import evaluation

    opened: dict[tuple, evaluation.Reference] = {}

    def reference(spec: str, resolution: int, count: int | None = None) -> evaluation.Reference:
        key = (spec, resolution, count)
        if key not in opened:
            data = _open(spec, resolution, options.data_cache, count)
            opened[key] = evaluation.Reference(data, seed=2020, cache_folder=options.feature_cache)
        return opened[key]

    if options.fake:
        resolution, note = options.resolution, None
        if resolution is None:
            resolution, note = evaluation.folder_resolution(options.fake)
        if note:
            common.say(f"note: {note}")
        fakes = _open(str(options.fake), resolution, options.data_cache)
        return [(evaluation.Stored(fakes, options.fake), reference(options.real, resolution))]
    if options.resolution is not None:
        raise UserError("--resolution is for --fake; a run is measured at its own")
    return [_run_job(source, options, reference) for source in options.runs]


def _run_job(source: str, options: argparse.Namespace, reference):
    import serving
    from serving import evaluation

    generator = serving.load(source, options.weights)
    sampling = evaluation.Sampling(options.weights, options.seed, options.truncation)
    spec, count = options.real, None
    if spec is None:
        spec, count = _data_of(source, generator)
    return evaluation.Drawn(generator, sampling), reference(
        spec, generator.recipe.resolution, count
    )


def _data_of(source: str, generator) -> tuple[str, int | None]:
    """The data that a run was trained on, as its record says."""
    from training import run

    try:
        settings = run.load(source).record()["settings"]
        return settings["data"], settings.get("count") or None
    except (UserError, OSError, KeyError, ValueError):
        raise UserError(
            f"{generator.origin} does not say where its training pictures are; give --real DATA"
        ) from None


def _open(spec: str, resolution: int, cache: Path | None, count: int | None = None):
    import datasets

    with user_errors(datasets.DataError):
        data = datasets.open_data(spec, resolution, cache_dir=cache, count=count)
    for line in data.report():
        common.say(line)
    return data


def table(records: Sequence) -> str:
    """The results as text: a row per measure, a block per record."""
    lines = []
    for record in records:
        fakes, reals = record.protocol["fake"], record.protocol["real"]
        subject = record.subject
        step = f", step {subject['step']}" if subject.get("step") is not None else ""
        lines += [
            "",
            f"{subject['name']}{step}: {fakes['count']} pictures against {reals['count']} of "
            f"{reals['data']!r} at {reals['resolution']} px",
            f"  {'measure':<18}{'value':>11}{'95 % interval':>25}{'reals/reals':>13}",
        ]
        for name, one in record.results.items():
            span = f"{one['low']:.4g} … {one['high']:.4g}" if "low" in one else ""
            floor = f"{one['floor']:.4g}" if "floor" in one else ""
            lines.append(f"  {name:<18}{one['value']:>11.4g}{span:>25}{floor:>13}")
        lines += [f"  · {note}" for note in record.notes]
    return "\n".join(lines)


def _write(folder: Path, done: Sequence) -> None:
    from metrics import plots, protocol

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(done):
            one.sheet.save(folder / SHEET.format(number))
        curves = {
            f"{number}: {Path(one.record.subject['name']).name}": one.result.curve
            for number, one in enumerate(done)
            if one.result.curve is not None
        }
        if curves:
            plots.precision_recall_curves(curves, folder / CURVES)
        protocol.save([one.record for one in done], folder / RECORDS)
    common.say(f"written to {folder}")
