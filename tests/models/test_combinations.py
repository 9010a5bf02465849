"""All losses, penalties, normalisations and conditionings combine: each combination takes a step.

The product runs on the dense networks, eagerly: one GAN per normalisation and conditioning,
which then pursues a third of all objectives in turn. The convolutional networks see every option
once.
"""

import dataclasses
import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from models import losses, networks, penalties, recipes
from models.systems.biggan.recipe import BigGANRecipe
from models.systems.gan.recipe import GANRecipe
from models.systems.gan.turns import GAN
from tests.models import backends, tiny

NORMALISATIONS = {
    "plain": {},
    "batch": {"g_norm": "batch", "d_norm": "batch"},
    "spectral": {"d_weight_norm": "spectral"},
    "stable_rank": {"d_weight_norm": "stable_rank"},
}
CLASSES = {"label_kind": "classes", "num_labels": 3}
CONDITIONINGS = {
    "unconditional": {},
    "concat": {**CLASSES, "g_conditioning": "concat", "d_conditioning": "concat"},
    "projection": {
        **CLASSES,
        "g_norm": "batch",
        "g_conditioning": "batch_norm",
        "d_conditioning": "projection",
    },
}
# Boundary equilibrium needs a discriminator of its own: tests/models/test_began.py.
LOSSES = [name for name in losses.names() if not losses.get(name).balanced]
PENALTIES = {
    "none": {},
    "clip": {"weight_clip": 0.5},
    "gradient": {"penalty": "gradient"},
    "one_sided_gradient": {"penalty": "one_sided_gradient"},
    "perturbed_gradient": {"penalty": "perturbed_gradient"},
    "r1": {"penalty": "r1"},
    "orthogonal": {"g_orthogonal": 1e-2, "d_orthogonal": 1e-2},
    "mode_seeking": {"g_term": "mode_seeking"},
}
TRICKS = {
    "discrimination": {"minibatch": "discrimination"},
    "standard_deviation": {"minibatch": "standard_deviation"},
    "feature_matching": {"g_term": "feature_matching"},
    "feature_matching_alone": {"g_term": "feature_matching", "g_loss_weight": 0.0},
    "smoothing": {"label_smoothing": 0.1},
}
POINTS = {"architecture": "dense", "point_dim": 2, "g_filters": 4, "d_filters": 4, "latent_dim": 3}
BARE = {"g_norm": "none", "d_norm": "none", "g_weight_norm": "none", "d_weight_norm": "none"}


def point_recipe(*changes):
    merged = {**POINTS, **BARE, "attention_resolution": 0, "batch_size": 4, "ema_decay": 0.5}
    # So small that a GAN which pursues one objective after another stays as it began.
    merged.update(g_learning_rate=1e-5, d_learning_rate=1e-5)
    for change in changes:
        merged.update(change)
    return GANRecipe(name="points", **merged)


def pursue(gan, recipe):
    """Give a GAN another objective: its networks take seconds to build anew, 800 times."""
    gan.recipe = recipe
    gan.discriminator_terms.penalty = penalties.get(recipe.penalty)
    gan._turns = tuple(gan.turns())


def step(gan, seed=0):
    """One eager training step; the logs, once both networks have moved and all is finite."""
    networks_ = (gan.discriminator, gan.generator)
    before = [tiny.values(network.trainable_variables) for network in networks_]
    batch = {k: ops.convert_to_tensor(v) for k, v in tiny.batch(gan.recipe, seed).items()}
    logs = {name: float(value) for name, value in gan._step(batch).items()}
    assert np.isfinite(list(logs.values())).all(), logs
    for network, old in zip(networks_, before, strict=True):
        new = tiny.values(network.trainable_variables)
        assert all(np.isfinite(value).all() for value in new)
        moved = [np.abs(a - b).max() > 0 for a, b in zip(old, new, strict=True)]
        assert any(moved), f"{network.name} did not learn"
    return logs


