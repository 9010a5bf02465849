"""Which values of a GAN's recipe are allowed together, and a summary of its penalties.

`recipe` is always a `GANRecipe`; its class calls these functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models import generator_terms, losses, penalties
from models.systems.gan import shape


def restraints(recipe: Any) -> str:
    """The penalties, weight norms and extra terms, in few words."""
    found = [recipe.penalty] if recipe.penalty != "none" else []
    if recipe.lecam_weight:
        found.append("lecam")
    if recipe.weight_clip:
        found.append(f"clip {recipe.weight_clip:g}")
    if recipe.d_weight_norm != "none":
        found.append(recipe.d_weight_norm)
    if recipe.g_orthogonal or recipe.d_orthogonal:
        found.append("orthogonal")
    if recipe.g_term != "none":
        found.append(recipe.g_term)
    return " + ".join(found) or "–"


def of_networks(recipe: Any) -> Iterator[str]:
    """A sentence for each combination of networks and inputs that is not allowed."""
    if wrong := shape.problem(recipe.resolution, recipe.aspect):
        yield wrong
    if recipe.point_dim and recipe.architecture != "dense":
        yield f"architecture {recipe.architecture} draws pictures; points (point_dim) need dense"
    if recipe.architecture == "biggan" and not hasattr(recipe, "shared_embedding"):
        yield (
            "architecture biggan belongs to the recipes of the system biggan, such as "
            "biggan; start from one of those"
        )
    if losses.get(recipe.loss).balanced != (recipe.architecture == "began"):
        yield (
            f"loss {recipe.loss} does not fit architecture {recipe.architecture}: the "
            "discriminator of began is an autoencoder, for the loss boundary_equilibrium alone"
        )
    if recipe.architecture == "began" and recipe.g_term == "feature_matching":
        yield "g_term feature_matching needs features, and began judges by its drawing alone"
    if recipe.dequantize and recipe.point_dim:
        yield "dequantize is for pictures, not for points"
    if recipe.augment != "none" and recipe.point_dim:
        yield f"augment {recipe.augment} is for pictures, not for points"
    if recipe.conditional != bool(recipe.num_labels):
        yield f"label_kind {recipe.label_kind!r} does not fit num_labels {recipe.num_labels}"
    concat = recipe.g_conditioning == "concat"
    if recipe.conditional and recipe.g_norm == "none" and not concat:
        yield (
            "a generator without batch norm (g_norm none) takes its labels by g_conditioning "
            f"concat, not {recipe.g_conditioning}"
        )


def of_labels(recipe: Any) -> Iterator[str]:
    """A sentence for each combination of labels and what reads them that is not allowed."""
    if recipe.d_conditioning == "none" and not recipe.d_classifier_weight:
        yield (
            "d_conditioning none leaves the discriminator without labels; set d_classifier_weight "
            "above 0, or choose projection"
        )
    if recipe.g_classifier_weight and not recipe.d_classifier_weight:
        yield "g_classifier_weight needs a classifier: set d_classifier_weight above 0"
    if recipe.d_classifier_weight and recipe.label_noise:
        yield (
            f"the classifier needs true labels: set label_noise {recipe.label_noise:g} or "
            f"d_classifier_weight {recipe.d_classifier_weight:g} to 0"
        )


def of_beginning(recipe: Any) -> Iterator[str]:
    """A sentence for each combination that a saved generator may have, but no new training."""
    term = generator_terms.get(recipe.g_term)
    if recipe.conditional and term and term.paired_labels and losses.get(recipe.loss).pairs:
        yield (
            f"g_term {recipe.g_term} gives pictures of both halves the same labels, and loss "
            f"{recipe.loss} compares each with a real one of its label; choose another of either"
        )


def of_training(recipe: Any) -> Iterator[str]:
    """A sentence for each combination of losses and batches that is not allowed."""
    if recipe.g_loss_weight == 0 and recipe.g_term == "none":
        yield "g_loss_weight 0 leaves the generator without a loss; choose a g_term"
    if recipe.g_term == "mode_seeking" and recipe.batch_size < 2 * recipe.micro_batches:
        yield ("mode_seeking compares two pictures: batch_size / micro_batches must be at least 2")
    term = generator_terms.get(recipe.g_term)
    for name in ("g_batch_factor", "fakes_per_real"):
        for asking, needs_real in (
            (recipe.loss, losses.get(recipe.loss).needs_real),
            (recipe.g_term, term is not None and term.needs_real),
        ):
            if getattr(recipe, name) > 1 and needs_real:
                yield f"{name} must be 1: {asking} compares equally many fakes and reals"
    penalty = penalties.get(recipe.penalty)
    if recipe.fakes_per_real > 1 and penalty is not None and penalty.joins_fakes:
        yield (f"fakes_per_real must be 1: penalty {recipe.penalty} joins each real with one fake")
