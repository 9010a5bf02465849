import pytest

import runs
from models import files
from models.systems.cyclegan.turns import CycleGAN
from tests.models import tiny_cyclegan
from tests.serving import tiny

TITLES = {"a": {"title": "day"}, "b": {"title": "night"}}


@pytest.fixture(scope="module")
def plain():
    return tiny.generator("none")


@pytest.fixture(scope="module")
def attributes():
    return tiny.generator("attributes")


@pytest.fixture(scope="module")
def classes():
    return tiny.generator("classes")


@pytest.fixture(scope="module", name="files")
def files_of_each_kind(tmp_path_factory):
    return {kind: tiny.saved(tmp_path_factory.mktemp(kind), kind) for kind in tiny.KINDS}


@pytest.fixture(scope="module")
def system():
    """A CycleGAN of 16 px."""
    made = CycleGAN(tiny_cyclegan.recipe(), seed=1)
    for network in (made.ema_a_to_b, made.ema_b_to_a):  # so that outputs are not nearly grey
        for variable in network.trainable_variables:
            variable.assign(variable * 8.0)
    return made


@pytest.fixture(scope="module")
def run(system, tmp_path_factory):
    """The folder of a run as if trained, with both translators."""
    here = runs.create(tmp_path_factory.mktemp("samples"), "cyclegan_cpu", "days")
    here.write(system.recipe, {"data": {"domains": TITLES}, "precision": "float32"})
    for name, title in (("translator", "day → night"), ("translator_back", "night → day")):
        metadata = {"verb": "translate", "title": title, "recipe": system.recipe.to_dict()}
        files.save(system.output(name), here.output(name), metadata)
    return here.folder
