"""`export.py`: a generator or translator for use without this project."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.errors import UserError, user_errors
from console.options import Parser
from console.screen import say
from console.wording import size
from foreign import names
from serving.commands import common
from serving.export import packages
from serving.output import check_folder

if TYPE_CHECKING:
    from metrics.protocol import Record

_MAY_LACK = ("network", "weights_sha256")  # records of earlier versions do
FORMATS = ("keras", "saved_model", "onnx", "litert")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and carry it out; returns the exit code.

    TensorFlow makes every format except `keras`; it also loads networks of JAX and torch.
    """
    return common.run(build_parser(), export_all, arguments, backend="tensorflow")


def build_parser() -> Parser:
    """The options of export.py."""
    parser = Parser(
        description="Write a trained generator, or a network that translates or reconstructs "
        "pictures, in formats for use elsewhere. Each file is checked against the Keras network at "
        "once. Needs TensorFlow, also for networks of other backends."
    )
    common.add_source(parser)
    parser.add_argument(
        "--network", metavar="NAME",
        help="which network, if the run has several, such as translator_back; default: the first",
    )  # fmt: skip
    parser.add_argument(
        "--format", nargs="+", choices=FORMATS, default=["saved_model"],
        metavar="|".join(FORMATS), help="which formats",
    )  # fmt: skip
    parser.add_argument(
        "--record", type=names.path, metavar="FILE",
        help="what evaluate.py --json measured of this network: it goes into the passport, and so "
        "onto a page of the exported file",
    )  # fmt: skip
    parser.add_argument(
        "--half", action="store_true",
        help="with --format keras: weights in half precision, for half the size",
    )  # fmt: skip
    parser.add_argument(
        "--discriminator", action="store_true",
        help="with --format keras, of a GAN's run: what the generator was trained against too, so "
        "that train.py --from goes on with both",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        type=names.path,
        required=True,
        metavar="DIR",
        help="each format gets a folder in it",
    )  # fmt: skip
    common.add_overwrite(parser)
    return parser


def export_all(options: argparse.Namespace) -> None:
    """Export in every format asked for. Raises `UserError`."""
    formats = list(dict.fromkeys(options.format))
    for option in ("half", "discriminator"):
        if getattr(options, option) and formats != ["keras"]:
            raise UserError(f"--{option} is for --format keras alone, not for {', '.join(formats)}")
    for form in formats:
        check_folder(options.out / form, options.overwrite, form)
    common.check_source(options.source)
    records = _records(options.record) if options.record else []
    packages.require(formats)
    import serving

    # First of all: it wakes Keras silently.
    network = serving.load_any(options.source, options.weights, options.network)
    if options.record:
        network.metadata["passport"] = _passport(options.record, records, network)
    from serving.export import discriminator
    from serving.export.export import export

    against = None
    if options.discriminator:
        against = discriminator.find(options.source, network.source)
    for form in formats:
        made = export(network, form, options.out / form, options.half, against)
        say(f"{form:<12}{size(made.size)}, largest error {made.error:.1e}: {made.folder}")


def _records(path: Path) -> list[Record]:
    """The records in `path`; needs no Keras. Raises `UserError`."""
    from metrics import protocol
    from metrics.errors import MetricError

    with user_errors(MetricError):
        return protocol.load(path)


def _passport(path: Path, records: Sequence[Record], network: Any) -> dict[str, Any]:
    """The record in `path` that measures the network. Raises `UserError` if there is none."""
    from serving.subjects import averaged, identity

    known, weights = identity(network), averaged(network.metadata)
    for record in records:
        found = {name: record.subject.get(name) for name in known}
        found |= {name: known[name] for name in _MAY_LACK if found[name] is None}
        fake = record.protocol.get("fake")
        drawn = fake.get("weights", weights) if isinstance(fake, dict) else weights
        if found == known and drawn == weights:
            name = Path(str(record.subject.get("name"))).name  # where it lay is nobody's business
            return record.to_dict() | {"subject": record.subject | {"name": name}}
    raise UserError(
        f"{path} does not measure {network.origin}: none of its {len(records)} records is of this "
        f"file: {known['recipe']} ({known['network']}, {weights}), step {known['step']}, data "
        f"{known['data_fingerprint']}"
    )
