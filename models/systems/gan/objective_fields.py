"""The objective of a GAN: its losses, and what restrains the two networks."""

from __future__ import annotations

from dataclasses import dataclass

from models import generator_terms, losses, penalties
from models.fields import Above, option
from models.recipe import Recipe
from models.schedules import ENDING

_WITH_PENALTY = {"penalty": penalties.names()[1:]}
_BALANCED = {"loss": losses.names_balanced()}
_WITH_LECAM = {"lecam_weight": Above(0)}
_WITH_LABELS = {"label_kind": ("classes", "attributes")}


@dataclass(frozen=True, kw_only=True)
class ObjectiveFields(Recipe):
    """The fields of a GAN's recipe about what its two networks minimise."""

    loss: str = option("hinge", "Objective", "adversarial loss", choices=losses.names())
    penalty: str = option(
        "none", "Objective", "penalty on the discriminator's slope", choices=penalties.names()
    )
    penalty_weight: float = option(
        10.0, "Objective", "factor of penalty", only=_WITH_PENALTY, least=0
    )
    penalty_weight_end: float = option(
        0.0,
        "Objective",
        "penalty_weight at decay_end, by the curve of the rates; 0: it stays the same",
        only={**_WITH_PENALTY, "decay": ENDING},
        least=0,
    )
    penalty_every: int = option(
        1,
        "Objective",
        "steps per penalty, which then weighs as many times as much; more saves time",
        only=_WITH_PENALTY,
        least=1,
    )
    lecam_weight: float = option(
        0.0,
        "Objective",
        "factor of LeCam regularisation, which holds the discriminator's logits near its own "
        "moving averages; 0: none",
        least=0,
    )
    lecam_decay: float = option(
        0.99, "Objective", "decay of those averages", only=_WITH_LECAM, least=0, below=1
    )
    lecam_start: int = option(
        1_000, "Objective", "steps before LeCam regularisation begins", only=_WITH_LECAM, least=0
    )
    g_orthogonal: float = option(
        0.0,
        "Objective",
        "weight of the orthogonal regularisation of the generator's kernels",
        least=0,
    )
    d_orthogonal: float = option(
        0.0,
        "Objective",
        "weight of the orthogonal regularisation of the discriminator's kernels",
        least=0,
    )
    weight_clip: float = option(
        0.0,
        "Objective",
        "clip the discriminator's weights to ± this after its step; 0: do not",
        least=0,
    )
    label_smoothing: float = option(
        0.0,
        "Objective",
        "the discriminator's target for real pictures is 1 minus this",
        only={"loss": losses.names_with_target()},
        least=0,
        below=1,
    )
    hinge_margin: float = option(
        1.0,
        "Objective",
        "least margin of the discriminator's hinge loss: each picture gets its own, by chance "
        "between this and 1",
        only={"loss": ("hinge",)},
        above=0,
        most=1,
    )
    diversity_ratio: float = option(
        0.5,
        "Objective",
        "target of the reconstruction error of fakes, divided by that of reals (BEGAN's γ); more "
        "gives more variety",
        only=_BALANCED,
        above=0,
        most=1,
    )
    balance_rate: float = option(
        0.001,
        "Objective",
        "step size of the factor that keeps diversity_ratio (BEGAN's λ)",
        only=_BALANCED,
        above=0,
        most=1,
    )
    reconstruction_weight: float = option(
        1.0,
        "Objective",
        "factor of the reconstruction error of real pictures by the discriminator's decoders; 0: "
        "it has none",
        only={"architecture": ("fastgan",)},
        least=0,
    )
    g_loss_weight: float = option(
        1.0, "Objective", "factor of the adversarial loss in the generator's loss", least=0
    )
    g_term: str = option(
        "none",
        "Objective",
        "additional term of the generator's loss",
        choices=generator_terms.names(),
    )
    g_term_weight: float = option(
        1.0, "Objective", "factor of g_term", only={"g_term": generator_terms.names()[1:]}, least=0
    )
    d_classifier_weight: float = option(
        0.0,
        "Objective",
        "factor of the loss from which the discriminator also learns to classify the labels of "
        "reals; 0: it does not",
        only=_WITH_LABELS,
        least=0,
    )
    g_classifier_weight: float = option(
        0.0,
        "Objective",
        "factor of the classifier's loss on fakes, from which the generator learns its labels",
        only={**_WITH_LABELS, "d_classifier_weight": Above(0), "g_loss_weight": Above(0)},
        least=0,
    )
