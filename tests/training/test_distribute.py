"""--distribute: a run begun on two devices goes on, on one, as if it had never been elsewhere."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from models import distribution
from runs.rows import read_rows
from tests.training.test_feed import RECIPE, attributes, data
from tests.training.tiny import TINY
from training.callbacks.base import StepCallbacks
from training.feed import Feed

ROOT = Path(__file__).parents[2]
HERE = {
    "KERAS_BACKEND": keras.backend.backend(),
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
}
TWO_DEVICES = """
import sys
from tests.models.distributed import pretend
pretend(2)
from training.cli import run
sys.exit(run("SAGAN_V6", sys.argv[1:]))
"""


def weights(run):
    """All numbers of the newest checkpoint, by path."""
    found = {}
    with h5py.File(sorted((run / "checkpoints").glob("*.h5"))[-1]) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: np.array(item)}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


@pytest.mark.thorough
@pytest.mark.skipif(keras.backend.backend() == "torch", reason="Keras has one device with torch")
def test_resume_on_another_number_of_devices(pictures, cache, tmp_path, train):
    out = tmp_path / "two"
    where = [f"--data={pictures}", f"--cache-dir={cache}", f"--out={out}"]
    two = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, *TINY, *where, "--steps=2", "--distribute=mirrored"],
        cwd=ROOT,
        env={**os.environ, **HERE},
        capture_output=True,
        text=True,
    )
    assert two.returncode == 0, two.stderr[-2000:]
    assert "divided among 2" in two.stderr
    assert train("--steps=3", "--resume", f"--out={out}")[0] == 0
    assert train("--steps=3")[0] == 0
    (many,), (one,) = out.iterdir(), (tmp_path / "out").iterdir()
    many_rows, one_rows = read_rows(many / "losses.csv"), read_rows(one / "losses.csv")
    assert [row["step"] for row in many_rows] == [1, 2, 3]
    for a, b in zip(many_rows, one_rows, strict=True):
        assert a == pytest.approx(b, abs=1e-5)
    there, here = weights(many), weights(one)
    assert there.keys() == here.keys()
    for name in here:
        np.testing.assert_allclose(there[name], here[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("kind", ["none", "attributes", "classes"])
def test_hosts_make_the_batch_between_them(kind):
    changes, labels = {}, None
    if kind != "none":
        changes = {"label_kind": kind, "num_labels": 4, "label_noise": 0.5}
        labels = attributes()
        if kind == "classes":
            labels = dataclasses.replace(
                labels, kind=kind, values=np.arange(10, dtype=np.int32) % 4, groups={}
            )
    recipe = dataclasses.replace(RECIPE, mirror=True, **changes)
    whole = Feed(data(labels=labels), recipe, seed=7).batch(5)
    size = recipe.batch_size
    for rows in (np.arange(size // 2), np.arange(size)[::-2]):
        part = Feed(data(labels=labels), recipe, seed=7, rows=rows).batch(5)
        for name, array in whole.items():
            np.testing.assert_array_equal(part[name], array[rows], err_msg=name)


def test_stopping_is_agreed_on():
    asked = []

    def agree(step, stop, last):
        asked.append((step, stop, last))
        return step == 3

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    callbacks = StepCallbacks([], model, 0, 4, agree=agree)
    for index in range(3):
        model.stop_training = model.stop_training or index == 1
        callbacks.on_train_batch_end(index, {"d_loss": 1.0})
    assert asked == [(1, False, False), (2, True, False), (3, False, False)]
    assert model.stop_training
    callbacks.on_train_batch_end(3, {"d_loss": 1.0})
    assert asked[-1] == (4, True, True)


@pytest.mark.parametrize("kind", [distribution.Replicas, distribution.Sharded])
def test_hosts_vote_at_the_end_of_a_phase_too(kind, monkeypatch):
    """Else one would go on to the next phase, and wait there for one that has stopped."""
    plan = object.__new__(kind)
    plan.hosts, plan._wants_to_stop, votes = 2, False, []

    class Anyone:
        def __getattr__(self, name):
            def vote(*given, **more):
                votes.append(name)
                return np.array(1.0)

            return vote

    plan._votes = Anyone().votes
    if kind is distribution.Sharded:
        multihost = pytest.importorskip("jax.experimental.multihost_utils")
        monkeypatch.setattr(multihost, "process_allgather", Anyone().votes)
    assert not plan.agree(13, True)
    assert not votes
    assert plan.agree(20, False)
    assert plan.agree(23, False, last=True)
    assert len(votes) == 2


def test_one_host_stops_when_it_wants_to():
    plan = distribution.Distribution()
    assert plan.agree(3, True)
    assert not plan.agree(3, False)


def test_unknown_way(train):
    code, words = train("--distribute=mirror")
    assert code == 2
    assert "did you mean mirrored" in words
    assert len(words.strip().splitlines()) == 1


def test_hosts_without_a_cluster(train, monkeypatch, tmp_path):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    code, words = train("--distribute=hosts")
    assert code == 2
    assert "TF_CONFIG" in words
    assert not (tmp_path / "out").exists()
