"""Each limit of a recipe: the first value beyond it is refused, the last one within it is not."""

import dataclasses

import pytest

from models import recipes

BASE = recipes.load("SAGAN_V6")
CLASSES = {"label_kind": "classes", "num_labels": 2}
AT_LEAST_1 = (
    "g_filters", "d_filters", "latent_dim", "batch_size", "d_steps",
    "fakes_per_real", "g_batch_factor", "micro_batches", "steps", "decay_every",
)  # fmt: skip
AT_LEAST_0 = ("penalty_weight", "weight_clip", "g_loss_weight", "g_term_weight", "weight_decay")
ABOVE_0 = ("g_learning_rate", "d_learning_rate", "decay_rate", "residual_gain")
# (beyond the limit, within it, what is said)
LIMITS = {
    "choice": ({"loss": "hing"}, {"loss": "hinge"}, "unknown loss 'hing', known: minimax"),
    "whole": ({"d_steps": 1.5}, {"d_steps": 2}, "d_steps must be a whole number"),
    "negative": ({"decay_every": -1}, {"decay_every": 1}, "a whole number of at least 1, not -1"),
    "power of two": ({"resolution": 12}, {"resolution": 16}, "a power of two"),
    "smallest": ({"resolution": 2}, {"resolution": 4}, "a whole number of at least 4, not 2"),
    "orthogonal": ({"g_orthogonal": -0.1}, {"g_orthogonal": 0.0}, "at least 0, not -0.1"),
    "infinite": ({"d_orthogonal": float("inf")}, {"d_orthogonal": 9.0}, "not inf"),
    "label noise": ({"label_noise": 1.1}, {"label_noise": 1.0}, "from 0 to 1, not 1.1"),
    "noise below": ({"label_noise": -0.1}, {"label_noise": 0.0}, "from 0 to 1, not -0.1"),
    "average": ({"ema_decay": 1.0}, {"ema_decay": 0.0}, "ema_decay must be at least 0 and below 1"),
    "smoothing": ({"label_smoothing": 1.0}, {"label_smoothing": 0.9}, "label_smoothing must be"),
    "points": ({"point_dim": 2}, {"point_dim": 2, "architecture": "dense"}, "need dense"),
    "noise on points": (
        {"point_dim": 2, "architecture": "dense", "dequantize": True},
        {"point_dim": 0, "dequantize": True}, "dequantize is for pictures",
    ),
    "labels": ({"num_labels": 2}, CLASSES, "does not fit num_labels 2"),
    "no labels": ({**CLASSES, "num_labels": 0}, {}, "does not fit num_labels 0"),
    "deaf generator": (
        {**CLASSES, "g_norm": "none"},
        {**CLASSES, "g_norm": "none", "g_conditioning": "concat"},
        "takes its labels by g_conditioning concat, not batch_norm",
    ),
    "no loss": (
        {"g_loss_weight": 0.0}, {"g_loss_weight": 0.0, "g_term": "feature_matching"},
        "leaves the generator without a loss",
    ),
    "not a number": ({"beta_1": float("nan")}, {"beta_1": 0.5}, "at least 0 and below 1, not nan"),
    "decay rate 1": ({"beta_2": 1.0}, {"beta_2": 0.999}, "at least 0 and below 1, not 1.0"),
    "a word": ({"g_filters": "8"}, {"g_filters": 8}, "a whole number of at least 1, not '8'"),
    "a yes": ({"mirror": "yes"}, {"mirror": True}, "mirror must be true or false, not 'yes'"),
    "other networks": (
        {"architecture": "biggan"}, {"architecture": "biggan_notes"}, "recipes of the system big",
    ),
    "micro-batches": ({"micro_batches": 3}, {"micro_batches": 4}, "into 3 equal micro_batches"),
    "pairs": (
        {"g_term": "mode_seeking", "micro_batches": 64},
        {"g_term": "mode_seeking", "micro_batches": 32}, "compares two pictures",
    ),
    "a pair": (
        {"g_term": "mode_seeking", "batch_size": 1},
        {"g_term": "mode_seeking", "batch_size": 2},
        "compares two pictures",
    ),
    "start without decay": (
        {"decay_start": 5}, {"decay_start": 5, "decay": "exponential"}, "decay_start 5 needs a dec",
    ),
    "decay too late": (
        {"decay": "linear", "decay_start": 50_000}, {"decay": "linear", "decay_start": 49_999},
        "leaves no steps for the linear decay; there are 50000",
    ),
    "exponential late": (
        {"decay": "linear", "decay_start": 60_000}, {"decay": "exponential", "decay_start": 60_000},
        "no steps",
    ),
    "relativistic": (
        {"loss": "rasgan", "g_batch_factor": 2}, {"loss": "rasgan", "g_batch_factor": 1},
        "g_batch_factor must be 1: rasgan compares",
    ),
    "features": (
        {"g_term": "feature_matching", "fakes_per_real": 2}, {"fakes_per_real": 2},
        "fakes_per_real must be 1: feature_matching",
    ),
    "between": (
        {"penalty": "one_sided_gradient", "fakes_per_real": 2},
        {"penalty": "r1", "fakes_per_real": 2}, "joins each real with one fake",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("beyond", "within", "says"), LIMITS.values(), ids=LIMITS.keys())
def test_limit(beyond, within, says):
    with pytest.raises(ValueError, match="Recipe SAGAN_V6: ") as refused:
        dataclasses.replace(BASE, **beyond)
    assert says in str(refused.value)
    dataclasses.replace(BASE, **within)


@pytest.mark.parametrize("name", AT_LEAST_1)
def test_what_must_be_at_least_1(name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1, not 0"):
        dataclasses.replace(BASE, **{name: 0})
    dataclasses.replace(BASE, **{name: 1})


@pytest.mark.parametrize("name", AT_LEAST_0)
def test_what_must_be_at_least_0(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 0, not -1"):
        dataclasses.replace(BASE, **{name: -1.0})
    more = {"g_term": "feature_matching"} if name == "g_loss_weight" else {}
    dataclasses.replace(BASE, **{name: 0.0}, **more)


@pytest.mark.parametrize("name", ABOVE_0)
def test_what_must_be_above_0(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, not 0"):
        dataclasses.replace(BASE, **{name: 0.0})
    dataclasses.replace(BASE, **{name: 1e-9})


def test_pairs_of_pictures_and_of_latents_meet_only_in_labels():
    """Mode seeking gives both halves the same labels; without labels a pair has none to share."""
    changes = {"loss": "rsgan", "g_term": "mode_seeking"}
    dataclasses.replace(BASE, **changes).check_training()
    with pytest.raises(ValueError, match="g_term mode_seeking gives pictures of both halves"):
        dataclasses.replace(BASE, **changes, **CLASSES).check_training()
