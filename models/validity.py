"""What makes a recipe valid: ranges of its values, and which of them go together. Keras-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.recipe import Recipe

# Losses and terms that look at real pictures in the generator's step, one for each fake.
G_NEEDS_REALS = ("rsgan", "rasgan", "ralsgan", "rahinge", "feature_matching")
AT_LEAST_1 = (
    "g_filters", "d_filters", "latent_dim", "shared_embedding", "batch_size", "d_steps",
    "fakes_per_real", "g_batch_factor", "micro_batches", "steps", "decay_every",
)  # fmt: skip
AT_LEAST_0 = ("penalty_weight", "weight_clip", "g_loss_weight", "g_term_weight", "weight_decay")
ABOVE_0 = ("g_learning_rate", "d_learning_rate", "decay_rate", "residual_gain")


def problems(recipe: Recipe) -> Iterator[str]:
    """A sentence for each value that is out of its range, or does not go with another."""
    yield from _ranges(recipe)
    yield from _networks(recipe)
    yield from _training(recipe)


def _ranges(recipe: Recipe) -> Iterator[str]:
    """What is wrong with one value alone."""
    for option in (field for field in dataclasses.fields(recipe) if field.metadata):
        value, choices = getattr(recipe, option.name), option.metadata["choices"]
        if choices and value not in choices:
            yield f"unknown {option.name} {value!r}, known: {', '.join(choices)}"
        elif option.type is int and (not isinstance(value, int) or value < 0):
            yield f"{option.name} must be a whole number of at least 0, not {value!r}"
    for name in AT_LEAST_1:
        if getattr(recipe, name) == 0:
            yield f"{name} must be at least 1"
    for name in AT_LEAST_0:
        if not getattr(recipe, name) >= 0:
            yield f"{name} must be at least 0, not {getattr(recipe, name)}"
    for name in ("g_orthogonal", "d_orthogonal"):
        if not 0 <= getattr(recipe, name) < float("inf"):
            yield f"{name} must be at least 0, not {getattr(recipe, name)}"
    for name in ABOVE_0:
        if not getattr(recipe, name) > 0:
            yield f"{name} must be above 0, not {getattr(recipe, name)}"
    if recipe.resolution < 4 or recipe.resolution & (recipe.resolution - 1):
        yield f"resolution must be a power of two, such as 64 or 128, not {recipe.resolution}"
    if not 0 <= recipe.label_noise <= 1:
        yield f"label_noise must be from 0 to 1, not {recipe.label_noise}"
    for name in ("ema_decay", "label_smoothing"):
        if not 0 <= getattr(recipe, name) < 1:
            yield f"{name} must be at least 0 and below 1, not {getattr(recipe, name)}"


def _networks(recipe: Recipe) -> Iterator[str]:
    """What does not go together in the networks and in what they are given."""
    if recipe.point_dim and recipe.architecture != "dense":
        yield f"architecture {recipe.architecture} draws pictures; points (point_dim) need dense"
    if recipe.dequantize and recipe.point_dim:
        yield "dequantize is for pictures, not for points"
    if recipe.conditional != bool(recipe.num_labels):
        yield f"label_kind {recipe.label_kind!r} does not fit num_labels {recipe.num_labels}"
    concat = recipe.g_conditioning == "concat"
    if recipe.conditional and recipe.g_norm == "none" and not concat:
        yield (
            "a generator without batch norm (g_norm none) takes its labels by g_conditioning "
            f"concat, not {recipe.g_conditioning}"
        )


def _training(recipe: Recipe) -> Iterator[str]:
    """What does not go together in the losses, in the batches and in how the rates fall."""
    if recipe.g_loss_weight == 0 and recipe.g_term == "none":
        yield "g_loss_weight 0 leaves the generator without a loss; choose a g_term"
    if recipe.micro_batches and recipe.batch_size % recipe.micro_batches:
        yield (
            f"batch_size {recipe.batch_size} cannot be split into {recipe.micro_batches} equal "
            "micro_batches"
        )
    if recipe.g_term == "mode_seeking" and recipe.batch_size < 2 * max(1, recipe.micro_batches):
        yield "mode_seeking compares two pictures: batch_size / micro_batches must be at least 2"
    if recipe.decay == "none" and recipe.decay_start:
        yield f"decay_start {recipe.decay_start} needs a decay: exponential or linear"
    if recipe.decay == "linear" and recipe.decay_start >= recipe.steps:
        yield (
            f"decay_start {recipe.decay_start} leaves the linear decay no steps, out of "
            f"{recipe.steps}"
        )
    for name in ("g_batch_factor", "fakes_per_real"):
        for term in (recipe.loss, recipe.g_term):
            if getattr(recipe, name) > 1 and term in G_NEEDS_REALS:
                yield f"{name} must be 1: {term} compares as many fakes as real pictures"
    if recipe.fakes_per_real > 1 and recipe.penalty in ("gradient", "one_sided_gradient"):
        yield f"fakes_per_real must be 1: penalty {recipe.penalty} joins each real with one fake"
