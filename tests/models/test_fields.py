"""Every field of a recipe is read by something, or refused where nothing reads it.

Each field is changed in turn. What then changes, the networks or the training step, must agree
with what the field's metadata says of who reads it.
"""

import dataclasses
import functools
import importlib
import json

import numpy as np
import pytest
from keras import ops

from datasets import toy as worlds
from layers import initializers
from models import fields, losses, networks, recipes, transfer
from models.fields import refuse_ignored
from models.systems.biggan.recipe import BigGANRecipe
from models.systems.gan.turns import GAN
from tests.models import tiny
from training.feed import Feed

# A second value of each field that belongs to the networks.
OTHER = {
    "architecture": None,  # the subject of the test
    "resolution": 128,
    "aspect": "2:3",
    "channels": 4,
    "point_dim": 2,
    "g_filters": 32,
    "d_filters": 16,
    "d_wide": True,
    "stage_blocks": 3,
    "wide_up_to": 16,
    "d_pooling": "mean",
    "residual_gain": 2.0,
    "upsample": "subpixel",
    "g_convolutions": "one",
    "d_input": 256,
    "g_activation": "relu",
    "g_palette": 8,
    "g_smoothing": 16.0,
    "g_norm": "none",
    "d_norm": "none",
    "g_weight_norm": "none",
    "d_weight_norm": "none",
    "minibatch": "standard_deviation",
    "attention_resolution": 0,
    "d_attention_resolution": 4,
    "initializer": "normal",
    "latent_dim": 16,
    "label_kind": None,  # both follow from the data; tested with the conditional networks
    "num_labels": None,
    "g_conditioning": "concat",
    "d_conditioning": "concat",
    "shared_embedding": 64,
}
GROUPS = ("Networks", "Latents", "Labels")
STEP_ONLY = ("label_noise", "latent")  # of the two groups, but not of the networks


def small(architecture: str, **changes) -> recipes.Recipe:
    known = {
        "architecture": architecture, "resolution": 32, "g_filters": 16, "d_filters": 8,
        "latent_dim": 8, "batch_size": 4, "attention_resolution": 16, "name": architecture,
    }  # fmt: skip
    if architecture == "began":
        known |= {"loss": "boundary_equilibrium", "d_norm": "none"}
    if architecture == "r3gan":
        known |= {
            "d_norm": "none", "g_weight_norm": "none", "d_weight_norm": "none",
            "g_conditioning": "concat",
        }  # fmt: skip
    return BigGANRecipe(**{**known, **changes})


@functools.cache
def fingerprint(recipe: recipes.Recipe, network: str) -> str:
    """Everything about the generator or the discriminator: layers, options, weights."""
    with initializers.blank():  # the layers' options name their initialisers
        built = getattr(importlib.import_module(f"models.networks.{recipe.architecture}"), network)
        model = built(recipe)
    layers = [layer.get_config() for layer in model.layers]
    return json.dumps([layers, [tuple(v.shape) for v in model.variables]], default=str)


def networks_of(name: str) -> tuple[str, ...]:
    """Which networks a field may change, by its name."""
    first = {"g": ("generator",), "d": ("discriminator",)}
    return first.get(name.split("_")[0], ("generator", "discriminator"))


def test_the_table_knows_every_field_of_the_networks():
    known = {o.name for o in fields.options(BigGANRecipe) if o.metadata["group"] in GROUPS}
    assert known - set(STEP_ONLY) == set(OTHER)


@pytest.mark.parametrize("architecture", networks.names())
def test_a_field_changes_the_networks_exactly_where_it_says_it_is_read(architecture):
    labels = {"label_kind": "attributes", "num_labels": 3}
    if architecture == "began":  # which takes none
        labels = {}
    # Up to 32 px the residual networks are of one width, which d_wide cannot change.
    base = small(architecture, **labels, resolution=64 if architecture == "sn_resnet" else 32)
    for name, value in OTHER.items():
        if value is None or getattr(base, name) == value:
            continue
        start = base
        if name == "g_norm":  # without it labels must come another way
            start = dataclasses.replace(base, g_conditioning="concat")
        if name == "point_dim":
            start = dataclasses.replace(base, label_kind="none", num_labels=0)
        try:
            changed = dataclasses.replace(start, **{name: value})
            networks.check(changed)
        except ValueError:
            continue  # read, and found unfit: that is no silence
        ignored = list(fields.ignored(changed, [name]))
        same = all(fingerprint(changed, n) == fingerprint(start, n) for n in networks_of(name))
        assert same == bool(ignored), (name, ignored)


