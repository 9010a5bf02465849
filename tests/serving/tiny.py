"""Generators small enough for tests, with weights that make their pictures differ."""

from pathlib import Path

import keras
import numpy as np

from layers import standing_statistics
from models import files, latents, networks
from serving.generator import Generator
from serving.source import Source
from tests.models import tiny

ATTRIBUTES = {
    "kind": "attributes",
    "names": ["blue hair", "red hair", "smile", "glasses", "long hair"],
    "groups": {"hair colour": ["blue hair", "red hair"]},
}
CLASSES = {"kind": "classes", "names": ["cat", "dog", "owl"], "groups": {}}
KINDS = {
    "none": ({}, None),
    "attributes": ({"label_kind": "attributes", "num_labels": 5}, ATTRIBUTES),
    "classes": ({"label_kind": "classes", "num_labels": 3}, CLASSES),
}


def network(recipe, seed=1, precision="float32"):
    """A generator as if trained: statistics, attention and label weights are not at their start."""
    made, _ = networks.build(recipe, seed, precision)
    rng = np.random.default_rng(seed)
    for variable in made.variables:
        name = variable.path
        if name.endswith("attention/gamma"):
            variable.assign(0.7)
        elif name.endswith(("/beta", "gain/embeddings", "shift/embeddings")):
            variable.assign(0.3 * rng.standard_normal(variable.shape))
    z = latents.sample(recipe.latent, 64, recipe.latent_dim, rng)
    y = rng.integers(0, max(1, recipe.num_labels), 64)
    if recipe.label_kind == "attributes":
        y = np.eye(recipe.num_labels)[y]
    standing_statistics(made, [[z, y.astype(made.inputs[1].dtype)]])
    return made


def source(kind="none", precision="float32", **changes) -> Source:
    """A generator of 16 px, labelled as `kind` says."""
    labels, known = KINDS[kind]
    changes = {"initializer": "glorot_uniform", "attention_resolution": 8, **labels, **changes}
    recipe = tiny.recipe(**changes)
    metadata = {"recipe": recipe.to_dict(), "labels": known, "step": 7, "data": "faces"}
    return Source(network(recipe, precision=precision), recipe, metadata, Path("generator.keras"))


def extractor_file(folder: Path) -> Path:
    """A network of features, `net.keras` for pictures of 16 px: Lite0 takes seconds a test."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 64), keras.layers.Conv2D(4, 3)]
    keras.Sequential(layers).save(folder / "net.keras")
    return folder / "net.keras"


def generator(kind="none", **changes) -> Generator:
    """`source` ready for use."""
    return Generator(source(kind, **changes))


def saved(folder: Path, kind="none", **changes) -> Path:
    """`source` as a file in `folder`."""
    made = source(kind, **changes)
    files.save(made.network, folder / "generator.keras", made.metadata)
    return folder / "generator.keras"
