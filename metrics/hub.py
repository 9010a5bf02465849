"""DINOv2 and CLIP from KerasHub, for those who have it: today's reviewers ask for their numbers.

Stein et al. 2023, arXiv:2306.04675: people agree more with Fréchet distances in DINOv2's features
than in Inception's. Jayasumana et al. 2024, arXiv:2401.09603: CMMD, in CLIP's. KerasHub fetches the
weights (1.2 and 1.7 GB) when a preset is first used, or reads them from a folder.

Pictures are resized as in both authors' code as it stands: by Pillow, to bytes. (Stein et al.'s
option --clean_resize keeps fractions.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from metrics.errors import MetricError


@dataclass(frozen=True)
class HubNetwork:
    """A network of KerasHub, and how its authors prepare pictures.

    Attributes:
        preset: its usual weights.
        backbone: the class in `keras_hub.models`.
        size: pictures' height and width.
        mean, deviation: of the channels, in 0..1, taken away and divided by.
        features: (backbone, pictures as it takes them) → features (N, d).
        options: of `from_preset`.
    """

    preset: str
    backbone: str
    size: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    features: Callable[[Any, Any], Any]
    options: dict[str, Any]


def _class_token(backbone: Any, pictures: Any) -> Any:
    """DINOv2's first output, after its last normalisation."""
    return backbone({"images": pictures})[:, 0]


def _embedding(backbone: Any, pictures: Any) -> Any:
    """CLIP's embeddings, of length 1."""
    found = backbone.get_vision_embeddings(pictures)
    return found / ops.sqrt(ops.sum(ops.square(found), axis=-1, keepdims=True))


NETWORKS = {
    "dinov2": HubNetwork(
        "dinov2_large", "DINOV2Backbone", 224,
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), _class_token,
        {"image_shape": (224, 224, 3)},
    ),
    "clip": HubNetwork(
        "clip_vit_large_patch14_336", "CLIPBackbone", 336,
        (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), _embedding,
        {},
    ),
}  # fmt: skip


def build(name: str, preset: str | None = None) -> tuple[keras.Model, str]:
    """(pictures (N, size, size, 3) in 0..255 → features (N, d), SHA-256 of its weights).

    Args:
        name: of `NETWORKS`.
        preset: a preset of KerasHub or the folder of one, for other weights than the usual.

    Raises:
        MetricError: KerasHub is not installed, or the preset cannot be had or is another network's.
    """
    chosen = NETWORKS[name]
    preset = preset or chosen.preset
    backbone = _backbone(chosen, name, preset)
    scale = [1 / (255 * each) for each in chosen.deviation]
    shift = [-mean / each for mean, each in zip(chosen.mean, chosen.deviation, strict=True)]
    pictures = keras.Input((chosen.size, chosen.size, 3), name="pictures")
    normalised = layers.Rescaling(scale, shift, dtype="float32")(pictures)
    try:
        features = chosen.features(backbone, normalised)
    except (ValueError, AttributeError) as error:
        raise MetricError(
            f"The preset {preset} is no network for {chosen.size} pixels: {_brief(error)}"
        ) from error
    return keras.Model(pictures, features, name=name), _digest(backbone)


def _backbone(chosen: HubNetwork, name: str, preset: str) -> Any:
    try:
        import keras_hub
    except ImportError as error:
        raise MetricError(
            f"The feature network {name} needs the package keras-hub: pip install keras-hub. It "
            "fetches the weights when they are first used."
        ) from error
    kind = getattr(keras_hub.models, chosen.backbone)
    try:
        return kind.from_preset(preset, **chosen.options)
    except Exception as error:  # of the network, of files, of another network's weights
        raise MetricError(
            f"The preset {preset} for {name} cannot be had: {_brief(error)}. Fetch it with "
            f"keras_hub.models.{chosen.backbone}.from_preset where there is a network, and give "
            "its folder with --preset."
        ) from error


def _brief(error: Exception) -> str:
    """The first line of what went wrong, or what kind of thing it was."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else type(error).__name__


def _digest(backbone: Any) -> str:
    """SHA-256 of all weights, in their order."""
    found = hashlib.sha256()
    for variable in backbone.weights:
        found.update(np.ascontiguousarray(ops.convert_to_numpy(variable)).tobytes())
    return found.hexdigest()