@pytest.mark.parametrize("architecture", networks.names())
def test_blocks_are_frozen_where_a_discriminator_has_some(architecture):
    """Refused before the pictures are prepared, not only when the networks are built."""
    recipe = small(architecture, freeze_d=1)
    with initializers.blank():
        discriminator = networks.build(recipe, 0)[1]
    ignored = list(fields.ignored(recipe, ["freeze_d"]))
    if ignored:
        assert ignored[0].startswith("freeze_d is read only where architecture is one of biggan,")
        with pytest.raises(ValueError, match="this discriminator has no blocks"):
            transfer.freeze(discriminator, 1)
    else:
        transfer.freeze(discriminator, 1)


def test_what_is_ignored_is_refused_in_one_sentence():
    recipe = small("sn_cnn")
    with pytest.raises(
        ValueError,
        match=r"upsample is read only where architecture is one of "
        r"sagan, sresnet; it is sn_cnn",
    ):
        refuse_ignored(recipe, ["upsample", "g_filters"])
    with pytest.raises(ValueError, match="lecam_decay is read only where lecam_weight is above"):
        refuse_ignored(recipe, ["lecam_decay"])
    refuse_ignored(dataclasses.replace(recipe, lecam_weight=0.3), ["lecam_decay"])
    with pytest.raises(ValueError, match="penalty_weight is read only where penalty is one of "):
        refuse_ignored(recipe, ["penalty_weight"])
    refuse_ignored(dataclasses.replace(recipe, penalty="r1"), ["penalty_weight"])
    # Labels come from the data: what depends on them waits until they are known.
    refuse_ignored(recipe, ["label_noise"])
    with pytest.raises(ValueError, match="label_noise is read only where label_kind"):
        refuse_ignored(recipe, ["label_noise"], unknown=())


def test_a_recipe_file_must_not_set_what_nothing_reads(monkeypatch):
    module = type("Module", (), {"RECIPE": small("sn_cnn", upsample="nearest")})
    monkeypatch.setattr(recipes.importlib, "import_module", lambda name: module)
    with pytest.raises(ValueError, match="Recipe sn_cnn: upsample is read only"):
        recipes.load("sngan_cnn")


def test_the_losses_that_can_be_smoothed_are_those_with_a_target():
    # Those of the papers that ask D for a 1: all but hinge and Wasserstein losses.
    expected = {"minimax", "non_saturating", "least_squares", "rsgan", "rasgan", "ralsgan"}
    assert set(losses.names_with_target()) == expected


# === Objective and training: one GAN on points, every field changed in turn ===

POINTS = {
    "architecture": "dense", "point_dim": 2, "g_filters": 8, "d_filters": 4, "latent_dim": 3,
    "g_norm": "none", "d_norm": "none", "g_weight_norm": "none", "d_weight_norm": "none",
    "batch_size": 8, "loss": "non_saturating", "penalty": "r1", "g_term": "mode_seeking",
    "d_steps": 1, "ema_decay": 0.2, "initializer": "glorot_uniform", "latent": "normal",
    "decay": "cosine", "decay_end": 4, "lecam_weight": 0.3, "lecam_start": 1,
}  # fmt: skip
STEPS = {
    "latent": "uniform",
    "loss": "least_squares",
    "penalty": "none",
    "penalty_weight": 3.0,
    "penalty_weight_end": 3.0,
    "penalty_every": 2,
    "lecam_weight": 0.0,
    "lecam_decay": 0.5,
    "lecam_start": 0,
    "g_orthogonal": 0.1,
    "d_orthogonal": 0.1,
    "weight_clip": 0.01,
    "label_smoothing": 0.2,
    "g_loss_weight": 0.5,
    "g_term": "none",
    "g_term_weight": 2.0,
    "batch_size": 6,
    "fakes_per_real": 2,
    "g_batch_factor": 2,
    "weight_decay": 0.1,
    "d_steps": 2,
    "optimizer": "sgd",
    "g_learning_rate": 1e-3,
    "d_learning_rate": 1e-3,
    "beta_1": 0.5,
    "beta_2": 0.99,
    "beta_2_end": 0.5,
    "decay": "linear",
    "decay_start": 1,
    "decay_end": 3,
    "decay_to": 0.5,
    "ema_decay": 0.1,
    "ema_half_life": 8,
}
# Read elsewhere, where a test of their own sees it.
ELSEWHERE = {
    "steps": "tests/training/test_run.py",
    "mirror": "tests/training/test_feed.py",
    "freeze_d": "tests/training/test_finetuning.py",
    "dequantize": "tests/models/test_gan_step.py",  # of pictures, which points are not
    "ema_statistics": "tests/models/test_gan_training.py",  # of batch norms, which these lack
    "label_noise": "tests/training/test_conditional.py",
    "micro_batches": "tests/models/test_gan_step.py",  # the same result, less memory
    "ema_ramp": "tests/models/test_averages.py",
    # Of pictures, which points are not.
    **dict.fromkeys(
        (
            "augment",
            "augment_ops",
            "augment_p",
            "augment_p_end",
            "augment_target",
            "augment_pictures",
        ),
        "tests/models/test_augmented.py",
    ),
    "decay_rate": "tests/models/test_gan_training.py",
    "decay_every": "tests/models/test_gan_training.py",
    "diversity_ratio": "tests/models/test_began.py",  # of a network that draws pictures
    "balance_rate": "tests/models/test_began.py",
    "d_classifier_weight": "tests/models/test_answers.py",  # of labels, which points lack
    "g_classifier_weight": "tests/models/test_answers.py",
    "hinge_margin": "tests/models/test_fastgan.py",  # of another loss
    "reconstruction_weight": "tests/models/test_fastgan.py",  # of a network that draws pictures
}


