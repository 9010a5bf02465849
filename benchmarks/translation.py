"""A CycleGAN of drawn faces compared with the truth: `python benchmarks/translation.py RUN`.

For faces that were not in the training data, the exact counterpart is known: the same face drawn
with the other domain's label. It prints for both directions, as L1 distances of 0 to 255:

    identity     from the unchanged picture to its counterpart
    nearest      from the nearest of 900 pictures of the target domain to the counterpart
    translation  from the translation to the counterpart; inside and outside the changed pixels
    cycle        from the picture, translated there and back, to itself; also with noise of
                 standard deviation 2 added to the translation
    target       share of translations that an attribute classifier sees in the target domain
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import datasets
import runs
import serving
from console import backend
from console.errors import UserError
from datasets import conditions, counterparts, faces
from media.sheet import sheet

FIRST = faces.DEFAULT_COUNT  # the first face beyond those that a training uses by default
_LOOKED_AT = 40  # times as many faces are looked through as are measured
_CHANGED = 24  # of 255: a pixel that differs by more in a colour is one that the edit changes
_NOISE, _NEIGHBOURS, _SHOWN = 2.0, 900, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("run", help="a run of faces that --domains parted by labels")
    parser.add_argument("--count", type=int, default=200, help="faces a way (default 200)")
    parser.add_argument("--first", type=int, default=FIRST, help="number of the first face")
    parser.add_argument("--weights", default="ema", choices=("ema", "best", "raw"))
    parser.add_argument(
        "--sheet", type=Path, help="also 8 faces each way, translations, counterparts"
    )
    options = parser.parse_args()
    backend.choose()
    try:
        print(table(options))
    except (UserError, datasets.DataError) as error:
        raise SystemExit(f"translation.py: error: {error}") from None


def table(options: argparse.Namespace) -> str:
    """Both ways as a Markdown table. Raises `UserError`, or `DataError` for other pictures."""
    translators = [serving.load_translator(options.run, options.weights, b) for b in (False, True)]
    record = runs.load(options.run).record()
    if not record["settings"]["domains"] or record["settings"]["data"] != "faces":
        raise UserError(f"{options.run} was not trained on faces parted by --domains")
    words = [record["data"]["domains"][name]["title"] for name in ("a", "b")]
    last = record["settings"]["count"] or FIRST
    if options.first < last:
        raise UserError(f"faces below {last:,} were trained on; give --first {last} or more")
    rows, shown = {}, []
    for back, (start, end) in enumerate((words, words[::-1])):
        there, again = translators[back], translators[1 - back]
        rows[f"{start} → {end}"], pictures = measured(there, again, start, end, options)
        shown += pictures
    if options.sheet:
        sheet(np.concatenate(shown), len(shown[0])).save(options.sheet)
    names = list(next(iter(rows.values())))
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    lines += [
        f"| {way} | {' | '.join(f'{row[name]:.2f}' for name in names)} |"
        for way, row in rows.items()
    ]
    return "\n".join(lines)


def measured(
    there, again, start: str, end: str, options: argparse.Namespace
) -> tuple[dict[str, float], list[np.ndarray]]:
    """The figures of one way by name, on `count` faces of the domain `start`.

    And the first of the faces, their translations and their counterparts.
    """
    size = there.resolution
    indices = faces_of(start, options.first, options.count)
    before = np.stack([faces.draw(int(index), size) for index in indices])
    # Drawn twice, so that both differ in the edit alone: an edit has one frame for all glasses.
    before = np.where(
        _drawn_by_edit(start), counterparts.counterparts(indices, start, size), before
    )
    truth = counterparts.counterparts(indices, end, size)
    after = there.translate(before)
    changed = (np.abs(truth.astype(int) - before) > _CHANGED).any(axis=-1)
    errors = np.abs(after.astype(float) - truth)
    noise = np.random.default_rng(0).normal(0.0, _NOISE, after.shape)
    noisy = np.clip(np.rint(after + noise), 0, 255).astype(np.uint8)
    others = faces_of(end, options.first, _NEIGHBOURS)
    targets = np.stack([faces.draw(int(index), size) for index in others])
    figures = {
        "identity": _distance(before, truth),
        "nearest": float(np.mean([_nearest(one, targets) for one in truth])),
        "translation": float(errors.mean()),
        "within the change": float(errors[changed].mean()),
        "beside it": float(errors[~changed].mean()),
        "cycle": _distance(again.translate(after), before),
        "cycle, noise": _distance(again.translate(noisy), before),
        "target": share_in(end, after, size),
    }
    return figures, [before[:_SHOWN], after[:_SHOWN], truth[:_SHOWN]]


def faces_of(condition: str, first: int, count: int) -> np.ndarray:
    """The numbers of the first `count` faces from `first` on that fulfil `condition`."""
    edit = conditions.parse(condition, datasets.ATTRIBUTES)
    numbers = np.arange(first, first + _LOOKED_AT * count)
    values = faces.labels_of(numbers)
    labels = datasets.Labels("attributes", datasets.ATTRIBUTES, values, dict(datasets.GROUPS))
    found = numbers[conditions.mask(labels, edit)][:count]
    if len(found) < count:
        raise UserError(
            f"only {len(found)} of {len(numbers):,} faces are {condition!r}; lower --count"
        )
    return found


def share_in(condition: str, pictures: np.ndarray, size: int) -> float:
    """The share of `pictures` that a classifier of all attributes sees to fulfil `condition`."""
    from metrics import classifier
    from quality import control

    data = datasets.open_data(datasets.sources.FACES, size)
    space = control.space_of(data.labels)
    scores = classifier.predict(control.load_judge(data, space).model, pictures)
    wanted = conditions.parse(condition, datasets.ATTRIBUTES)
    fitting = np.ones(len(pictures), bool)
    for name, on in wanted.items():
        column = datasets.ATTRIBUTES.index(name)
        group = next((m for m in datasets.GROUPS.values() if name in m), None)
        if group is None:
            has = scores[:, column] > 0
        else:
            members = [datasets.ATTRIBUTES.index(member) for member in group]
            has = np.array(members)[scores[:, members].argmax(axis=1)] == column
        fitting &= has == on
    return float(fitting.mean())


def _drawn_by_edit(condition: str) -> bool:
    return not any(name in m for name in counterparts.edit_of(condition)
                   for m in datasets.GROUPS.values())  # fmt: skip


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.abs(x.astype(float) - y).mean())


def _nearest(picture: np.ndarray, others: np.ndarray) -> float:
    return float(np.abs(others.astype(np.int16) - picture).mean(axis=(1, 2, 3)).min())


if __name__ == "__main__":
    main()