# Several steps of one small graph after another cost far less eagerly than traced.
if keras.backend.backend() == "tensorflow":

    @pytest.mark.parametrize("conditioning", CONDITIONINGS)
    @pytest.mark.parametrize("normalisation", NORMALISATIONS)
    def test_every_loss_and_penalty(normalisation, conditioning):
        """One of the 12 pairs of networks under a third of all losses × penalties.

        Each loss with each penalty meets every normalisation, and every conditioning.
        """
        networks_ = NORMALISATIONS[normalisation], CONDITIONINGS[conditioning]
        gan = GAN(point_recipe(*networks_))
        mine = [*NORMALISATIONS].index(normalisation) + [*CONDITIONINGS].index(conditioning)
        product = itertools.product(enumerate(LOSSES), enumerate(PENALTIES))
        for (place, loss), (other, penalty) in product:
            if (place + other - mine) % 3:
                continue
            pursue(gan, point_recipe(*networks_, {"loss": loss}, PENALTIES[penalty]))
            logs = step(gan)
            assert ("penalty" in logs) == ("penalty" in PENALTIES[penalty])
            assert ("g_term" in logs) == (penalty == "mode_seeking")


@pytest.mark.parametrize("trick", TRICKS)
def test_every_loss_with_every_trick(trick):
    gan = GAN(point_recipe(TRICKS[trick], {"loss": "least_squares"}))
    for loss in LOSSES:
        if trick == "smoothing" and losses.get(loss).smoothed is None:
            continue
        pursue(gan, point_recipe(TRICKS[trick], {"loss": loss}))
        step(gan)


COVERED = list(
    zip(
        itertools.cycle(["sagan", "sn_cnn", "sn_resnet"]),
        LOSSES,
        itertools.cycle(NORMALISATIONS),
        itertools.cycle([*CONDITIONINGS, "attributes"]),
        itertools.cycle(PENALTIES),
        itertools.cycle(["none", "discrimination", "standard_deviation"]),
        strict=False,
    )
)


@pytest.mark.parametrize("chosen", COVERED, ids=lambda chosen: "-".join(chosen))
def test_convolutional_networks(chosen):
    architecture, loss, normalisation, conditioning, penalty, minibatch = chosen
    attributes = {"label_kind": "attributes", "num_labels": 3, "g_norm": "batch"}
    labels = CONDITIONINGS.get(conditioning, attributes)
    changes = {
        **BARE,
        **NORMALISATIONS[normalisation],
        **labels,
        **PENALTIES[penalty],
        "architecture": architecture,
        "loss": loss,
        "minibatch": minibatch,
        "attention_resolution": 8,
    }
    step(GAN(tiny.recipe(**changes)))


@pytest.mark.parametrize("architecture", networks.names())
def test_every_discriminator_names_its_last_layer(architecture):
    """Feature matching finds its features by it."""
    known = [recipes.load(name) for name in recipes.names()]
    recipe = next(r for r in known if getattr(r, "architecture", None) == architecture)
    recipe = dataclasses.replace(
        recipe, g_filters=8, d_filters=8, resolution=32, attention_resolution=0
    )
    _, discriminator = networks.build(recipe, 0)
    assert discriminator.get_layer("to_logit").output.shape[-1] == 1


def test_weight_clipping_bounds_every_weight():
    gan = GAN(point_recipe({"loss": "wasserstein", "weight_clip": 0.01, "d_steps": 5}))
    step(gan)
    largest = [np.abs(value).max() for value in tiny.values(gan.discriminator.trainable_variables)]
    assert max(largest) == pytest.approx(0.01)  # reached, and not passed
    assert max(np.abs(v).max() for v in tiny.values(gan.generator.trainable_variables)) > 0.01


def test_feature_matching_alone_ignores_the_adversarial_loss():
    gan = GAN(point_recipe(TRICKS["feature_matching_alone"]))
    logs = step(gan)
    assert logs["g_loss"] == pytest.approx(logs["g_term"])


