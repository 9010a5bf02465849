"""What the turns of a GAN cost, for the estimate of memory and time."""

from __future__ import annotations

from typing import Any

from models.outputs import Work


def work(gan: Any) -> list[Work]:
    """The cost of the discriminator's turn and of the generator's."""
    recipe, terms = gan.recipe, gan.discriminator_terms
    judged, made = 1 + recipe.fakes_per_real, recipe.g_batch_factor
    kept, passes = _judging(gan)
    return [
        Work(
            kept={"discriminator": judged + terms.kept},
            passes={
                "generator": recipe.fakes_per_real + recipe.pseudo_fakes,
                "discriminator": 3 * judged + terms.passes,
            },
            times=recipe.d_steps,
        ),
        Work(
            kept={"generator": made, "discriminator": kept},
            passes={"generator": 3 * made, "discriminator": passes},
        ),
    ]


def _judging(gan: Any) -> tuple[int, int]:
    """How many times the generator's turn keeps D's activations, and D's passes in it.

    Fakes go there and back. Reals go back only in one call with the fakes.
    """
    recipe, term = gan.recipe, gan.generator_term
    made, kept, passes = recipe.g_batch_factor, 0, 0
    if recipe.g_loss_weight:
        reals = int(gan.loss_functions.needs_real)
        kept += made + reals
        passes += 2 * made + reals * (2 if gan.answers.one_call else 1)
    if term is not None and term.needs_real:
        kept += made  # the features of reals have no gradient
        passes += 2 * made + 1
    return kept, passes
