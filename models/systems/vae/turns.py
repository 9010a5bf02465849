"""The variational autoencoder: encoder and decoder are trained together on one bound."""

from typing import ClassVar

import numpy as np
from keras import ops

from layers import replicas
from models import latents, perceptual, sampling
from models.outputs import Judged, Output, Watched, Work
from models.pixels import as_floats
from models.players import Player, Turn
from models.system import System
from models.systems.vae import networks, objective, preview
from models.systems.vae.recipe import VAERecipe


class VAE(System):
    """An encoder and a decoder that maximise the evidence lower bound (arXiv:1312.6114).

    A batch holds images (B, 1, R, R, 3) uint8 and noise (B, 1, latent_dim) float32.

    Args and errors: see `System`.
    """

    averaged = ("encoder", "decoder")
    outputs: ClassVar = {
        "generator": Output("generate", "decoder"),
        "reconstructor": Output("reconstruct", "reconstructor"),
        "encoder": Output("encode", "encoder"),
    }
    watched = Watched(
        line={"objective": "loss {:,.1f}", "kl": "KL {:.1f}", "mse": "MSE {:.4f}"},
        curves={"objective": "objective", "error": "reconstruction", "kl": "divergence"},
    )

    @classmethod
    def check(cls, recipe: VAERecipe) -> None:
        if recipe.reconstruction == "features":
            perceptual.check()

    def build_networks(self):
        return {"encoder": networks.encoder(self.recipe), "decoder": networks.decoder(self.recipe)}

    def players(self):
        return {"vae": Player([self.encoder, self.decoder], self.recipe.learning_rate)}

    def turns(self):
        if self.recipe.reconstruction == "features":
            self._feature_maps = perceptual.feature_maps(self.recipe.resolution)
        return [Turn("vae", self._negative_bound)]

    def output(self, name, averaged=True):
        """The network of output `name`; the reconstructor consists of the other two."""
        if name != "reconstructor":
            return super().output(name, averaged)
        parts = [super(VAE, self).output(each, averaged) for each in ("encoder", "generator")]
        return self.made_once(f"{name} {averaged}", lambda: networks.reconstructor(*parts))

    # === The turn ===

    def _negative_bound(self, part, _):
        """reconstruction error + β KL(q(z|x) || N(0, 1)), the mean over a micro-batch's pictures.

        z = μ + σ ε, so that gradients reach the encoder (arXiv:1312.6114, equation 10).
        """
        x = as_floats(part["images"])
        mean, log_variance = self.encoder(x, training=True)
        z = mean + ops.exp(0.5 * log_variance) * part["noise"]
        labels = ops.zeros((ops.shape(z)[0],), "int32")
        made = self.decoder([z, labels], training=True)
        error, logs = self._reconstruction_error(x, made)
        kl = ops.mean(objective.divergence(mean, log_variance))
        loss = error + self.recipe.kl_weight * kl
        return loss, {"objective": loss, "error": error, "kl": kl, **logs}

    def _reconstruction_error(self, x, made):
        """The mean over pictures of the recipe's reconstruction error, and further logs.

        The log "mse" is per number of a picture, scaled to 0..1, for every kind of error.
        """
        numbers = int(np.prod(self.recipe.data_shape))
        errors = objective.squared_error(x, made)
        mean_square = ops.mean(replicas.gather(errors)) / numbers  # of the whole batch
        logs = {"mse": mean_square / 4.0}
        if self.recipe.reconstruction == "features":
            maps = self._feature_maps(made), self._feature_maps(x)
            by_picture = objective.mean_squares(*maps)
            return self.recipe.feature_weight * ops.mean(by_picture), logs
        variance = self._variance(mean_square)
        logs["sigma"] = ops.sqrt(variance)
        return ops.mean(objective.gaussian(errors, numbers, variance)), logs

    def _variance(self, mean_square):
        """σ² of the pixels: the recipe's, or if it is learned, the best for this batch.

        The density is highest at σ² = the mean squared error (Rybkin et al. 2021, arXiv:2006.13202,
        section 4.2). So σ needs no gradient descent, no learning rate and no variable. By the
        envelope theorem the loss has the same gradient as with a constant σ of this value.
        """
        if self.recipe.sigma:
            return ops.convert_to_tensor(self.recipe.sigma**2, "float32")
        return ops.stop_gradient(ops.maximum(mean_square, 1e-8))

    # === Its description ===

    def work(self):
        # With features, the first blocks of Lite0 cost about a tenth of this; they do not count.
        both = ("encoder", "decoder")
        return [Work(kept=dict.fromkeys(both, 1), passes=dict.fromkeys(both, 3))]

    def preview(self, data, rng, rows, columns):
        return preview.preview(self.recipe, data["images"].images, rng, rows, columns)

    def judged(self, data, rng, count):
        drawn = latents.sample(self.recipe.latent, count, self.recipe.latent_dim, rng)
        return Judged(
            lambda system: system.sample(drawn),
            "images",
            {"weights": "ema", "truncation": 1.0, "statistics": "running"},
        )

    # === Use ===

    def sample(self, latents, ema: bool = True, batch_size: int = 64) -> np.ndarray:
        """Pictures for `latents` (N, latent_dim): float32 (N, R, R, 3) in [-1, 1]."""
        decoder = self.ema_decoder if ema else self.decoder
        return sampling.generate(decoder, latents, None, batch_size)

    def reconstruct(self, pictures: np.ndarray, ema: bool = True) -> np.ndarray:
        """Pictures (N, R, R, 3) in [-1, 1] → those of the means of their codes, the same shape."""
        encoder = self.ema_encoder if ema else self.encoder
        means = [
            np.asarray(encoder.predict_on_batch(pictures[start : start + 64])[0])
            for start in range(0, len(pictures), 64)
        ]
        return self.sample(np.concatenate(means), ema)
