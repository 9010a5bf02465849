"""Growing GANs on every backend: resumed inside a fade, the same steps, the same file."""

import numpy as np
import pytest

from tests.models import backends, tiny

SYSTEMS = ("pggan", "stylegan")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_growing` finds: by backend."""
    return backends.results("tests.models.tiny_growing", tmp_path_factory)


def of(system, found):
    """The results of one system, without its name."""
    return {key.removeprefix(f"{system}/"): value for key, value in found.items()
            if key.startswith(f"{system}/")}  # fmt: skip


# Runs that go on are tested quickly by tests/training/test_{pggan,stylegan}.py.
@pytest.mark.thorough
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_a_fade_changes_no_bit(backend, system, results):
    found = of(system, results(backend))
    tiny.assert_resumed_as_whole(found, 50)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert found["kept"].shape == (2, 16, 16, 3)


@pytest.mark.parametrize(("system", "logged"), [("pggan", 6 * 5), ("stylegan", 5 * 6)])
@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, system, logged, results):
    ours, found = (of(system, results(each)) for each in ("tensorflow", backend))
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == logged
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=2e-3, atol=1e-3, err_msg=name)
