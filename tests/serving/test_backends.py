"""One seed gives one set of pictures on every backend."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.models import backends
from tests.serving import tiny

ROOT = Path(__file__).parents[2]
CODE = """
import sys, numpy as np, serving
gan = serving.load(sys.argv[1])
whole = gan.sample(5, seed=11)
made = {"whole": gan.generate(whole.latents, whole.labels)}
cut = gan.sample(5, seed=11, attributes="smile", truncation=0.6, statistics="standing")
made["cut"] = gan.generate(cut.latents, cut.labels)
found = gan.project(whole.images[0], steps=3, starts=1, progress=False)
np.savez(sys.argv[2], **made, latent=found.latent, labels=cut.labels)
"""


def pictures_on(backend, path, out):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path), str(out)],
        cwd=ROOT,
        env=backends.environment(backend),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(out)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    path = tiny.saved(folder, "attributes")
    return path, pictures_on("tensorflow", path, folder / "tensorflow.npz")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_same_seed_same_pictures(backend, reference, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    path, expected = reference
    made = pictures_on(backend, path, tmp_path / "made.npz")
    np.testing.assert_array_equal(made["labels"], expected["labels"])
    for name in ("whole", "cut", "latent"):
        np.testing.assert_allclose(made[name], expected[name], atol=1e-4, err_msg=name)
    assert np.abs(expected["whole"] - expected["cut"]).max() > 0.05
