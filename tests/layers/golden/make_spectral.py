"""Makes spectral.npz with torch: `python tests/layers/golden/make_spectral.py`.

For each layer: kernel W, start vectors, then after three training calls torch's weight W/sigma,
its u and the gradient of sum(W/sigma · C) by W, all in torch's axis order.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.parametrizations import spectral_norm

LAYERS = {
    "conv": lambda: torch.nn.Conv2d(3, 5, 4, bias=False),
    "conv_transpose": lambda: torch.nn.ConvTranspose2d(3, 5, 4, bias=False),
    "dense": lambda: torch.nn.Linear(7, 5, bias=False),
}


def main():
    torch.manual_seed(0)
    values = {}
    for name, make in LAYERS.items():
        module = spectral_norm(make().double())
        normalizer = module.parametrizations.weight[0]
        weight = module.parametrizations.weight.original
        with torch.no_grad():  # start far from convergence, so that the iteration matters
            normalizer._u.copy_(
                torch.nn.functional.normalize(torch.randn_like(normalizer._u), dim=0)
            )
            matrix = normalizer._reshape_weight_to_matrix(weight)
            normalizer._v.copy_(torch.nn.functional.normalize(matrix.T @ normalizer._u, dim=0))
        values[f"{name}_kernel"] = weight.detach().numpy()
        values[f"{name}_u"] = normalizer._u.numpy().copy()
        for _ in range(3):
            normalized = module.weight
        target = torch.randn_like(normalized)
        (normalized * target).sum().backward()
        values[f"{name}_normalized"] = normalized.detach().numpy()
        values[f"{name}_u_after"] = normalizer._u.numpy().copy()
        values[f"{name}_target"] = target.numpy()
        values[f"{name}_gradient"] = weight.grad.numpy()
    values["torch"] = np.array(torch.__version__)
    np.savez_compressed(Path(__file__).with_name("spectral.npz"), **values)


if __name__ == "__main__":
    main()
