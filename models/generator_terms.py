"""Additional terms of the generator's loss: a name → a `Term`.

A term is a function of a `GeneratorStep`, the data of one (micro-)batch of the generator's step. It
returns a float32 scalar to be minimised, weighted by the recipe's g_term_weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.lazy import keras, ops, replicas


@dataclass(frozen=True)
class GeneratorStep:
    """One batch of the generator's step.

    Attributes:
        latents: (N, latent_dim).
        fake: G's data (N, …), with gradient.
        seen_fake, fake_labels: the same as D sees it, augmented or not, and its labels.
        seen_real, real_labels: as many training data, as D sees them, or None unless the term
            needs them.
        features: (data, labels) → the input of D's last layer, (N, …).
    """

    latents: Any
    fake: Any
    seen_fake: Any
    fake_labels: Any
    seen_real: Any
    real_labels: Any
    features: Callable


@dataclass(frozen=True)
class Term:
    """A generator's term: its function, and what it needs from the step.

    Attributes:
        needs_real: it reads `seen_real` and `seen_fake`.
        paired_labels: data i and i + N/2 must have the same label.
    """

    function: Callable[[GeneratorStep], Any]
    needs_real: bool = False
    paired_labels: bool = False


def _mean_distance(a, b):
    return replicas.mean(ops.mean(ops.abs(ops.cast(a, "float32") - ops.cast(b, "float32"))))


def mode_seeking(step: GeneratorStep):
    """1 / (d(G(z1), G(z2)) / d(z1, z2) + 1e-5), mean absolute distances over a batch's two halves.

    Distant latents should give distant pictures (MSGAN, Mao et al. 2019, arXiv:1903.05628, equation
    5; the reciprocal and the constant are from the authors' code).
    """
    half = ops.shape(step.latents)[0] // 2
    fake = _mean_distance(step.fake[:half], step.fake[half : 2 * half])
    latents = _mean_distance(step.latents[:half], step.latents[half : 2 * half])
    return 1.0 / (fake / latents + 1e-5)


def feature_matching(step: GeneratorStep):
    """||E f(x) - E f(G(z))||², with f the input of D's last layer.

    Salimans et al. 2016, section 3.1. As in the paper, it replaces the adversarial loss if
    g_loss_weight is 0.
    """
    real = ops.stop_gradient(step.features(step.seen_real, step.real_labels))
    fake = step.features(step.seen_fake, step.fake_labels)
    gap = ops.mean(ops.cast(real, "float32"), axis=0) - ops.mean(ops.cast(fake, "float32"), axis=0)
    return ops.sum(ops.square(replicas.mean(gap)))


TERMS = {
    "mode_seeking": Term(mode_seeking, paired_labels=True),
    "feature_matching": Term(feature_matching, needs_real=True),
}


def names() -> tuple[str, ...]:
    """All terms, including "none"."""
    return ("none", *TERMS)


def get(name: str) -> Term | None:
    """The term of that name, None for "none"; ValueError lists the known ones."""
    if name == "none":
        return None
    if name not in TERMS:
        raise ValueError(f"Unknown generator term {name!r}. Known: {', '.join(names())}.")
    return TERMS[name]


def feature_function(discriminator: keras.Model) -> Callable:
    """(data, labels) → the input of D's layer `to_logit`, with D's own layers and weights.

    The last layer of every discriminator in `models.networks` has this name.
    """
    model = keras.Model(discriminator.inputs, discriminator.get_layer("to_logit").input)
    return lambda data, labels: model([data, labels], training=True)


def share_labels(labels):
    """Labels (N, …) with the second half replaced by the first; a last odd one stays."""
    half = ops.shape(labels)[0] // 2
    return ops.concatenate([labels[:half], labels[:half], labels[2 * half :]])