def test_mode_seeking_makes_pairs_of_one_label():
    """Of labels 0 and 1 in a batch's halves, G is only asked for the first half's."""
    gan = GAN(point_recipe(CONDITIONINGS["concat"], PENALTIES["mode_seeking"]))
    seen = []
    generator = gan.generator
    gan.__dict__["generator"] = lambda inputs, training: (
        seen.append(ops.convert_to_numpy(inputs[1])) or generator(inputs, training=training)
    )
    batch = tiny.batch(gan.recipe)
    part = {
        "latents": ops.convert_to_tensor(batch["latents"][:, -1]),
        "fake_labels": ops.convert_to_tensor(np.array([0, 1, 2, 2], "int32")),
    }
    gan._generator_loss(part, ())
    assert seen[0].tolist() == [0, 1, 0, 1]


SAMPLE = """
import numpy as np
from models.systems.gan.turns import GAN
from tests.models import test_combinations as t
for loss, norm, cond, penalty, trick in [
    ("wasserstein", "plain", "unconditional", "gradient", {}),
    ("rasgan", "stable_rank", "concat", "mode_seeking", t.TRICKS["standard_deviation"]),
    ("hinge", "spectral", "projection", "r1", t.TRICKS["discrimination"]),
    ("non_saturating", "batch", "concat", "clip", t.TRICKS["smoothing"]),
    ("least_squares", "spectral", "concat", "orthogonal", t.TRICKS["feature_matching"]),
]:
    r = t.point_recipe({"loss": loss}, t.NORMALISATIONS[norm], t.CONDITIONINGS[cond],
                       t.PENALTIES[penalty], trick)
    logs = t.step(GAN(r))
    print("LOGS", *(f"{logs[name]:.7g}" for name in sorted(logs)))
"""


def sampled(backend):
    run = subprocess.run(
        [sys.executable, "-c", SAMPLE],
        env=backends.environment(backend),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    rows = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("LOGS")]
    return [[float(number) for number in row] for row in rows]


@pytest.fixture(scope="module")
def on_tensorflow():
    pytest.importorskip("tensorflow")
    return sampled("tensorflow")


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_the_other_backends_agree(backend, on_tensorflow):
    rows = sampled(backend)
    assert len(rows) == 5
    for row, expected in zip(rows, on_tensorflow, strict=True):
        np.testing.assert_allclose(row, expected, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("labels", [{}, CLASSES], ids=["unconditional", "projection"])
@pytest.mark.parametrize("architecture", networks.names())
def test_logits_are_not_rounded_to_bfloat16(architecture, labels):
    """What ends in them computes in float32: 8 binary digits are too few for a loss."""
    filters = {"g_filters": 16, "d_filters": 8, "latent_dim": 16, "attention_resolution": 0}
    if architecture == "began":  # which takes no labels, whatever the picture
        filters["loss"], labels = "boundary_equilibrium", {}
    if architecture == "r3gan":  # without any normalisation
        filters |= {"g_weight_norm": "none", "d_weight_norm": "none", "g_conditioning": "concat"}
        filters["attention_resolution"] = 16
    recipe = BigGANRecipe(
        name="x",
        architecture=architecture,
        resolution=32,
        d_norm="none",
        shared_embedding=4,
        **filters,
        **labels,
    )
    _, discriminator = networks.build(recipe, 0, "mixed_bfloat16")
    ends = ("to_logit", "projection", "logits_and_projection") if labels else ("to_logit",)
    for name in ends:
        assert discriminator.get_layer(name).compute_dtype == "float32", name
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (16, 32, 32, 3)).astype("float32")
    said = discriminator([pictures, np.arange(16, dtype="int32") % 3])
    logits = said[0] if isinstance(said, list) else said
    rounded = ops.cast(ops.cast(logits, "bfloat16"), "float32")
    logits, rounded = (ops.convert_to_numpy(each) for each in (logits, rounded))
    assert (logits != rounded).mean() > 0.8
