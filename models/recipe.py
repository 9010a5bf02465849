"""A recipe: everything a paper or the notes say about one GAN, and nothing about one run.

A recipe file in `models/recipes/` states only its differences from the defaults here, which are
the anime notes' SAGAN. Paths, seed and precision belong to the run.
"""

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from models import validity


def _option(
    default,
    group: str,
    help: str,
    choices: tuple[str, ...] | None = None,
    only: dict[str, tuple] | None = None,
):
    """A field. `only`: it is read only where these other fields have one of these values."""
    return field(
        default=default,
        metadata={"group": group, "help": help, "choices": choices, "only": only or {}},
    )


LATENTS = ("truncated_normal", "normal", "uniform", "binomial")
WEIGHT_NORMS = ("spectral", "stable_rank", "none")
# What `models.losses`, `penalties` and `generator_terms` hold; they need Keras, this file does not.
LOSSES = (
    "minimax",
    "non_saturating",
    "least_squares",
    "hinge",
    "wasserstein",
    "rsgan",
    "rasgan",
    "ralsgan",
    "rahinge",
)
PENALTIES = ("none", "gradient", "one_sided_gradient", "r1")
GENERATOR_TERMS = ("none", "mode_seeking", "feature_matching")
# Fields that recipes saved by earlier versions may have; they are dropped.
RETIRED_FIELDS = ("g_first_filters",)
# Those of the losses that ask the discriminator for a target, which can be smoothed.
WITH_TARGET = ("minimax", "non_saturating", "least_squares", "rsgan", "rasgan", "ralsgan")

_PICTURES = {"point_dim": (0,)}
_LABELS = {"label_kind": ("classes", "attributes")}


def _networks(*names: str) -> dict[str, tuple]:
    return {"architecture": names}


