"""DeOldify in training: its phases, losses by hand, when the generator moves, every backend."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from layers.reparametrization import shared_kernels
from metrics import lite0, pth, weights
from models import perceptual, recipes
from models.systems.deoldify.turns import DeOldify
from tests.models import backends, tiny, tiny_deoldify
from tests.models.tiny_deoldify import PICTURES

pytestmark = pytest.mark.usefixtures("eagerly")


# === Phases ===


def test_the_sources_phases():
    recipe = recipes.load("deoldify")
    found = []
    for number, phase in enumerate(recipe.phases()):
        now = recipe.in_phase(number)
        found.append((phase.name, phase.steps, now.side, now.learning_rate, now.d_learning_rate))
    assert found == [
        ("decoder", 72_000, 64, 1e-3, 1e-4),
        ("small", 72_000, 64, 3e-4, 1e-4),
        ("medium", 72_000, 128, 1e-4, 1e-4),
        ("large", 36_000, 256, 5e-5, 1e-4),
        ("medium_discriminator", 37_000, 128, 2e-5, 1e-3),
        ("large_discriminator", 24_500, 256, 2e-5, 1e-4),
        ("adversarial", 2_200, 256, 2e-5, 1e-4),
    ]
    last, first = recipe.in_phase(6), recipe.in_phase(0)
    assert (last.beta_1, last.beta_2, last.decay) == (0.0, 0.9, "none")
    assert (first.beta_1, first.beta_2, first.decay) == (0.9, 0.99, "linear")


def test_phases_without_steps_are_left_out():
    recipe = tiny_deoldify.recipe(decoder_steps=2, medium_steps=0, d_medium_steps=0)
    phases = [(each.name, each.steps) for each in recipe.phases()]
    assert phases == [("decoder", 2), ("large", 1), ("adversarial", 3)]
    assert recipe.in_phase(0).side == 64  # the decoder's pictures are the smallest that follow


def test_a_phase_has_its_networks_players_and_rates():
    recipe = tiny_deoldify.recipe()
    made = [DeOldify(recipe, phase=phase) for phase in (0, 3, 4)]
    both = ("generator", "discriminator")
    assert [each.network_names for each in made] == [("generator",), both, both]
    players = [tuple(each._players) for each in made]
    assert players == [("generator",), ("discriminator",), both]
    assert float(made[0].optimizer_of("generator").learning_rate) == pytest.approx(1e-3)
    assert float(made[1].optimizer_of("discriminator").learning_rate) == pytest.approx(1e-3)
    assert float(made[2].optimizer_of("generator").learning_rate) == pytest.approx(2e-5)
    assert float(made[2].optimizer_of("discriminator").learning_rate) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 4}, "steps 4 leave none for both networks; the phases before take 4"),
        ({"decoder_steps": 0, "medium_steps": 0, "large_steps": 0}, "are all 0; set one"),
        ({"small_steps": 1}, r"the phase decoder \(1 steps\) would train on pictures of 16 px"),
        (
            {"d_blocks": 3},
            r"medium_discriminator \(1 steps\) would .* of 32 px, and 64 is the leas",
        ),
        ({"d_blocks": 4, "d_medium_steps": 0}, "d_blocks 4 need a resolution of 128 or more"),
        ({"encoder": "resnet"}, "unknown encoder 'resnet', known: resnet101, lite0"),
        ({"d_dropout": 1.0}, "d_dropout must be at least 0 and below 1"),
        ({"held_out": 1}, "held_out 1 keeps every picture out of training"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_deoldify.recipe(**changes)


def test_rates_that_begin_to_fall_later_stay_in_the_last_phase():
    recipe = dataclasses.replace(recipes.load("deoldify_cpu"), decay_start=100)
    last = len(recipe.phases()) - 1
    assert recipe.in_phase(last).decay == "none"
    assert recipe.schedule(last).curve == "none"
    first, _ = recipe.phase_steps(0)
    assert recipe.schedule(0).start == first + 100


def test_dropout_draws_a_number_a_channel_for_real_and_fake():
    recipe = tiny_deoldify.recipe(batch_size=64, d_filters=4, d_blocks=1)
    found = recipe.draw(np.random.default_rng(0), None, None)["dropout"]
    assert found.shape == (64, 1, 2, 4 + 4)
    assert found.dtype == np.float32
    assert found.min() >= 0 < found.max() < 1
    assert abs(found.mean() - 0.5) < 0.05
    assert (found[:, 0, 0] != found[:, 0, 1]).all()


# === Turns ===


def test_pictures_are_shrunk_to_the_phases_size():
    system = DeOldify(tiny_deoldify.recipe(), phase=1)
    assert system.recipe.side == 32
    found = ops.convert_to_numpy(system._truth({"images": ops.convert_to_tensor(PICTURES)}))
    small = [Image.fromarray(each).resize((32, 32), Image.Resampling.BICUBIC) for each in PICTURES]
    levels = np.stack([np.asarray(each) for each in small])
    assert np.abs((found + 1) * 127.5 - levels).max() <= 2.01  # Pillow rounds twice


def test_features_by_hand():
    """Mean absolute differences of the pixels and of three maps of Lite0, each with its factor."""
    system = DeOldify(tiny_deoldify.recipe(maps_weight=0.7), seed=3, phase=2)
    part = tiny.part(system.recipe)
    truth = ops.convert_to_numpy(part["images"]) / np.float32(127.5) - np.float32(1)
    with shared_kernels():  # without a power iteration
        made = ops.convert_to_numpy(system.generator(truth, training=True))
        loss, logs = system._feature_loss(part, ())
    whole = lite0.build(pth.load(weights.lite0_path()), side=64)
    names = [f"_blocks-{n}-expand_relu" for n in (3, 5, 11)]
    network = keras.Model(whole.inputs, [whole.get_layer(n).output for n in names])
    both = [network.predict_on_batch((each + 1) * np.float32(127.5)) for each in (made, truth)]
    maps = [np.abs(ours.astype("float64") - theirs).mean() for ours, theirs in zip(*both)]  # noqa: B905
    expected = 0.47 * maps[0] + 0.60 * maps[1] + 0.94 * maps[2]
    pixels = np.abs(made.astype("float64") - truth).mean()
    assert float(logs["maps"]) == pytest.approx(expected, rel=1e-3)
    assert float(logs["pixels"]) == pytest.approx(pixels / 2, rel=1e-4)
    assert float(loss) == pytest.approx(pixels + 0.7 * expected, rel=1e-3)
    assert list(perceptual.DEEP_MAPS) == names


def test_the_game_by_hand():
    """Half the cross entropies for the judge, with dropout; for the generator without."""
    recipe = tiny_deoldify.recipe(adversarial_weight=0.4, feature_weight=0.3, d_dropout=0.5)
    system = DeOldify(recipe, seed=3, phase=4)
    part = tiny.part(system.recipe)
    numbers = [part["dropout"][:, index] for index in (0, 1)]

    def judge(pictures, uniform, training):
        logits = system.discriminator([pictures, uniform], training=training)
        return ops.convert_to_numpy(logits).astype("float64")

    with shared_kernels():  # without power iterations
        truth, fake = system._truth_and_fakes(part)
        as_used = system.generator(truth, training=False)
        real_logits, fake_logits = judge(truth, numbers[0], True), judge(fake, numbers[1], True)
        other = judge(truth, numbers[1], True)
        d_loss, _ = system._discriminator_loss(part, (truth, fake))
        made = system.generator(truth, training=True)
        fooled = np.log1p(np.exp(-judge(made, numbers[0], False))).mean()
        features, _ = system._feature_loss(part, ())
        g_loss, logs = system._generator_loss(part, ())
    np.testing.assert_allclose(ops.convert_to_numpy(fake), ops.convert_to_numpy(as_used), atol=1e-6)
    by_hand = np.log1p(np.exp(-real_logits)).mean() + np.log1p(np.exp(fake_logits)).mean()
    assert float(d_loss) == pytest.approx(by_hand / 2, rel=1e-4)
    assert not np.allclose(real_logits, other)
    assert float(logs["g_loss"]) == pytest.approx(fooled, rel=1e-4)
    assert float(g_loss) == pytest.approx(0.4 * fooled + 0.3 * float(features), rel=1e-3)


@pytest.mark.parametrize(("loss", "moves"), [(0.649, 1.0), (0.651, 0.0)])
def test_the_generator_moves_while_the_judge_is_good(loss, moves):
    system = DeOldify(tiny_deoldify.recipe(d_threshold=0.65), phase=4)
    logs = {"d_loss": ops.convert_to_tensor(np.float32(loss))}
    assert bool(system._is_fooled_seldom(logs)) == bool(moves)
    assert float(logs["g_moves"]) == moves


def test_a_turn_that_is_not_due_leaves_no_trace():
    """Weights, running statistics, moments: only the discriminator's change."""
    system = DeOldify(tiny_deoldify.recipe(d_threshold=1e-6), seed=3, phase=4)
    watched = [*system.generator.variables, *system.optimizer_of("generator").variables]
    before, judge = tiny.values(watched), tiny.values(system.discriminator.variables)
    (logs,) = tiny_deoldify.fit(system, [0])
    assert logs["g_moves"] == 0.0
    assert logs["pixels"] > 0
    vectors = {id(v) for v in watched if "singular_vector" in v.path}  # one iteration a step
    for variable, old, new in zip(watched, before, tiny.values(watched), strict=True):
        if id(variable) not in vectors:
            np.testing.assert_array_equal(new, old, err_msg=variable.path)
    after = tiny.values(system.discriminator.variables)
    assert any((old != new).any() for old, new in zip(judge, after, strict=True))
    moving = DeOldify(tiny_deoldify.recipe(), seed=3, phase=4)
    tiny_deoldify.fit(moving, [0])
    after = tiny.values([*moving.generator.variables, *moving.optimizer_of("generator").variables])
    assert sum((new != old).any() for old, new in zip(before, after, strict=True)) > 50


# === Backends: a minute each. tests/training/test_deoldify.py goes on with a run quickly ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_deoldify` finds: by backend."""
    return backends.results("tests.models.tiny_deoldify", tmp_path_factory)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_the_last_phase_changes_no_bit(backend, results):
    found = results(backend)
    tiny.assert_resumed_as_whole(found, 300)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", backends.EVERY)
def test_what_is_kept_is_what_was_trained(backend, results):
    found = results(backend)
    np.testing.assert_allclose(found["read"], found["made"], atol=1e-5)
    assert found["kept"].shape == (2, 48, 80, 3)
    np.testing.assert_array_equal(found["moves"], 0)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == 2 * 2 + 1 + 2 * 5
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=3e-3, atol=1e-3, err_msg=name)
