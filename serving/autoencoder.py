"""`Autoencoder`: a trained encoder and decoder, from pictures to codes and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from console.errors import UserError
from datasets.pixels import to_float
from models import portable, shipped
from serving.generator import Generator
from serving.source import open_source

_BATCH = 64


class Autoencoder:
    """The trained encoder and decoder of a VAE's run, ready for use in float32.

    Attributes:
        recipe: the run's recipe.
        generator: the decoder, codes → pictures.
        name: the run's folder.

    Raises `UserError` for a run of another system, and for a file, which holds only one network.
    """

    def __init__(self, source: str | Path, weights: str = "ema"):
        if Path(shipped.found(source)).suffix == ".keras":
            raise UserError(
                f"{source} holds one network; for an encoder and a decoder give the run"
            )
        encoder = open_source(source, weights, ("encode",))
        self._encoder = portable.in_float32(encoder.network)
        self.generator = Generator(open_source(source, weights))
        self.recipe, self.name = encoder.recipe, str(source)

    def encode(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 (N, R, R, 3) → the means and the log variances of their codes, (N, latent_dim)."""
        means, log_variances = [], []
        for start in range(0, len(pictures), _BATCH):
            part = to_float(np.asarray(pictures[start : start + _BATCH]))
            filled = np.resize(part, (_BATCH, *part.shape[1:]))  # one shape, compiled once
            mean, log_variance = self._encoder.predict_on_batch(filled)
            means.append(np.asarray(mean)[: len(part)])
            log_variances.append(np.asarray(log_variance)[: len(part)])
        return np.concatenate(means), np.concatenate(log_variances)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes (N, latent_dim) → pictures float32 (N, R, R, 3) in grey levels, 0..255."""
        return (self.generator.generate(codes, batch_size=_BATCH) + 1.0) * 127.5
