"""Stable-rank normalisation (Sanyal et al., ICLR 2020, arXiv:1906.04659).

The stable rank of W is ||W||_F² / sigma(W)², between 1 and the rank. The layer divides W by sigma,
as spectral normalisation does, keeps the first singular component u v^T, and multiplies the rest S
by gamma = sqrt(r - 1) / ||S||_F if that is below 1. The stable rank is then exactly the target r,
and the result is the matrix of this stable rank that is nearest to W (theorem 1 of the paper).
"""

import keras
from keras import ops

from layers import reparametrization, spectral


class StableRankNormalized(spectral.SpectralNormalized):
    """Mixin: spectral normalisation whose kernel also has at most a given stable rank.

    Args:
        rank_share: c in (0, 1]; the target r is c · min(inputs, outputs), and at least 1. At 1 it
            is spectral normalisation. 0.7 is the paper's SRN-70-GAN.
    """

    def __init__(self, *args, rank_share: float = 0.7, **kwargs):
        super().__init__(*args, **kwargs)
        if not 0 < rank_share <= 1:
            raise ValueError(f"rank_share must be above 0 and at most 1, not {rank_share}.")
        self.rank_share = rank_share

    @property
    def target(self) -> float:
        """The largest stable rank that the normalised kernel may have."""
        outputs = self.raw_kernel.shape[self.row_axis]
        inputs = 1
        for size in self.raw_kernel.shape:
            inputs *= size
        return max(1.0, self.rank_share * min(inputs // outputs, outputs))

    def normalize(self, kernel):
        """u v^T + min(1, gamma) S, with W / sigma = u v^T + S.

        u is held constant, as in spectral normalisation, but v = W^T u / sigma depends on W. With
        a constant v, a kernel with a single output, which equals u v^T, would never learn.
        """
        unit = super().normalize(kernel)
        u = ops.stop_gradient(ops.convert_to_tensor(self.singular_vector.u))
        v = spectral.unit(self._times_u(kernel, u))
        first = self._outer(v, u)
        rest = unit - first
        norm = ops.sqrt(ops.sum(ops.square(rest)) + spectral.EPSILON)
        return first + rest * ops.minimum(1.0, (self.target - 1.0) ** 0.5 / norm)

    def _outer(self, v, u):
        """u v^T in the kernel's own layout; v is (inputs,) or, transposed, (positions, inputs)."""
        if self.row_axis == -1:
            outer = ops.expand_dims(v, -1) * u
        else:
            outer = ops.expand_dims(v, -2) * ops.reshape(u, (1, -1, 1))
        return ops.reshape(outer, self.raw_kernel.shape)

    def get_config(self):
        return {**super().get_config(), "rank_share": self.rank_share}


@keras.saving.register_keras_serializable(package="gan")
class StableRankConv2D(reparametrization.ConvCall, StableRankNormalized, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with a kernel of spectral norm 1 and bounded stable rank."""


@keras.saving.register_keras_serializable(package="gan")
class StableRankConv2DTranspose(
    reparametrization.ConvTransposeCall, StableRankNormalized, keras.layers.Conv2DTranspose
):
    """`keras.layers.Conv2DTranspose` with a kernel of spectral norm 1 and bounded stable rank."""


@keras.saving.register_keras_serializable(package="gan")
class StableRankDense(reparametrization.DenseCall, StableRankNormalized, keras.layers.Dense):
    """`keras.layers.Dense` with a kernel of spectral norm 1 and bounded stable rank."""


@keras.saving.register_keras_serializable(package="gan")
class StableRankEmbedding(
    reparametrization.EmbeddingCall, StableRankNormalized, keras.layers.Embedding
):
    """`keras.layers.Embedding` with a table of spectral norm 1 and bounded stable rank."""