@dataclass(frozen=True)
class Recipe:
    """One GAN as its source describes it; immutable, valid or refused with a ValueError.

    `dataclasses.replace(recipe, resolution=64)` gives a checked variation.
    """

    name: str
    architecture: str = _option("sagan", "Networks", "which file of models/networks builds G and D")
    resolution: int = _option(
        128, "Networks", "height and width of the pictures, a power of two", only=_PICTURES
    )
    point_dim: int = _option(
        0,
        "Networks",
        "dimensions of the data where they are points; 0: they are pictures",
        only=_networks("dense"),
    )
    g_filters: int = _option(
        1024, "Networks", "channels of the generator's first stage (biggan: the paper's ch)"
    )
    d_filters: int = _option(
        64, "Networks", "channels of the discriminator's first stage (biggan: the paper's ch)"
    )
    d_wide: bool = _option(
        False,
        "Networks",
        "widen in the first convolution of the discriminator's residual blocks, not in the second "
        "(sn_resnet)",
        only=_networks("sn_resnet"),
    )
    d_pooling: str = _option(
        "sum",
        "Networks",
        "how the discriminator joins its features over space (sn_resnet)",
        ("sum", "mean"),
        only=_networks("sn_resnet"),
    )
    upsample: str = _option(
        "transposed",
        "Networks",
        "how the generator doubles the resolution",
        ("transposed", "nearest", "subpixel"),
        only=_networks("sagan", "sresnet"),
    )
    g_activation: str = _option(
        "leaky_relu",
        "Networks",
        "the generator's nonlinearity",
        ("leaky_relu", "relu"),
        only=_networks("biggan", "biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet"),
    )
    g_norm: str = _option(
        "batch",
        "Networks",
        "the generator's activations",
        ("batch", "none"),
        only=_networks("biggan_notes", "dense", "sagan", "sn_cnn", "sn_resnet", "sresnet"),
    )
    d_norm: str = _option("batch", "Networks", "the discriminator's activations", ("batch", "none"))
    g_weight_norm: str = _option("spectral", "Networks", "the generator's kernels", WEIGHT_NORMS)
    d_weight_norm: str = _option(
        "spectral", "Networks", "the discriminator's kernels", WEIGHT_NORMS
    )
    minibatch: str = _option(
        "none",
        "Networks",
        "lets the discriminator compare the pictures of a batch",
        ("none", "discrimination", "standard_deviation"),
    )
    attention_resolution: int = _option(
        16,
        "Networks",
        "feature maps of this size get self-attention; 0: none",
        only=_networks("biggan", "biggan_notes", "sagan", "sn_resnet", "sresnet"),
    )
    d_attention_resolution: int = _option(
        0,
        "Networks",
        "the discriminator's, where it is another size; 0: the same",
        only=_networks("biggan", "biggan_notes", "sresnet"),
    )
    initializer: str = _option(
        "truncated_normal",
        "Networks",
        "initial kernels",
        ("truncated_normal", "normal", "orthogonal", "glorot_uniform"),
    )
    residual_gain: float = _option(
        1.0,
        "Networks",
        "factor of the residual blocks' initial 3×3 kernels (sn_resnet)",
        only=_networks("sn_resnet"),
    )

    latent_dim: int = _option(128, "Latents", "numbers in a latent")
    latent: str = _option("truncated_normal", "Latents", "their distribution", LATENTS)

    label_kind: str = _option(
        "none",
        "Labels",
        "one class a picture, or independent attributes (set from the data)",
        ("none", "classes", "attributes"),
    )
    num_labels: int = _option(0, "Labels", "how many classes or attributes (set from the data)")
    g_conditioning: str = _option(
        "batch_norm",
        "Labels",
        "how the generator takes labels, if there are any",
        ("batch_norm", "concat"),
        only=_LABELS,
    )
    d_conditioning: str = _option(
        "projection",
        "Labels",
        "how the discriminator takes labels, if there are any",
        ("projection", "concat"),
        only=_LABELS,
    )

    shared_embedding: int = _option(
        128,
        "Labels",
        "numbers in the label embedding that all norms share (biggan)",
        only={**_networks("biggan"), **_LABELS, "g_conditioning": ("batch_norm",)},
    )
    label_noise: float = _option(
        0.0,
        "Labels",
        "noise on the labels in training: its deviation for attributes; for classes, the share "
        "replaced by any class",
        only=_LABELS,
    )

    loss: str = _option("hinge", "Objective", "adversarial loss", LOSSES)
    penalty: str = _option("none", "Objective", "penalty on the discriminator", PENALTIES)
    penalty_weight: float = _option(
        10.0, "Objective", "its factor", only={"penalty": PENALTIES[1:]}
    )
    g_orthogonal: float = _option(
        0.0, "Objective", "weight of the orthogonal regularisation of the generator's kernels"
    )
    d_orthogonal: float = _option(
        0.0, "Objective", "weight of the orthogonal regularisation of the discriminator's kernels"
    )
    weight_clip: float = _option(
        0.0, "Objective", "keep the discriminator's weights within ± this after its step; 0: do not"
    )
    label_smoothing: float = _option(
        0.0,
        "Objective",
        "ask the discriminator for 1 minus this on real pictures",
        only={"loss": WITH_TARGET},
    )
    g_loss_weight: float = _option(
        1.0, "Objective", "factor of the adversarial loss in the generator's"
    )
    g_term: str = _option(
        "none", "Objective", "what the generator's loss has besides", GENERATOR_TERMS
    )
    g_term_weight: float = _option(
        1.0, "Objective", "its factor", only={"g_term": GENERATOR_TERMS[1:]}
    )

    batch_size: int = _option(64, "Training", "pictures per discriminator step")
    d_steps: int = _option(1, "Training", "discriminator steps per generator step, on fresh reals")
    fakes_per_real: int = _option(1, "Training", "fakes per real picture in a discriminator step")
    g_batch_factor: int = _option(
        1, "Training", "the generator's step takes so many times batch_size"
    )
    micro_batches: int = _option(
        1, "Training", "split each batch into so many and add up gradients, to save memory"
    )
    steps: int = _option(50_000, "Training", "generator steps that the source trains for")
    optimizer: str = _option("adam", "Training", "optimizer", ("adam", "rmsprop", "sgd"))
    g_learning_rate: float = _option(1e-4, "Training", "the generator's learning rate")
    d_learning_rate: float = _option(4e-4, "Training", "the discriminator's learning rate")
    beta_1: float = _option(
        0.0, "Training", "Adam's first decay rate", only={"optimizer": ("adam", "sgd")}
    )
    beta_2: float = _option(
        0.9, "Training", "Adam's second decay rate", only={"optimizer": ("adam", "rmsprop")}
    )
    weight_decay: float = _option(
        0.0, "Training", "this times each trained number is added to its gradient, in both networks"
    )
    decay: str = _option(
        "none",
        "Training",
        "how both learning rates fall: exponential, by decay_rate; linear, to 0 at the last step",
        ("none", "exponential", "linear"),
    )
    decay_start: int = _option(
        0,
        "Training",
        "they fall from this generator step on",
        only={"decay": ("exponential", "linear")},
    )
    decay_rate: float = _option(
        0.99, "Training", "the factor of the exponential decay …", only={"decay": ("exponential",)}
    )
    decay_every: int = _option(
        100, "Training", "… per so many steps", only={"decay": ("exponential",)}
    )
    ema_decay: float = _option(
        0.995, "Training", "decay of the generator's moving average, ramped; 0: none"
    )
    ema_statistics: str = _option(
        "copied",
        "Training",
        "whether the averaged generator's batch norms copy the newest statistics or average them",
        ("copied", "averaged"),
    )
    dequantize: bool = _option(
        False,
        "Training",
        "add uniform noise of up to one grey level to the real pictures",
        only=_PICTURES,
    )
    mirror: bool = _option(False, "Training", "show half of the pictures mirrored", only=_PICTURES)

    def __post_init__(self):
        problems = list(validity.problems(self))
        if problems:
            raise ValueError(f"Recipe {self.name}: " + "; ".join(problems))

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """The inverse of `to_dict`, also of an earlier version's.

        Recipes from before there was a choice of `decay` meant the exponential one.

        Raises:
            ValueError: an unknown field; the message gives the nearest known one.
        """
        values = {name: value for name, value in values.items() if name not in RETIRED_FIELDS}
        if values.get("decay_start") and "decay" not in values:
            values["decay"] = "exponential"
        known = [f.name for f in dataclasses.fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(known)}."
                raise ValueError(f"A recipe has no field {name!r}.{hint}")
        return cls(**values)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one real or fake: (R, R, 3), or (point_dim,)."""
        return (self.point_dim,) if self.point_dim else (self.resolution, self.resolution, 3)

    @property
    def fake_columns(self) -> int:
        """Fakes of one training step over batch_size: those of its D steps, then of its G step."""
        return self.d_steps * self.fakes_per_real + self.g_batch_factor

    @property
    def conditional(self) -> bool:
        """Whether the networks take labels."""
        return self.label_kind != "none"


def options() -> list[dataclasses.Field]:
    """The fields of a recipe that a user may set.

    Their metadata: `group` and `help` for a person, `choices`, and `only`: the fields, with their
    values, without which nothing reads this one.
    """
    return [f for f in dataclasses.fields(Recipe) if f.metadata]


def ignored(recipe: Recipe, names: Iterable[str], unknown: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each of the fields `names` that nothing reads in `recipe`.

    `unknown` names fields whose values are not final, such as label_kind before the data is open:
    what depends on them is passed over.
    """
    wanted = set(names)
    for option in options():
        for other, values in option.metadata["only"].items() if option.name in wanted else ():
            value = getattr(recipe, other)
            if other not in unknown and value not in values:
                known = ", ".join(map(str, values))
                known = known if len(values) == 1 else f"one of {known}"
                yield f"{option.name} is read only where {other} is {known}; it is {value}"


