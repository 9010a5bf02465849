import dataclasses
import subprocess
import sys
import types

import numpy as np
import pytest

from models import generator_terms, losses, recipes, systems
from models.systems import recipe_of
from models.systems.gan.points import on_points
from models.systems.gan.recipe import RETIRED_FIELDS, GANRecipe


def test_the_records_of_the_notes():
    changes = {
        "SAGAN_V2": {"latent": "uniform", "ema_decay": 0.0},
        "SAGAN_V3": {"ema_decay": 0.0},
        "SAGAN_V4": {"upsample": "nearest", "batch_size": 128, "ema_decay": 0.0},
        "SAGAN_V5": {
            "decay": "exponential",
            "decay_start": 50_000,
            "decay_rate": 0.99,
            "decay_every": 100,
        },
        "SAGAN_V6": {},
        "sagan": {},
    }
    for name, change in changes.items():
        recipe = recipes.load(name)
        assert recipe.name == name
        expected = dataclasses.replace(
            GANRecipe(name=name), **change, steps=100_000 if name == "SAGAN_V5" else 50_000
        )
        assert recipe == expected


def test_defaults_are_the_notes():
    recipe = GANRecipe(name="x")
    assert (recipe.resolution, recipe.g_filters, recipe.d_filters) == (128, 1024, 64)
    assert (recipe.latent, recipe.latent_dim) == ("truncated_normal", 128)
    assert (recipe.g_learning_rate, recipe.d_learning_rate) == (1e-4, 4e-4)
    assert (recipe.beta_1, recipe.beta_2, recipe.batch_size) == (0.0, 0.9, 64)
    assert (recipe.ema_decay, recipe.loss, recipe.d_steps) == (0.995, "hinge", 1)


def test_every_recipe_loads_and_says_where_it_comes_from():
    for name in recipes.names():
        assert recipes.load(name).name == name
        assert recipes.load(name.upper()) == recipes.load(name.lower())
        told = recipes.describe(name)
        for word in ("Source: ", "Command: python train", "un time", "xpect"):
            assert word in told, (name, word)


