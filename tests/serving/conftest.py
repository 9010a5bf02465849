import pytest

from tests.serving import tiny


@pytest.fixture(scope="module")
def plain():
    return tiny.generator("none")


@pytest.fixture(scope="module")
def attributes():
    return tiny.generator("attributes")


@pytest.fixture(scope="module")
def classes():
    return tiny.generator("classes")
