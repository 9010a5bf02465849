"""`evaluate.py`: how good a generator's pictures are."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from console.errors import UserError, user_errors
from console.options import Parser
from console.screen import say, show
from foreign import bounds, names, numbers
from serving.commands import common, evaluate_checks
from serving.output import disk_errors

HISTORIES = ("logged", "checkpoints")


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
    add("runs", type=names.word, nargs="*", metavar="RUN",
        help="a run (folder, name, number), checkpoint or .keras")  # fmt: skip
    add("--fake", type=names.path, metavar="DIR",
        help="a folder of generated pictures, instead of RUN")  # fmt: skip
    add(
        "--real",
        type=names.word,
        metavar="DATA",
        help="a folder or a data set by name; default: the run's data",
    )
    add("--samples", type=common.PICTURES, default=5000, help="most pictures of each kind")
    add("--resolution", type=common.resolution, metavar="N|WxH",
        help="for pictures in folders: a side, or width x height; default: their own")  # fmt: skip
    add("--history", choices=HISTORIES, default="logged", metavar="|".join(HISTORIES),
        help="quality against step: as the run logged it, or measured now on each of its "
        "checkpoints")  # fmt: skip
    add("--labels", choices=("none", "folders"), default="none", metavar="none|folders",
        help="folders: the sub-folders of picture folders are classes")  # fmt: skip
    add("--weights", choices=("ema", "best", "raw"), default="ema", metavar="ema|best|raw",
        help="the averaged weights, the best by the run's measure, or the weights in "
        "training")  # fmt: skip
    add("--truncation", type=common.FRACTION, default=1.0, metavar="T", help="for the latents")
    add("--seed", type=numbers.seed, default=0, help="seed of the latents and labels")
    add("--data-cache", type=names.path, metavar="DIR", help="folder for prepared pictures")
    _add_measuring(parser.add_argument_group("How").add_argument)
    add = parser.add_argument_group("Results").add_argument
    add("--json", type=names.path, metavar="FILE", help="write the records, with their protocols")
    add("--out", type=names.path, metavar="DIR", help="write plots and the sheet of nearest reals")
    add("--against", type=names.path, metavar="FILE", help="compare with earlier records")
    add("--force", action="store_true", help="compare even if the protocols differ")
    add("--overwrite", action="store_true", help="replace results that exist")
    return parser


def _add_measuring(add) -> None:
    add("--extractor", type=names.word, metavar="lite0|lite1|inception|dinov2|clip|FILE.keras",
        help="feature network; default lite0, or lite1 for networks trained with lite0's features; "
        "dinov2 and clip need the package keras-hub, which fetches their weights")  # fmt: skip
    add("--preset", type=names.word, metavar="NAME|DIR",
        help="for dinov2 and clip: other weights, a preset of KerasHub or its folder")  # fmt: skip
    add("--inception", type=names.path, metavar="FILE", help="the FID Inception's .pth weights")
    add("--download", action="store_true", help="fetch the FID Inception's weights if missing")
    add("--precision", choices=("float32", "bfloat16"), default="float32", help="of the extractor")
    add("--input-range", metavar="0..255|0..1|-1..1",
        help="range of the pixels that FILE.keras takes (default: 0..255); the last is written "
        "--input-range=-1..1")  # fmt: skip
    add("--kid-subset", type=common.PICTURES, default=1000, help="pictures in a KID subset")
    add("--bootstrap", type=numbers.whole(0, 10_000), default=25,
        help="replicates per interval; 0: none")  # fmt: skip
    add("--classes", metavar="GROUP", help="a one-of group of attributes, such as 'hair colour', "
        "for the intra-class distance; default: the data's classes, if any")  # fmt: skip
    add("--pixels", action="store_true", help="also compare pixels: patches of each scale (SWD), "
        "likeness among fakes (MS-SSIM)")  # fmt: skip
    add("--control", type=numbers.whole(0, bounds.PICTURES), default=0, metavar="N",
        help="measure on N pictures how well labels are obeyed; 0: do not")  # fmt: skip
    add("--gan-train", action="store_true", help="with --control: also train a classifier on its "
        "pictures and test it on real ones")  # fmt: skip
    add("--floor", choices=("reals", "none"), default="reals",
        help="reals: also measure reals against reals")  # fmt: skip
    add("--feature-cache", type=names.path, metavar="DIR", help="folder for the features of reals")


def evaluate(options: argparse.Namespace) -> None:
    """Measure, print the table, write what was asked for. Raises `UserError`."""
    evaluate_checks.check(options)
    from console import backend

    backend.wake()
    from metrics import extractors, measure, protocol
    from metrics.errors import MetricError
    from serving import evaluation, report
    from serving.commands import evaluate_jobs

    options.extractor = options.extractor or evaluate_jobs.judge_of(options.runs)
    with user_errors(MetricError):
        earlier = protocol.load(options.against) if options.against else []
        extractor = extractors.load(
            options.extractor,
            inception_path=options.inception,
            download=options.download,
            precision=options.precision,
            input_range=options.input_range or "0..255",
            preset=options.preset,
        )
    settings = measure.Settings(kernel_subset_size=options.kid_subset, bootstrap=options.bootstrap)
    jobs, logged = evaluate_jobs.jobs(options), _logged(options)
    _check_labels(jobs, options)
    unseen = evaluate_jobs.unseen(options, jobs, extractor)
    counts = [evaluation.count_of(subject, real, options.samples) for subject, real in jobs]
    protocols = [
        evaluation.protocol_of(extractor, *job, count, settings, options.classes, options.pixels)
        for job, count in zip(jobs, counts, strict=True)
    ]
    planned = [protocol.Record(one, {}, {}) for one in protocols]
    with user_errors(MetricError):  # before minutes of work, not after
        different = protocol.require_comparable([*earlier, *planned], options.force)
    done = _measure(extractor, jobs, counts, settings, options)
    records = [one.record for one in done]
    show(*report.table([*earlier, *records]).splitlines())
    measured = _measured([*earlier, *records], extractor)
    if logged or measured:
        show("", *report.histories(logged, measured).splitlines())
    if different:
        say(f"forced: the protocols differ in {', '.join(different)}")
    # What follows may train classifiers for minutes: the records are safe before.
    if options.json:
        with disk_errors(options.json):
            protocol.save(records, options.json)
    if options.out:
        with disk_errors(options.out):
            report.remove_earlier(options.out)
            report.write(options.out, done, measured, logged)
    for number, measured_unseen in enumerate(unseen):
        with user_errors(MetricError):
            found = measured_unseen()
        show("", *found.text.splitlines())
        if options.out:
            with disk_errors(options.out):
                found.write(options.out, number)
    if options.control:
        _report_control(jobs, options)
    if options.out:
        say(f"written to {options.out}")


def _measure(extractor, jobs: list, counts: list[int], settings, options) -> list:
    """An evaluation per job; a checkpoint that cannot be read is reported and left out."""
    from tqdm import tqdm

    from serving import evaluation

    done, failed = [], []
    floor = options.floor == "reals"
    bar = tqdm(jobs, desc="generators", unit="", disable=len(jobs) < 2)
    for (subject, real), count in zip(bar, counts, strict=True):
        try:
            found = evaluation.evaluate(
                extractor, subject, real, count, settings, floor, options.classes, options.pixels
            )
        except UserError as error:
            if options.history != "checkpoints":
                raise
            failed.append(error)
            continue
        finally:
            subject.release()
        done.append(found)
    if not done:
        raise UserError(f"none of the {len(failed)} checkpoints can be measured: {failed[0]}")
    if failed:
        say(f"{len(failed)} of {len(jobs)} checkpoints were left out:")
    for error in failed:
        say(f"  {error}")
    return done


def _logged(options: argparse.Namespace) -> list:
    """The histories that the runs logged while they trained."""
    from serving import history

    runs = {run.folder: run for run in map(history.run_of, options.runs) if run is not None}
    found = {str(folder): history.logged(run) for folder, run in runs.items()}
    known = {folder: one for folder, one in found.items() if one is not None}
    return history.told_apart(list(known.values()), list(known))


def _measured(records: Sequence, extractor) -> list:
    """The histories among the records."""
    from metrics.measures import FRECHET
    from serving import history

    return history.measured(records, extractor.measure_name(FRECHET))


def _check_labels(jobs: list, options: argparse.Namespace) -> None:
    """Raise `UserError` if labels are missing that --classes or --control needs."""
    from serving import evaluation

    for subject, real in jobs:
        evaluation.grouping_of(subject, real, options.classes)
    if options.control:
        _check_control(jobs)
    if options.gan_train:
        from quality import gan_train

        for _, real in jobs:
            gan_train.check(real.data, options.control)


def _check_control(jobs: list) -> None:
    """Raise `UserError` unless every subject takes labels and its reals have the same ones."""
    from metrics import classifier
    from metrics.errors import MetricError
    from serving.subjects import Drawn

    for subject, reference in jobs:
        if not isinstance(subject, Drawn):
            raise UserError(f"--control needs a generator with labels; {subject.name} is none")
        labels = subject.labels
        if labels is None:
            raise UserError(f"--control needs a generator with labels; {subject.name} has none")
        if labels.kind == "captions":
            raise UserError(
                f"--control measures labels, and {subject.name} takes captions; on faces "
                "evaluate.py measures these without being asked"
            )
        known = reference.data.labels
        if known is None or tuple(known.names) != tuple(labels.names):
            raise UserError(
                f"--control needs real pictures with the labels of {subject.name}: "
                f"{', '.join(labels.names[:5])}, …"
            )
        with user_errors(MetricError):
            classifier.split(len(reference.data.images))


def _report_control(jobs: list, options: argparse.Namespace) -> None:
    """Print, and write to --out, how well each generator obeys its labels."""
    import numpy as np

    from quality import control, gan_train

    for number, (subject, reference) in enumerate(jobs):
        parts = list(subject.batches(options.control))
        pictures, asked = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        rows = control.judge(pictures, asked, reference.data)
        table = control.control.as_markdown(rows).splitlines()
        show("", f"{subject.name}: control accuracy", "", *table)
        if options.out:
            with disk_errors(options.out):
                options.out.mkdir(parents=True, exist_ok=True)
                control.write(rows, options.out / f"control_{number}")
        if options.gan_train:
            learned = gan_train.measure(pictures, asked, reference.data)
            show(
                "", f"{subject.name}: GAN-train, a classifier trained on {len(pictures)} fakes", ""
            )
            show(*gan_train.as_markdown(learned).splitlines())
            if options.out:
                with disk_errors(options.out):
                    gan_train.write(learned, options.out / f"gan_train_{number}.md")
