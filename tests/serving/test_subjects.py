"""What a record says of the network that was measured: which one of which training."""

from types import SimpleNamespace

import numpy as np
import pytest

from metrics import weights
from serving import subjects

PICTURES = np.zeros((2, 8, 8, 3), "uint8")


def restored(network):
    return subjects.Restored(network, PICTURES, "ema", "00000-x")


def aged(network):
    held = SimpleNamespace(images=PICTURES)
    return subjects.Aged(network, held, held, subjects.Sampling(), "00000-x")


def drawn(network):
    return subjects.Drawn.of(network, subjects.Sampling(), "00000-x")


@pytest.mark.parametrize("made", [restored, aged, drawn])
def test_a_subject_names_its_file_its_network_and_its_weights(made, tmp_path):
    file = tmp_path / "network.keras"
    file.write_bytes(b"weights")
    network = SimpleNamespace(
        origin=file,
        recipe=SimpleNamespace(name="r", data_shape=(8, 8, 3)),
        metadata={"step": 5, "data_fingerprint": "f", "verb": "upscale", "title": "larger"},
        made_from="small copies",
        labels=None,
    )
    found = made(network).subject()
    assert found.items() >= {
        "weights_sha256": weights.sha256(file), "network": "larger", "recipe": "r", "step": 5,
        "data_fingerprint": "f", "run": "00000-x", "name": str(file),
    }.items()  # fmt: skip
    assert made(network).passport()["weights"] == "ema"
    network.metadata |= {"title": "", "weights": "raw"}  # as an exported file says it
    assert made(network).subject()["network"] == "upscale"
    assert made(network).passport()["weights"] == "raw"
    file.write_bytes(b"others")
    assert made(network).subject()["weights_sha256"] != found["weights_sha256"]