def trained(**changes) -> np.ndarray:
    """All variables of both networks and the average after two steps on the ring."""
    recipe = BigGANRecipe(name="points", **{**POINTS, **changes})
    gan = GAN(recipe, seed=0)
    feed = Feed(worlds.open_world("ring", 64), recipe, seed=0)
    for step in range(2):
        gan._step({name: ops.convert_to_tensor(x) for name, x in feed.batch(step).items()})
    return np.concatenate([value.ravel() for value in tiny.values(gan.variables)])


def test_the_tables_know_every_field_of_the_step():
    known = {o.name for o in fields.options(BigGANRecipe) if o.metadata["group"] not in GROUPS}
    assert known | set(STEP_ONLY) == set(STEPS) | set(ELSEWHERE)


def test_every_field_of_the_step_changes_it():
    before = trained()
    np.testing.assert_array_equal(before, trained())
    for name, value in STEPS.items():
        after = trained(**{name: value})
        assert after.shape != before.shape or np.abs(after - before).max() > 0, name


def test_what_another_augmentation_or_curve_does_not_read_goes_with_it():
    whole = recipes.load("r3gan")
    assert whole.augment_ops == "pixel,geometry,colour,cutout"
    by_hand = whole.changed(augment="diffaug", augment_p=1.0)
    by_count = whole.changed(augment="auto").for_pictures(100)
    for found in (by_hand, by_count):
        assert (found.augment, found.augment_ops) == ("diffaug", "")
    assert whole.changed(augment="diffaug", augment_ops="cutout").augment_ops == "cutout"
    assert whole.changed(batch_size=8).augment_ops == whole.augment_ops
    constant = whole.changed(decay="none")
    lasts = {"beta_2_end": 0.0, "penalty_weight_end": 0.0, "augment_p_end": 0.0}
    assert {name: getattr(constant, name) for name in lasts} == lasts
    assert whole.changed(decay="linear").penalty_weight_end == 0.2
    with pytest.raises(ValueError, match="augment ada with augment_p 0 changes nothing"):
        constant.check_training()
    constant.changed(augment_p=0.3).check_training()
    with pytest.raises(ValueError, match=r"beta_2_end 0.99 needs a decay that ends: linear, cosin"):
        dataclasses.replace(whole, decay="exponential")


def test_r3gans_curves_are_those_of_the_authors_preset():
    """FFHQ-64 of their train.py: γ 2 to 0.2, p to 0.3, β2 0.9 to 0.99, half-life 500 000."""
    recipe = recipes.load("r3gan")
    assert (recipe.penalty_weight, recipe.penalty_weight_end) == (2.0, 0.2)
    assert (recipe.augment_p, recipe.augment_p_end, recipe.augment_target) == (0.0, 0.3, 0.0)
    assert (recipe.beta_1, recipe.beta_2, recipe.beta_2_end) == (0.0, 0.9, 0.99)
    assert (recipe.g_learning_rate, recipe.decay_to, recipe.ema_half_life) == (2e-4, 0.25, 500_000)
