"""Agers in use: one that takes age and sex, one that takes the age alone."""

import pytest

from datasets import ages
from tests.serving.ageing.tiny import SIDE, run_of, system_of


@pytest.fixture(scope="module")
def both():
    return system_of(True)


@pytest.fixture(scope="module")
def run(both, tmp_path_factory):
    """The run of a network that takes age and sex."""
    return run_of(both, tmp_path_factory.mktemp("g"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The run of a network that takes the age alone."""
    return run_of(system_of(False), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def picture():
    return ages.draw(3, SIDE, 0)