def test_recipes_are_read_without_waiting_for_keras():
    code = (
        "import sys; from models import recipes; "
        "[recipes.load(name) for name in recipes.names()]; "
        "assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_recipe_names_its_system():
    of = {name: recipes.load(name).to_dict()["system"] for name in recipes.names()}
    assert of["sagan"] == of["wgan_gp"] == "gan"
    assert {n for n, s in of.items() if s == "biggan"} == {n for n in of if "biggan" in n.lower()}


def test_a_system_is_the_class_that_its_own_file_defines():
    """Not one that the file imports, nor a helper beside it."""
    module = types.ModuleType("models.systems.own.recipe")
    module.Another = GANRecipe  # imported
    module.Helper = type("Helper", (), {"__module__": module.__name__})
    module.Mine = type("Mine", (GANRecipe,), {"__module__": module.__name__})
    assert systems._own(module, "phases") is module.Mine


def test_only_mode_seeking_keeps_the_halves_of_a_batch_together():
    names = {name for name in recipes.names() if recipes.load(name).compares_halves}
    assert names == {"msgan"}


def test_a_recipe_from_before_there_were_systems():
    for name in ("SAGAN_V5", "BIGGAN_V1", "biggan_cpu"):
        recipe = recipes.load(name)
        values = recipe.to_dict()
        assert values.pop("system") == ("gan" if name == "SAGAN_V5" else "biggan")
        assert recipe_of({"shared_embedding": 128, **values}) == recipe
    with pytest.raises(ValueError, match=r"There is no system 'bigan'\. Did you mean 'biggan'"):
        recipe_of({**values, "system": "bigan"})


def test_unknown_recipe_names_the_nearest_and_the_known():
    with pytest.raises(ValueError, match=r"'sgan'.*Did you mean.*Known: .*SAGAN_V6"):
        recipes.load("sgan")


def test_round_trip():
    recipe = recipes.load("SAGAN_V5")
    assert recipe_of(recipe.to_dict()) == recipe


def test_a_recipe_from_before_there_were_kinds_of_decay():
    values = recipes.load("SAGAN_V5").to_dict()
    del values["decay"]
    assert recipe_of(values) == recipes.load("SAGAN_V5")
    assert recipe_of({"name": "x", "decay_start": 0}).decay == "none"


def test_what_needs_real_pictures_in_the_generators_step_is_known():
    able = {**losses.LOSSES, **generator_terms.TERMS}
    assert {name for name, each in able.items() if each.needs_real} == {
        "rsgan", "rasgan", "ralsgan", "rahinge", "feature_matching",
    }  # fmt: skip


def test_fields_of_earlier_versions_are_dropped():
    recipe = recipes.load("BIGGAN_V1")
    assert recipe_of({**recipe.to_dict(), "g_first_filters": 512}) == recipe
    assert not set(RETIRED_FIELDS) & {field.name for field in dataclasses.fields(GANRecipe)}


def test_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="'learning_rate'"):
        recipe_of({"name": "x", "learning_rate": 1})
    with pytest.raises(ValueError, match="Did you mean 'batch_size'"):
        recipe_of({"name": "x", "batchsize": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": 100}, "power of two, such as 64 or 128, not 100"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
        ({"batch_size": 6, "micro_batches": 4}, "6 cannot be split into 4"),
        ({"upsample": "cubic"}, "unknown upsample 'cubic', known: transposed, nearest, subpixel"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"g_learning_rate": 0.0}, "above 0"),
        ({"label_kind": "classes"}, "num_labels 0"),
        ({"name": "two\nlines"}, r"name of a recipe must be one line, not 'two\\nlines'"),
        ({"name": "\x1b[31m"}, "must be one line, not"),
        ({"d_steps": -1}, "at least 1, not -1"),
        ({"g_batch_factor": 0}, "g_batch_factor must be a whole number of at least 1"),
        ({"fakes_per_real": 0}, "fakes_per_real must be a whole number of at least 1"),
        ({"g_batch_factor": 2, "loss": "rasgan"}, "g_batch_factor must be 1: rasgan compares"),
        ({"fakes_per_real": 2, "g_term": "feature_matching"}, "fakes_per_real must be 1: feature"),
        ({"fakes_per_real": 2, "penalty": "gradient"}, "fakes_per_real must be 1: penalty"),
        ({"decay_start": 10}, "decay_start 10 needs a decay: exponential, linear, cosine"),
        ({"decay": "linear", "decay_start": 50_000}, "no steps for the linear decay"),
        ({"decay": "cosine", "decay_start": 50_000}, "no steps for the cosine decay"),
        (
            {"decay": "cosine", "decay_start": 20, "decay_end": 20},
            "decay_end 20 does not lie after decay_start 20",
        ),
        ({"ema_ramp": 0.05}, "ema_ramp 0.05 needs an ema_half_life"),
        ({"ema_half_life": -1}, "ema_half_life must be a whole number of at least 0"),
        ({"penalty_every": 0}, "penalty_every must be a whole number of at least 1"),
        ({"beta_2_end": 1.0}, "beta_2_end must be at least 0 and below 1"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, not -1.0"),
        ({"residual_gain": 0.0}, "residual_gain must be above 0"),
        ({"architecture": "dense", "point_dim": 2, "dequantize": True}, "not for points"),
    ],
)
def test_invalid_values_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GANRecipe(name="x"), **change)


def test_on_points_the_objective_and_what_bounds_d_stay():
    recipe = on_points(recipes.load("srngan"), 2, width=16)
    assert (recipe.point_dim, recipe.g_filters, recipe.d_filters) == (2, 32, 16)
    assert (recipe.loss, recipe.d_weight_norm, recipe.d_steps) == ("hinge", "stable_rank", 5)


