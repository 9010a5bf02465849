"""Layers for GANs that Keras lacks, one idea per file, for every backend and precision."""

from layers.attention import SelfAttention
from layers.basis import GatherFromSpace, SpreadOverSpace
from layers.closeness import Closeness
from layers.colour import Coloured, Luma
from layers.conditioning import Columns, ConditioningAugmentation, OverMap
from layers.dropout import ChannelDropout
from layers.equalized import EqualizedConv2D, EqualizedDense
from layers.gating import GatedLinearUnit
from layers.grouped import GroupedConv2D
from layers.growing import ChannelBias, Fade, PixelNorm
from layers.instance_norm import InstanceNorm
from layers.labels import JoinLabel
from layers.maxout import Maxout
from layers.minibatch import MinibatchDiscrimination, MinibatchStandardDeviation
from layers.norm import BatchNorm, ConditionalBatchNorm, standing_statistics
from layers.padding import EdgePadding, ReflectionPadding2D
from layers.palette import Palette
from layers.pooling import SumOverSpace
from layers.projection import Projection
from layers.quarters import QuarterInTurn
from layers.resample import (
    BinomialBlur2D,
    BoxBlur2D,
    CornerAlignedUpsample2D,
    Downsample2D,
    PixelShuffle,
    Repeat2D,
    Upsample2D,
)
from layers.residual import residual
from layers.smoothing import EdgeAvoidingSmoothing
from layers.spectral import (
    SpectralConv2D,
    SpectralConv2DTranspose,
    SpectralDense,
    SpectralEmbedding,
)
from layers.stable_rank import (
    StableRankConv2D,
    StableRankConv2DTranspose,
    StableRankDense,
    StableRankEmbedding,
)
from layers.styles import (
    FixedNoise,
    LearnedConstant,
    Modulation,
    ScaledNoise,
    StyleOf,
    TruncatedStyles,
)
from layers.weights import LabelEmbedding

__all__ = [
    "BatchNorm",
    "BinomialBlur2D",
    "BoxBlur2D",
    "ChannelBias",
    "ChannelDropout",
    "Closeness",
    "Coloured",
    "Columns",
    "ConditionalBatchNorm",
    "ConditioningAugmentation",
    "CornerAlignedUpsample2D",
    "Downsample2D",
    "EdgeAvoidingSmoothing",
    "EdgePadding",
    "EqualizedConv2D",
    "EqualizedDense",
    "Fade",
    "FixedNoise",
    "GatedLinearUnit",
    "GatherFromSpace",
    "GroupedConv2D",
    "InstanceNorm",
    "JoinLabel",
    "LabelEmbedding",
    "LearnedConstant",
    "Luma",
    "Maxout",
    "MinibatchDiscrimination",
    "MinibatchStandardDeviation",
    "Modulation",
    "OverMap",
    "Palette",
    "PixelNorm",
    "PixelShuffle",
    "Projection",
    "QuarterInTurn",
    "ReflectionPadding2D",
    "Repeat2D",
    "ScaledNoise",
    "SelfAttention",
    "SpectralConv2D",
    "SpectralConv2DTranspose",
    "SpectralDense",
    "SpectralEmbedding",
    "SpreadOverSpace",
    "StableRankConv2D",
    "StableRankConv2DTranspose",
    "StableRankDense",
    "StableRankEmbedding",
    "StyleOf",
    "SumOverSpace",
    "TruncatedStyles",
    "Upsample2D",
    "residual",
    "standing_statistics",
]
