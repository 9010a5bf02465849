"""A CycleGAN on every backend: the same steps, a resume bit for bit, files, and two devices."""

import numpy as np
import pytest

from tests.models import backends


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.cyclegan_steps` finds: by backend."""
    return backends.results("tests.models.cyclegan_steps", tmp_path_factory)


def named(found, kind):
    return {name[len(kind) :]: value for name, value in found.items() if name.startswith(kind)}


@pytest.mark.parametrize("backend", backends.EVERY)
def test_two_steps_a_checkpoint_and_two_steps_are_four(backend, results):
    whole, parts = (named(results(backend), kind) for kind in ("whole/", "parts/"))
    assert whole.keys() == parts.keys()
    assert sum("pool_" in name for name in whole) == 2
    assert all(np.any(value) for name, value in whole.items() if "pool_" in name)
    assert [name for name in whole if not np.array_equal(whole[name], parts[name])] == []


@pytest.mark.parametrize("backend", backends.EVERY)
def test_an_output_is_the_same_network_in_its_file(backend, results):
    found = named(results(backend), "file/")
    for name in ("translator", "translator_back"):
        np.testing.assert_array_equal(found[f"{name}/kept"], found[f"{name}/read"])
    assert not np.array_equal(found["translator/kept"], found["translator_back/kept"])


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_four_steps_agree(backend, results):
    expected, found = (named(results(each), "steps/") for each in ("tensorflow", backend))
    assert expected.keys() == found.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("backend", backends.EVERY[:2])
def test_two_devices_do_what_one_does(backend, results):
    one, many = (named(results(backend), kind) for kind in ("one/", "many/"))
    assert len(one) > 30
    for name in one:
        if not name.startswith("copies"):
            np.testing.assert_allclose(many[name], one[name], atol=2e-5, err_msg=name)


def test_the_pool_is_the_same_on_all_devices(results):
    for name in ("copies_a", "copies_b"):
        first, second = results("tensorflow")[f"many/{name}"]
        np.testing.assert_array_equal(first, second)