def test_a_phase_must_last_until_its_rates_fall():
    srgan = dataclasses.replace(
        recipes.load("srgan_cpu"), pixel_steps=60, late_steps=0, steps=100, decay="linear"
    )
    assert [srgan.schedule(n).end for n in range(2)] == [60, 100]  # each phase has its own curve
    late = dataclasses.replace(srgan, decay_start=60)
    with pytest.raises(ValueError, match="decay_start 60 leaves no steps for the linear decay in "):
        late.schedule(0)
    early = dataclasses.replace(srgan, decay_start=60, decay_end=70)
    assert (early.schedule(1).start, early.schedule(1).end) == (120, 130)


def test_both_of_a_pair_have_the_same_noisy_label():
    """R3GAN compares a fake with the real of its label."""
    recipe = GANRecipe(
        name="x", loss="rsgan", label_kind="classes", num_labels=9, label_noise=0.5, batch_size=64,
    )  # fmt: skip
    labels = np.zeros((64, 1), "int32")
    drawn = recipe.draw(np.random.default_rng(0), labels, None)
    assert 0.3 < (drawn["labels"] != 0).mean() < 0.6
    for column in range(2):
        np.testing.assert_array_equal(drawn["fake_labels"][:, column], drawn["labels"][:, 0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"penalty": "perturbed_gradient"}, "penalty_every 4 needs another penalty, or take 1"),
        ({"penalty": "r1"}, ""),
        ({"penalty": "r1", "d_norm": "batch"}, "penalty_every 4 needs d_norm none, or take 1"),
    ],
)
def test_what_a_lazy_penalty_may_not_ask_of_other_devices(changes, words):
    recipe = GANRecipe(name="x", **{"d_norm": "none", "penalty_every": 4, **changes})
    assert recipe.sometimes_together == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture": "fastgan", "reconstruction_weight": 1.0, "batch_size": 6,
          "micro_batches": 2}, "batch_size / micro_batches must be at least 4, not 3"),
        ({"loss": "rsgan", "g_term": "mode_seeking", "label_kind": "classes", "num_labels": 3},
         "g_term mode_seeking gives pictures of both halves the same labels, and loss rsgan"),
        ({"augment": "apa", "augment_target": 0.0}, "augment_p 1 replaces every real picture"),
    ],
)  # fmt: skip
def test_what_no_training_should_begin_with(changes, words):
    """Generators that were trained so before can be used."""
    recipe = GANRecipe(name="x", **changes)
    assert recipe_of(recipe.to_dict()) == recipe
    with pytest.raises(ValueError, match=words):
        recipe.check_training()


def test_an_older_recipes_target_of_no_adaptation():
    old = {"system": "gan", "name": "x", "augment_target": 0.0}
    assert recipe_of({**old, "augment": "none"}) == GANRecipe(name="x")
    assert recipe_of({**old, "augment": "ada"}).augment_target == 0.0


@pytest.mark.parametrize(
    ("recipe", "changes", "found"),
    [
        ("SAGAN_V6", {}, ()),
        ("SAGAN_V6", {"loss": "rsgan"}, ()),  # each real with one fake
        ("SAGAN_V6", {"loss": "rahinge"}, ("loss rahinge",)),
        ("began", {}, ("loss boundary_equilibrium",)),
        ("dragan", {}, ("penalty perturbed_gradient",)),
        (
            "SAGAN_V6",
            {"g_term": "mode_seeking", "lecam_weight": 0.3},
            ("LeCam", "g_term mode_seeking"),
        ),
        ("vae_cpu", {"sigma": 0.0}, ("the learned σ",)),
        ("vae_cpu", {"sigma": 0.5}, ()),
        ("dfc_vae_cpu", {}, ()),
    ],
)
def test_what_sees_micro_batches(recipe, changes, found):
    """docs/scaling.md has the list: of these, parts of a batch do not give the batch's gradient."""
    assert recipes.load(recipe).changed(**changes).read_batches == found