def refuse_ignored(
    recipe: Recipe, names: Iterable[str], unknown: tuple[str, ...] = ("label_kind",)
) -> None:
    """Raise ValueError where nothing reads one of the fields `names`; see `ignored`."""
    if found := list(ignored(recipe, names, unknown)):
        raise ValueError(f"Recipe {recipe.name}: {'; '.join(found)}.")


def on_points(recipe: Recipe, dim: int, width: int = 64) -> Recipe:
    """The objective and optimisation of `recipe` for points (N, dim) instead of pictures.

    Its networks become dense ones with hidden layers of `width` units, without labels and without
    batch norm; the discriminator keeps its weight norm and its look at the batch.
    """
    return dataclasses.replace(
        recipe,
        architecture="dense",
        point_dim=dim,
        g_filters=2 * width,
        d_filters=width,
        g_activation="relu",
        g_norm="none",
        d_norm="none",
        g_weight_norm="none",
        attention_resolution=0,
        initializer="glorot_uniform",
        latent="normal",
        latent_dim=16,
        label_kind="none",
        num_labels=0,
        dequantize=False,
        mirror=False,
        ema_decay=0.0,
    )


def _modules() -> dict[str, str]:
    from models import recipes

    return {m.name: f"{recipes.__name__}.{m.name}" for m in pkgutil.iter_modules(recipes.__path__)}


def names() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(
        (importlib.import_module(m).RECIPE.name for m in _modules().values()), key=str.lower
    )


def load(name: str) -> Recipe:
    """The recipe of that name, in any case of letters.

    Raises:
        ValueError: there is none; the message names the nearest and all known ones. Or its file
            sets a field that nothing reads.
    """
    module = _modules().get(name.lower())
    if module is None:
        near = difflib.get_close_matches(name.lower(), _modules(), n=1)
        hint = f" Did you mean {load(near[0]).name!r}?" if near else ""
        raise ValueError(f"Unknown recipe {name!r}.{hint} Known: {', '.join(names())}.")
    recipe = importlib.import_module(module).RECIPE
    refuse_ignored(recipe, [o.name for o in options() if getattr(recipe, o.name) != o.default])
    return recipe


def describe(name: str) -> str:
    """The docstring of a recipe: its source, command, run time and the result to expect."""
    return importlib.import_module(_modules()[load(name).name.lower()]).__doc__ or ""
