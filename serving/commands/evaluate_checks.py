"""What `evaluate.py` refuses before anything slow is imported."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.errors import UserError
from serving.output import check_file, check_folder

GAN_TRAIN = 200  # fakes: fewer teach a classifier nothing


def check(options: argparse.Namespace) -> None:
    """Raise `UserError` for mistakes that can be seen before the slow imports."""
    if bool(options.runs) == bool(options.fake):
        raise UserError("give RUN, or --fake DIR with --real DATA; --help explains both")
    if options.fake and not options.real:
        raise UserError("--fake needs --real DATA: a folder, or a data set by name")
    for name, usual in (("weights", "ema"), ("truncation", 1.0), ("seed", 0)):
        if options.fake and getattr(options, name) != usual:
            raise UserError(
                f"--{name} applies to a generator; leave it out with --fake, whose pictures exist"
            )
    if options.runs and options.labels == "folders" and not options.real:
        raise UserError("--labels folders applies to the pictures of --real DATA; give them")
    if options.runs and options.labels == "folders" and not Path(options.real).is_dir():
        raise UserError(
            f"--labels folders is for picture folders, and --real {options.real} is none; leave it "
            "out"
        )
    if options.samples < 2:
        raise UserError("--samples must be 2 or more: a spread needs two pictures")
    if options.control and options.history == "checkpoints":
        raise UserError("--control measures finished generators; leave out --history checkpoints")
    if options.gan_train and options.control < GAN_TRAIN:
        raise UserError(
            f"--gan-train needs --control {GAN_TRAIN} or more, not {options.control}: a classifier "
            "is trained on these pictures"
        )
    if options.fake and options.history == "checkpoints":
        raise UserError("--history checkpoints needs RUN; a folder of pictures has none")
    _check_extractor(options)
    if options.kid_subset < 2:
        raise UserError("--kid-subset must be 2 or more")
    if options.json:
        check_file(options.json, options.overwrite)
    if options.out:
        check_folder(options.out, options.overwrite)


def _check_extractor(options: argparse.Namespace) -> None:
    """Raise `UserError` for options that the feature network does not read."""
    chosen = options.extractor or "the usual one"
    if (options.inception or options.download) and options.extractor != "inception":
        given = "--inception" if options.inception else "--download"
        raise UserError(
            f"{given} is read only with --extractor inception, not with {chosen}; add it"
        )
    if options.preset and options.extractor not in ("dinov2", "clip"):
        raise UserError(f"--preset is read only with --extractor dinov2 or clip, not with {chosen}")
    if options.input_range and not str(options.extractor).endswith(".keras"):
        raise UserError(
            f"--input-range is read only with --extractor FILE.keras, not with {chosen}; leave it "
            "out"
        )
