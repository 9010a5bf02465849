"""How well a trained generator obeys its labels: the table of control accuracy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

import datasets
from console.errors import UserError, user_errors
from console.screen import say
from datasets import pixels
from foreign import networks
from foreign.files import replaced, write_json
from metrics import classifier, control
from metrics.errors import MetricError
from models import latents, sampling
from models.recipe import Recipe

SAMPLES = 2_000


def measure(
    generator: keras.Model,
    recipe: Recipe,
    data: datasets.ImageData,
    samples: int = SAMPLES,
    seed: int = 0,
    truncation: float = 1.0,
) -> list[control.Row]:
    """Score `samples` pictures, generated with labels drawn from the data's; see `judge`."""
    _check(data)
    rng = np.random.Generator(np.random.Philox(key=[seed, samples]))
    asked = data.labels.values[rng.integers(len(data.labels.values), size=samples)]
    drawn = latents.sample(recipe.latent, samples, recipe.latent_dim, rng, truncation)
    return judge(pixels.to_uint8(sampling.generate(generator, drawn, asked)), asked, data)


def judge(pictures: np.ndarray, asked: np.ndarray, data: datasets.ImageData) -> list[control.Row]:
    """Score `pictures`, uint8 (N, H, W, C), generated with the labels `asked`, as in `data`.

    The judge is an attribute classifier trained on the real pictures; it is kept beside their
    cache, so that only the first call trains it. Every row has its accuracy on unseen reals.

    Raises `UserError` if the data has no labels or too few pictures.
    """
    _check(data)
    space = space_of(data.labels)
    with user_errors(MetricError):
        known = load_judge(data, space)
        rows = control.score(classifier.predict(known.model, pictures), asked, space)
        real = classifier.predict(known.model, np.asarray(data.images[known.held_out]))
        judged = control.score(real, data.labels.values[known.held_out], space)
    return control.with_judge(rows, judged)


def _check(data: datasets.ImageData) -> None:
    if data.labels is None:
        raise UserError(f"control accuracy needs labels, and {data.name!r} has none")


def report(rows: list[control.Row], folder: Path) -> None:
    """Print the table and write it to `folder` as control.md, control.csv and control.json."""
    say("control accuracy: how often the pictures show what was asked for")
    for line in control.as_markdown(rows).splitlines():
        say(f"  {line}")
    write(rows, folder / "control")


def write(rows: list[control.Row], path: Path) -> None:
    """Write the table as `path` with the endings .md, .csv and .json."""
    texts = ((".md", control.as_markdown(rows)), (".csv", control.as_csv(rows)))
    for ending, content in texts:
        with replaced(path.with_suffix(ending)) as unfinished:
            unfinished.write_text(content, "utf-8")
    plain = [dataclasses.asdict(row) for row in rows]
    for row in plain:  # JSON knows no nan
        row.update({k: None for k, v in row.items() if isinstance(v, float) and math.isnan(v)})
    write_json(path.with_suffix(".json"), plain)


def space_of(labels: datasets.Labels) -> classifier.LabelSpace:
    """The labels that the classifier must tell apart."""
    return classifier.LabelSpace(labels.kind, tuple(labels.names), dict(labels.groups))


def load_judge(data: datasets.ImageData, space: classifier.LabelSpace) -> classifier.Trained:
    """The classifier of `data`, from its cache or trained now, with a progress bar."""
    path = data.folder / f"classifier-{_key(data, space)}.keras"
    if path.is_file():
        try:
            model = networks.load(path)
            return classifier.Trained(model, classifier.split(len(data.images))[1])
        except Exception as error:  # damaged, or from another Keras: train a new one
            say(f"{path} cannot be read ({str(error).splitlines()[0][:80]}); training it anew")
    with tqdm(desc="attribute classifier", unit="step", leave=False, mininterval=1.0) as bar:

        def watch(step, steps, loss):
            bar.total = steps
            bar.update(step - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)

        trained = classifier.train(data.images, data.labels.values, space, watch=watch)
    try:
        with replaced(path, shared=True) as unfinished:
            trained.model.save(unfinished)
    except OSError as error:
        say(f"the attribute classifier could not be kept in {path.parent}: {error.strerror}")
    return trained


def _key(data: datasets.ImageData, space: classifier.LabelSpace) -> str:
    """Changes with the pictures, the labels and the classifier's settings."""
    settings = (
        data.fingerprint, data.images.shape, space.kind, space.names, sorted(space.groups.items()),
        classifier.VERSION, classifier.EPOCHS, classifier.BATCH, classifier.RATE,
    )  # fmt: skip
    digest = hashlib.sha256(json.dumps(settings).encode())
    digest.update(np.ascontiguousarray(data.labels.values).tobytes())
    return digest.hexdigest()[:12]
