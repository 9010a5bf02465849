"""CAAEs of five ages small enough for tests, their runs, and what they make."""

import numpy as np
from PIL import Image

import runs
from datasets import ages
from models import files
from models.systems.caae.turns import CAAE
from tests.models import tiny_caae

COUNT, SIDE = 400, 16
GROUPS = {"age": list(ages.AGES), "sex": list(ages.SEXES)}


def system_of(second):
    """A CAAE of the five ages whose pictures differ from age to age."""
    changes = {"ages": 5, "num_labels": 7 if second else 5, "initializer": "he_normal"}
    return CAAE(tiny_caae.recipe(second, **changes), seed=1)


def run_of(system, folder, data="ages"):
    """The folder of a run as if trained on `data`, with its ager."""
    here = runs.create(folder, "caae_cpu", "ages")
    groups = dict(list(GROUPS.items())[: len(system.recipe.conditions)])
    labels = {
        "kind": "attributes",
        "names": [name for members in groups.values() for name in members],
        "groups": groups,
    }
    settings = {"data": str(data), "count": COUNT if data == "ages" else 0}
    record = {"settings": settings, "data": {"labels": labels}, "precision": "float32"}
    here.write(system.recipe, record)
    metadata = {"verb": "age", "recipe": system.recipe.to_dict(), "labels": labels, "step": 4}
    files.save(system.output("ager"), here.output("ager"), metadata)
    return here.folder


def levels(system, picture, age, sex=None):
    """The picture at that age by the system itself, in levels."""
    labels = np.zeros((1, system.recipe.num_labels), "float32")
    labels[0, [age] if sex is None else [age, 5 + sex]] = 1
    return np.clip(np.rint((system.age(picture[None], labels)[0] + 1) * 127.5), 0, 255)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)
