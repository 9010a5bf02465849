"""The layers that GANs add to Keras, one idea a file; they work on every backend and precision."""

from layers.attention import SelfAttention
from layers.norm import BatchNorm, ConditionalBatchNorm, standing_statistics
from layers.projection import Projection
from layers.resample import PixelShuffle, Upsample2D
from layers.spectral import (
    SpectralConv2D,
    SpectralConv2DTranspose,
    SpectralDense,
    SpectralEmbedding,
)
from layers.weights import LabelEmbedding

__all__ = [
    "BatchNorm",
    "ConditionalBatchNorm",
    "LabelEmbedding",
    "PixelShuffle",
    "Projection",
    "SelfAttention",
    "SpectralConv2D",
    "SpectralConv2DTranspose",
    "SpectralDense",
    "SpectralEmbedding",
    "Upsample2D",
    "standing_statistics",
]
