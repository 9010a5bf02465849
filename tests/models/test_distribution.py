"""Several devices reach the weights that one device reaches with the same batches."""

import dataclasses
import importlib.util
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models import distribution, hosts, recipes
from tests.models import backends, tiny, tiny_growing

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5  # measured: 1e-6 at most
# JAX compiles these steps for a minute; tests/models/test_parity.py has its steps on one device.
ON_JAX = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed"),
    pytest.mark.thorough,
]
BACKENDS = ["tensorflow", pytest.param("jax", marks=ON_JAX)]


def start(path, backend, way, devices, **environment):
    """Begin `tests.models.distributed` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.models.distributed", str(path), way, str(devices)],
        cwd=ROOT,
        env=backends.environment(backend, **environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(process, path):
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 0, errors[-2000:]
    return np.load(path)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """What two devices reach, and one device: by backend."""
    found = {}

    def run(backend):
        if backend not in found:
            path = tmp_path_factory.mktemp("mirrored") / f"{backend}.npz"
            found[backend] = results(start(path, backend, "mirrored", 2), path)
        return found[backend]

    return run


def assert_same(many, one):
    names = [name for name in many if name.startswith("many/")]
    assert len(names) > 30
    for name in names:
        other = one[name.replace("many/", "one/")]
        np.testing.assert_allclose(many[name], other, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_devices(backend, mirrored):
    found = mirrored(backend)
    assert found["devices"] == 2
    assert_same(found, found)


def assert_overflow_is_everywhere(found):
    """A step in which one device's gradient overflowed is taken by none of them."""
    first, skipped, third = found["overflow/weight"]
    np.testing.assert_allclose(first, 0.9, atol=1e-6)
    np.testing.assert_array_equal(skipped, first)
    np.testing.assert_allclose(third, 0.8, atol=1e-6)
    for scale, copies in zip((2**15, 2**14, 2**14), found["overflow/scale"], strict=True):
        np.testing.assert_array_equal(copies, scale)


def test_parts_of_a_step(tmp_path):
    path = tmp_path / "parts.npz"
    found = results(start(path, "tensorflow", "parts", 2), path)
    assert found["overflow/weight"].shape == (3, 2, 2)
    assert_overflow_is_everywhere(found)
    # The noise of the penalty follows from how far all pictures spread, not those of a share.
    np.testing.assert_allclose(found["perturbed/many"], found["perturbed/one"], rtol=1e-5)


@pytest.mark.thorough
def test_a_growing_gan_on_two_devices(tmp_path):
    path = tmp_path / "growing.npz"
    found = results(start(path, "tensorflow", "growing", 2), path)
    assert found["many/growing/signs"] != 0
    assert_same(found, found)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_hosts(backend, mirrored, tmp_path):
    addresses = free_addresses(2)
    processes = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        path = tmp_path / f"host_{index}.npz"
        processes.append((start(path, backend, "hosts", 1, TF_CONFIG=config), path))
    hosts = [results(*each) for each in processes]
    for host in hosts:
        assert host["devices"] == 2
        assert_same(host, mirrored(backend))
        if backend == "tensorflow":
            assert_overflow_is_everywhere(host)
    assert sorted(np.concatenate([host["rows"] for host in hosts])) == list(range(8))


def free_addresses(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def of(devices, hosts=1, host=0):
    """A plan for devices that need not exist."""
    plan = object.__new__(distribution.Replicas)
    plan.devices, plan.hosts, plan.host, plan._here = devices, hosts, host, devices // hosts
    return plan


def test_rows_cover_the_batch_once():
    recipe = tiny.recipe(batch_size=16, micro_batches=2)
    rows = [of(4, 2, host).rows(recipe) for host in range(2)]
    assert sorted(np.concatenate(rows)) == list(range(16))
    # Device 0 has the first quarter of each micro-batch: both are then cut as on one device.
    assert rows[0][:4].tolist() == [0, 1, 8, 9]


def test_paired_pictures_stay_together():
    recipe = tiny.recipe(batch_size=8, g_term="mode_seeking")
    # One device pairs pictures i and i + 4.
    assert of(2).rows(recipe).tolist() == [0, 1, 4, 5, 2, 3, 6, 7]


def test_unequal_shares_are_refused():
    with pytest.raises(ValueError, match=r"batch_size 6 cannot be cut .* 4 devices; 8 can"):
        of(4).check(tiny.recipe(batch_size=6))


@pytest.mark.parametrize("way", [distribution.Replicas, distribution.Sharded])
def test_the_batches_of_every_phase_are_checked(way):
    """6 devices share the 6 pictures of the last phase, but not the 8 of the phases before."""
    plan = object.__new__(way)
    plan.devices = 6
    growing = tiny_growing.recipe(batch_size=6, group=0)
    plan.check(dataclasses.replace(growing, grow=False))
    with pytest.raises(ValueError, match=r"^in phase stable_4, batch_size 8 cannot .*; 12 can"):
        plan.check(growing)


def test_a_share_has_the_pictures_that_the_recipe_needs():
    """FastGAN's decoders reconstruct another quarter of each of four pictures."""
    recipe = dataclasses.replace(recipes.load("fastgan"), resolution=32, batch_size=4)
    of(1).check(recipe)
    of(2).check(dataclasses.replace(recipe, batch_size=8))
    with pytest.raises(ValueError, match=r"leaves 2 pictures to a device at a time; fastgan needs"):
        of(2).check(recipe)


def test_a_lazy_penalty_must_not_need_the_other_devices():
    lazy = {"batch_size": 8, "penalty": "r1", "penalty_every": 4}
    of(1).check(tiny.recipe(**lazy))
    of(2).check(tiny.recipe(**lazy, d_norm="none"))
    with pytest.raises(ValueError, match="on 2 devices penalty_every 4 needs d_norm none, or"):
        of(2).check(tiny.recipe(**lazy))
    with pytest.raises(ValueError, match="needs d_norm none and minibatch none, or take 1"):
        of(2).check(tiny.recipe(**lazy, minibatch="discrimination"))


def test_mistakes(monkeypatch):
    with pytest.raises(ValueError, match=r"'mirror'.*none, mirrored, hosts"):
        distribution.start("mirror")
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    with pytest.raises(ValueError, match="tensorflow or jax"):
        distribution.start("mirrored")


@pytest.mark.parametrize("text", ["", "{", '{"cluster": {"worker": ["a:1"]}, "task": {}}'])
def test_hosts_need_a_cluster(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG on every host"):
        hosts.cluster()


def test_a_host_finds_the_others_and_itself(monkeypatch):
    workers = ["10.0.0.1:2222", "10.0.0.2:2222"]
    config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert hosts.cluster() == (workers, 1)
    for wrong in ({"type": "ps", "index": 0}, {"type": "worker", "index": 2}):
        monkeypatch.setenv("TF_CONFIG", json.dumps(config | {"task": wrong}))
        with pytest.raises(ValueError, match="TF_CONFIG on every host"):
            hosts.cluster()
