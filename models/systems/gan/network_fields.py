"""The networks of a GAN: what their recipe says of them, of their latents and their labels."""

from __future__ import annotations

from dataclasses import dataclass

from models.fields import option
from models.recipe import SIDES, Recipe
from models.systems.gan import shape

LATENTS = ("truncated_normal", "normal", "uniform", "binomial")
WEIGHT_NORMS = ("spectral", "stable_rank", "none")

ON_PICTURES = {"point_dim": (0,)}
_PAINTING = (
    "biggan", "biggan_notes", "fastgan", "projected", "r3gan", "sagan", "sn_cnn", "sn_resnet",
    "sresnet",
)  # fmt: skip
IN_BLOCKS = (  # whose discriminators are
    "biggan", "biggan_notes", "fastgan", "r3gan", "sagan", "sn_cnn", "sn_resnet", "sresnet",
)  # fmt: skip
_WITH_LABELS = {"label_kind": ("classes", "attributes")}


def _networks(*names: str) -> dict[str, tuple]:
    return {"architecture": names}


@dataclass(frozen=True, kw_only=True)
class NetworkFields(Recipe):
    """The fields of a GAN's recipe about its two networks and what they take."""

    architecture: str = option("sagan", "Networks", "file of models/networks that builds G and D")
    resolution: int = option(
        128,
        "Networks",
        "height and width of the pictures, a power of two; or width x height, such as 64x96: the "
        "shorter side a power of two, the longer a multiple of a quarter of it",
        least=4,
        only=ON_PICTURES,
        read={**SIDES, "metavar": "N|WxH"},
    )
    aspect: str = option(
        shape.SQUARE,
        "Networks",
        "width to height, such as 2:3; resolution is then the shorter side",
        only=ON_PICTURES,
    )
    channels: int = option(
        3,
        "Networks",
        "of the pictures: 1 grey, 3 RGB, 4 RGBA, whose transparent parts stay transparent",
        choices=(1, 3, 4),
        only=ON_PICTURES,
    )
    point_dim: int = option(
        0,
        "Networks",
        "dimensions of the data if it is points; 0: it is pictures",
        only=_networks("dense"),
    )
    g_filters: int = option(
        1024,
        "Networks",
        "channels of the generator's first stage (biggan: the paper's ch)",
        least=1,
    )
    d_filters: int = option(
        64,
        "Networks",
        "channels of the discriminator's first stage (biggan: the paper's ch)",
        least=1,
    )
    d_wide: bool = option(
        False,
        "Networks",
        "the first convolution of the discriminator's residual blocks changes the number of "
        "channels, not the second (sn_resnet)",
        only=_networks("sn_resnet"),
    )
    stage_blocks: int = option(
        2,
        "Networks",
        "residual blocks of both networks at each size",
        only=_networks("r3gan"),
        least=1,
    )
    wide_up_to: int = option(
        32,
        "Networks",
        "shorter side of the largest maps with g_filters and d_filters channels; above it the "
        "channels halve with each doubling",
        only=_networks("r3gan"),
        choices=(4, 8, 16, 32, 64, 128),
    )
    d_pooling: str = option(
        "sum",
        "Networks",
        "how the discriminator pools its features over space (sn_resnet)",
        choices=("sum", "mean"),
        only=_networks("sn_resnet"),
    )
    upsample: str = option(
        "transposed",
        "Networks",
        "how the generator doubles the resolution",
        choices=("transposed", "nearest", "subpixel"),
        only=_networks("sagan", "sresnet"),
    )
    g_convolutions: str = option(
        "alternating",
        "Networks",
        "convolutions of the generator at each size; alternating: two, then one",
        choices=("one", "two", "alternating"),
        only=_networks("fastgan", "projected"),
    )
    d_input: int = option(
        224,
        "Networks",
        "shorter side to which pictures are enlarged for the frozen network that the discriminator "
        "looks through; less is faster",
        only=_networks("projected"),
        least=128,
        most=1024,
    )
    g_activation: str = option(
        "leaky_relu",
        "Networks",
        "the generator's nonlinearity",
        choices=("leaky_relu", "relu"),
        only=_networks("biggan", "biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet"),
    )
    g_palette: int = option(
        0,
        "Networks",
        "paint each picture with this many colours, which depend on its latent and labels; 0: the "
        "last convolution gives the colours",
        only={**_networks(*_PAINTING), **ON_PICTURES},
        least=0,
        most=256,
    )
    g_smoothing: float = option(
        0.0,
        "Networks",
        "smooth finished pictures between their edges: neighbouring colours that differ by less "
        "than about this many grey levels flow together; never in training; 0: do not",
        only=ON_PICTURES,
        least=0,
        most=255,
    )
    g_norm: str = option(
        "batch",
        "Networks",
        "normalisation of the generator's activations",
        choices=("batch", "none"),
        only=_networks(
            "biggan_notes",
            "dense",
            "fastgan",
            "projected",
            "sagan",
            "sn_cnn",
            "sn_resnet",
            "sresnet",
        ),
    )
    d_norm: str = option(
        "batch",
        "Networks",
        "normalisation of the discriminator's activations",
        choices=("batch", "none"),
    )
    g_weight_norm: str = option(
        "spectral", "Networks", "normalisation of the generator's kernels", choices=WEIGHT_NORMS
    )
    d_weight_norm: str = option(
        "spectral", "Networks", "normalisation of the discriminator's kernels", choices=WEIGHT_NORMS
    )
    minibatch: str = option(
        "none",
        "Networks",
        "how the discriminator compares the pictures of a batch",
        choices=("none", "discrimination", "standard_deviation"),
    )
    attention_resolution: int = option(
        16,
        "Networks",
        "feature maps of this size get self-attention; 0: none",
        only=_networks("biggan", "biggan_notes", "sagan", "sn_resnet", "sresnet"),
    )
    d_attention_resolution: int = option(
        0,
        "Networks",
        "size of the discriminator's maps with self-attention; 0: that of attention_resolution",
        only=_networks("biggan", "biggan_notes", "sresnet"),
    )
    initializer: str = option(
        "truncated_normal",
        "Networks",
        "distribution of the initial kernels",
        choices=("truncated_normal", "normal", "orthogonal", "glorot_uniform", "he_normal"),
    )
    residual_gain: float = option(
        1.0,
        "Networks",
        "factor of the residual blocks' initial 3×3 kernels (sn_resnet)",
        only=_networks("sn_resnet"),
        above=0,
    )

    latent_dim: int = option(128, "Latents", "dimensions of a latent", least=1)
    latent: str = option("truncated_normal", "Latents", "its distribution", choices=LATENTS)

    label_kind: str = option(
        "none",
        "Labels",
        "one class a picture, or independent attributes (set from the data)",
        choices=("none", "classes", "attributes"),
    )
    num_labels: int = option(0, "Labels", "how many classes or attributes (set from the data)")
    g_conditioning: str = option(
        "batch_norm",
        "Labels",
        "how the generator takes labels, if there are any",
        choices=("batch_norm", "concat"),
        only=_WITH_LABELS,
    )
    d_conditioning: str = option(
        "projection",
        "Labels",
        "how the discriminator takes labels, if there are any",
        choices=("projection", "concat", "none"),
        only=_WITH_LABELS,
    )
    label_noise: float = option(
        0.0,
        "Labels",
        "noise on the labels in training: for attributes its standard deviation, for classes the "
        "share replaced by a random class",
        only=_WITH_LABELS,
        least=0,
        most=1,
    )
