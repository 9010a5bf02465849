"""The command line of `prepare.py`: cache a data set, or make one of faces from illustrations."""

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from console import backend
from console.errors import user_errors
from console.options import Parser
from console.screen import show
from curation import pipeline
from curation.decisions import Rules
from curation.detectors import build
from curation.tagger import CHANNELS, Tagger
from datasets import command, sources
from datasets.data import check_workers
from datasets.errors import DataError
from datasets.public import PUBLIC
from foreign import numbers
from foreign.names import path

CACHING = ("resolution", "channels", "labels", "count", "cache", "sheet")


def main(arguments: Sequence[str] | None = None, wake: Callable[[], None] = lambda: None) -> int:
    """Run the command; 0, or 2 after a one-line error. `wake` starts Keras before it is needed."""
    parser = build_parser()
    options = parser.parse(arguments)
    other = _given(parser, options, CACHING if options.faces else _face_options(parser))
    if other:
        needs = "does not go with" if options.faces else "needs"
        parser.error(f"{', '.join(other)} {needs} --faces")
    if options.faces:
        return command.run(parser, lambda options: prepare_faces(options, wake), options)

    def work(options: argparse.Namespace) -> None:
        if options.data in PUBLIC:  # Keras downloads it
            wake()
        command.prepare(options)

    return command.run(parser, work, options)


def prepare_faces(options: argparse.Namespace, wake: Callable[[], None]) -> None:
    """Make a data set of faces and print what is in it. Raises `DataError`."""
    check_workers(options.workers)
    raw = sources.folder_of(options.data)
    show(*pipeline.run(raw, options.faces.expanduser(), _pipeline_options(options, wake)))


def build_parser() -> Parser:
    """The options of caching and those of `--faces`."""
    parser = command.build_parser()
    parser.description = (
        "Cache a data set ahead of training and say what is in it; or, with --faces, make a data "
        "set of faces from a folder of illustrations."
    )
    group = parser.add_argument_group("faces from illustrations")
    add, whole, number = group.add_argument, numbers.whole(), numbers.real()
    add("--faces", type=path, metavar="OUT", help="find the faces in DATA and write them here; "
        "run it again after adding pictures, or to apply OUT/drop.txt")  # fmt: skip
    add("--no-detect", action="store_true", help="each picture is a face already")
    add("--turned", action="store_true", help="also find heads tilted to about 45° (3 to 4× time)")
    add("--detector", metavar="FILE.onnx", help="your own detector, as YOLOv8 exports it")
    add("--tagger", type=path, metavar="DIR", help="a WD tagger: model.onnx, selected_tags.csv")
    add("--tagger-channels", choices=CHANNELS, help="colour order (default bgr)")
    add("--tags", type=path, metavar="DIR", help="illustration2vec's JSON, in place of a tagger")
    add("--threshold", type=number, metavar="P", help="an attribute is on above this probability "
        "(default 0.35; 0.25 with --tags)")  # fmt: skip
    add("--write-tags", action="store_true", help="write illustration2vec's JSON to OUT/tags")
    add(
        "--least-side",
        type=whole,
        default=64,
        metavar="PX",
        help="drop smaller faces (default 64)",
    )
    add("--most-aspect", type=number, default=2.0, metavar="R", help="drop faces whose longer "
        "side is more than R times the shorter (default 2)")  # fmt: skip
    add("--drop-grey", action="store_true", help="drop faces without colour")
    add("--no-outliers", action="store_true", help="do not rank outliers: no Keras is needed")
    return parser


def _pipeline_options(options: argparse.Namespace, wake: Callable[[], None]) -> pipeline.Options:
    """The options, checked before any picture is read. Raises `DataError` or `UserError`."""
    if not options.no_outliers:
        backend.choose()  # the outliers come last, after minutes
    if options.no_detect and (options.detector or options.turned):
        raise DataError("--no-detect does not use --detector or --turned; leave them out.")
    if options.tagger_channels and not options.tagger:
        raise DataError("--tagger-channels is read with --tagger alone; leave it out.")
    if options.tagger and options.tags:
        raise DataError("Tags come from --tagger or from --tags, not from both.")
    threshold = options.threshold
    if threshold is None:
        threshold = 0.25 if options.tags else 0.35
    if not 0 <= threshold < 1:
        raise DataError(f"The threshold must be from 0 to below 1, not {threshold:g}.")
    if options.most_aspect < 1:
        raise DataError(f"The aspect must be at least 1, not {options.most_aspect:g}.")
    if options.write_tags and not (options.tagger or options.tags):
        raise DataError("--write-tags needs --tagger or --tags.")
    detector = "none" if options.no_detect else options.detector or "cascade"
    if detector != "none":
        build(detector, options.turned)  # reports anything missing at once
    tagger = None
    if options.tagger:
        channels = options.tagger_channels or "bgr"
        tagger = Tagger(options.tagger.expanduser(), channels)
        if tagger.missing:
            show(f"Attributes that the tagger does not know: {', '.join(tagger.missing)}.")
    return pipeline.Options(
        detector=detector,
        turned=options.turned,
        tagger=tagger,
        tagger_name=f"{options.tagger} {channels}" if tagger else "",
        tags=options.tags.expanduser() if options.tags else None,
        threshold=threshold,
        write_tags=options.write_tags,
        features=None if options.no_outliers else lite0_features(wake),
        rules=Rules(options.least_side, options.most_aspect, options.drop_grey),
        workers=options.workers,
    )


def lite0_features(wake: Callable[[], None]) -> pipeline.Features:
    """EfficientNet-Lite0's features; `wake` starts Keras with the first pictures."""
    loaded: list[Callable] = []

    def features(pictures: np.ndarray) -> np.ndarray:
        if not loaded:
            wake()
            from metrics import extractors
            from metrics.errors import MetricError

            with user_errors(MetricError):
                loaded.append(extractors.load("lite0"))
        return loaded[0](pictures).pool

    return features


def _face_options(parser: argparse.ArgumentParser) -> list[str]:
    """The names, in a namespace, of the options that need --faces."""
    group = next(group for group in parser._action_groups if "faces" in (group.title or ""))
    return [action.dest for action in group._group_actions]


def _given(
    parser: argparse.ArgumentParser, options: argparse.Namespace, names: Sequence[str]
) -> list[str]:
    """The options whose value differs from their default."""
    given = [name for name in names if getattr(options, name) != parser.get_default(name)]
    return [f"--{name.replace('_', '-')}" for name in given]
