"""Generators and discriminators in the functional API, one architecture per file.

Each file has `generator(recipe)`: [z (N, latent_dim), y] → images (N, H, W, C) in [-1, 1], and
`discriminator(recipe)`: [x (N, H, W, C), y] → logits (N, J), J of a picture, in most files 1;
inputs and outputs are float32. (H, W, C) is the recipe's data_shape; R, in what follows, is its
shorter side, the resolution, and a map of 4×4 stands for 4×6 and so on in pictures of another
aspect. y is class indices, int32 (N,), or multi-hot attributes, float32 (N, num_labels); networks
without labels take int32 (N,) and ignore it.
"""

import importlib
import math
import pkgutil

import keras

from layers import initializers
from models import precisions
from models.recipe import Recipe


def names() -> list[str]:
    """The names of all architectures."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "blocks")


def build(recipe: Recipe, seed: int, precision: str = "float32") -> tuple[keras.Model, keras.Model]:
    """Build (generator, discriminator), initialised from `seed`, the same on every backend.

    Args:
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; variables stay float32.

    Raises:
        ValueError: unknown architecture, or a recipe that it cannot build.
    """
    check(recipe)
    with precisions.policy(precision), initializers.seeded(seed):
        return pair(recipe)


def pair(recipe: Recipe) -> tuple[keras.Model, keras.Model]:
    """(generator, discriminator) with the current precision and seed; see `build`."""
    module = _module(recipe)
    return module.generator(recipe), module.discriminator(recipe)


def check(recipe: Recipe) -> None:
    """Raise ValueError for recipes that `build` would refuse, without building."""
    _module(recipe).check(recipe)


def trained_parameters(network: keras.Model) -> int:
    """The number of trained parameters, as in the papers and the notes; also of frozen networks.

    Keras's `count_params` also counts running statistics and singular vectors.
    """
    # `network.trainable_variables` is empty for frozen networks such as averages.
    layers = [one for one in network._flatten_layers() if one.trainable or not network.trainable]
    return sum(math.prod(each.shape) for layer in layers for each in layer._trainable_variables)


def _module(recipe: Recipe):
    if recipe.architecture not in names():
        raise ValueError(
            f"Unknown architecture {recipe.architecture!r}. Known: {', '.join(names())}."
        )
    return importlib.import_module(f"{__name__}.{recipe.architecture}")
