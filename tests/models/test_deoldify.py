"""DeOldify: the source's networks, losses by hand, its phases, when the generator moves."""

import dataclasses
import math

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from layers import PixelShuffle, initializers
from layers.reparametrization import shared_kernels
from metrics import colour_space, lite0, pth, weights
from models import perceptual, pretrained, recipes
from models.networks import trained_parameters
from models.systems.deoldify import networks, rendering
from models.systems.deoldify.turns import DeOldify
from tests.models import backends, tiny, tiny_deoldify

pytestmark = pytest.mark.usefixtures("eagerly")

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
FLOATS = PICTURES / np.float32(127.5) - np.float32(1)
RESNET101 = 42_658_176  # as keras.io counts it, without its last layer


@pytest.fixture(scope="module")
def system():
    """Of the last phase, with both networks."""
    return DeOldify(tiny_deoldify.recipe(), seed=3, phase=4)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A cache of Keras with drawn weights of ResNet101; () → that network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    network = keras.applications.ResNet101(include_top=False, weights=None)
    network.save_weights(tmp_path / "models" / "resnet.weights.h5")
    monkeypatch.setitem(pretrained._FILES, "ResNet101", "models/resnet.weights.h5")
    return network


# === Networks ===


def test_the_sources_networks():
    """Added up by hand from DynamicUnetWide (factor 2, ResNet101) and custom_gan_critic (256)."""
    conv = lambda size, i, o, bias=1: size * size * i * o + bias * o  # noqa: E731
    attention = lambda c: 2 * c * (c // 8) + c * c + 1  # noqa: E731
    bare = lambda size, i, o: conv(size, i, o, 0) + 2 * o  # noqa: E731 - with batch norm

    def block(below, skip, filters):
        return bare(1, below, 4 * filters) + 2 * skip + bare(3, filters + skip, filters)

    decoder = (
        2 * 2048 + bare(3, 2048, 4096) + bare(3, 4096, 2048)
        + block(2048, 1024, 512) + block(512, 512, 512) + attention(512)
        + block(512, 256, 512) + block(512, 64, 256)
        + conv(1, 256, 1024) + 2 * conv(3, 257, 257) + conv(1, 257, 2)
    )  # fmt: skip
    critic = conv(4, 3, 256) + attention(512) + conv(3, 2048, 2048) + conv(4, 2048, 1, 0)
    for c in (256, 512, 1024):
        critic += conv(3, c, c) + conv(4, c, 2 * c)
    assert (decoder, critic) == (175_702_169, 94_555_649)
    recipe = recipes.load("deoldify").in_phase(0)
    with initializers.blank():
        generator = networks.generator(recipe, trained=False)
        trained = sum(math.prod(each.shape) for each in generator.trainable_variables)
        assert trained == decoder  # the encoder is frozen
        encoder = pretrained.encoder_layers("resnet101", generator)
        assert sum(layer.count_params() for layer in encoder) == RESNET101
        assert trained_parameters(networks.discriminator(recipes.load("deoldify"))) == critic


def test_the_luma_is_kept_and_colours_are_not_read(system):
    made = system.generator.predict_on_batch(FLOATS)
    np.testing.assert_allclose(colour_space.luma(made), colour_space.luma(FLOATS), atol=1e-5)
    grey = np.repeat(colour_space.luma(FLOATS)[..., None], 3, axis=-1)
    np.testing.assert_allclose(system.generator.predict_on_batch(grey), made, atol=1e-4)
    assert np.abs(colour_space.chroma(made)).max() > 1e-3


@pytest.mark.parametrize("side", [32, 96])
def test_a_network_of_another_size_has_the_same_weights(system, side):
    with initializers.blank():
        other = networks.generator(system.recipe, side, trained=False)
    assert other.output_shape == (None, side, side, 3)
    shapes = [v.shape for v in other.variables]
    assert shapes == [v.shape for v in system.generator.variables]


def test_where_norms_attention_and_blurs_are(system):
    found = system.generator.get_layer
    sides = [found(f"block_{number}").output.shape[1] for number in range(4)]
    assert sides == [4, 8, 16, 32]
    assert found("attention").output.shape[1] == 8  # an eighth
    assert found("block_3").output.shape[-1] == 4  # the last has half the channels
    names = [layer.name for layer in system.generator.layers]
    assert [n for n in names if n.endswith("_blur")] == [f"block_{n}_blur" for n in range(4)]
    discriminator = tiny_deoldify.recipe(d_blocks=2, d_filters=8, d_dropout=0.2)
    discriminator = networks.discriminator(discriminator)
    rates = [x.rate for x in discriminator.layers if type(x).__name__ == "ChannelDropout"]
    assert rates == [0.1, 0.2, 0.2]
    assert discriminator.get_layer("attention").output.shape[1:] == (16, 16, 16)
    assert discriminator.output_shape == (None, 5, 5, 1)
    assert discriminator.inputs[1].shape == (None, 8 + 8 + 16)


def test_a_new_decoder_has_no_checkerboard(system):
    """ICNR: the four pixels of a block are equal before the last kernels."""
    fresh = networks.generator(tiny_deoldify.recipe())
    inner = keras.Model(fresh.inputs, fresh.get_layer("last_up_shuffle").output)
    made = inner.predict_on_batch(FLOATS)
    for dy, dx in ((0, 1), (1, 0), (1, 1)):
        np.testing.assert_allclose(made[:, dy::2, dx::2], made[:, ::2, ::2], atol=1e-5)


# === Encoders ===


def test_every_shuffle_begins_with_four_equal_pixels():
    """ICNR: what becomes the four pixels of a square has the same kernel."""
    fresh = networks.generator(tiny_deoldify.recipe())
    kernels = [np.array(layer.kernel) for layer in fresh.layers
               if layer.name.endswith("_up") and hasattr(layer, "kernel")]  # fmt: skip
    assert len(kernels) >= 4
    for kernel in kernels:  # (1, 1, inputs, outputs), as pictures of one row
        made = np.array(PixelShuffle(2)(kernel))
        for dy, dx in ((0, 1), (1, 0), (1, 1)):
            np.testing.assert_array_equal(made[:, dy::2, dx::2], made[:, ::2, ::2])


def test_lite0_reads_as_the_network_that_measures(system):
    whole = lite0.build(pth.load(weights.lite0_path()), side=64)
    names = ["_blocks-1-expand_relu", "_blocks-11-expand_relu"]
    expected = keras.Model(whole.inputs, [whole.get_layer(n).output for n in names])
    ours = networks.generator(tiny_deoldify.recipe())
    ours = keras.Model(ours.inputs, [ours.get_layer(f"lite0{n}").output for n in names])
    levels = np.repeat((colour_space.luma(FLOATS)[..., None] + 1) * 127.5, 3, axis=-1)
    pairs = zip(ours.predict_on_batch(FLOATS), expected.predict_on_batch(levels), strict=True)
    for found, wanted in pairs:
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_lite0s_maps_are_its_last_of_each_size():
    maps = lite0.maps(keras.Input((64, 64, 3)))
    shapes = [each.shape[1:] for each in maps]
    assert shapes == [(32, 32, 16), (16, 16, 24), (8, 8, 40), (4, 4, 112), (2, 2, 320)]


@pytest.mark.thorough
def test_resnet101_takes_the_weights_that_keras_keeps(keras_home):
    recipe = tiny_deoldify.recipe(encoder="resnet101")
    network = networks.generator(recipe, 32)
    names = ["conv1_relu", "conv5_block3_out"]
    ours = keras.Model(network.inputs, [network.get_layer(n).output for n in names])
    theirs = keras.Model(keras_home.inputs, [keras_home.get_layer(n).output for n in names])
    x = FLOATS[:, :32, :32]
    levels = np.repeat((colour_space.luma(x)[..., None] + 1) * 127.5, 3, axis=-1)
    expected = theirs.predict_on_batch(keras.applications.resnet.preprocess_input(levels))
    for found, wanted in zip(ours.predict_on_batch(x), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
    sides = [each.shape[1] for each in pretrained.encode("resnet101", keras.Input((64, 64, 3)))]
    assert sides == [32, 16, 8, 4, 2]


def test_missing_weights_are_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    words = (
        r"resnet101 needs the weights of ResNet101 at .*applications.ResNet101.*; or choose lite0"
    )
    with pytest.raises(ValueError, match=words):
        DeOldify.check(recipes.load("deoldify"))


def test_the_encoder_learns_only_where_the_recipe_says():
    recipe = tiny_deoldify.recipe(train_encoder=True)
    learning = []
    for phase in range(len(recipe.phases())):
        generator = networks.generator(recipe.in_phase(phase))
        own = {id(v) for x in pretrained.encoder_layers("lite0", generator) for v in x.weights}
        trained = [v for v in generator.trainable_variables if id(v) in own]
        learning.append(len(trained) == len(own))
        assert len(trained) in (0, len(own))
    names = [phase.name for phase in recipe.phases()]
    assert names == ["decoder", "medium", "large", "medium_discriminator", "adversarial"]
    assert learning == [False, True, True, False, False]
    recipe = tiny_deoldify.recipe()
    assert [recipe.in_phase(n).frozen for n in range(5)] == [True] * 5


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


# === Any size ===


def test_a_picture_of_the_networks_size_is_its_output(system):
    made = system.colour(PICTURES)
    direct = system.ema_generator.predict_on_batch(FLOATS)
    assert np.abs(made - (direct + 1) * 127.5).max() <= 1


def test_larger_pictures_keep_their_luma_and_get_smooth_chroma(system, monkeypatch):
    picture = np.repeat(RNG.integers(60, 190, (150, 230, 1), dtype=np.uint8), 3, axis=-1)
    (made,) = rendering.rendered(system.ema_generator, [picture])
    assert made.shape == picture.shape
    assert np.abs(colour_space.luma(made) - picture[..., 0]).max() <= 1
    small = np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BILINEAR))
    chroma = colour_space.chroma(
        0.5 * (system.ema_generator.predict_on_batch(small[None] / np.float32(127.5) - 1) + 1)
    )[0]
    parts = [Image.fromarray(np.ascontiguousarray(chroma[..., index])) for index in range(2)]
    large = [each.resize((230, 150), Image.Resampling.BILINEAR) for each in parts]
    y = picture[..., 0] / np.float32(255)
    expected = colour_space.coloured(y, np.stack([np.asarray(x) for x in large], axis=-1))
    assert np.abs(made - 255 * expected).max() <= 0.6
    monkeypatch.setattr(rendering, "_ROWS", 7)  # in parts it is the same
    (again,) = rendering.rendered(system.ema_generator, [picture])
    assert np.abs(again.astype(int) - made).max() <= 1
    assert rendering.rendered(system.ema_generator, []) == []


def test_the_average_colours_unless_the_network_in_training_is_asked_for():
    system = DeOldify(tiny_deoldify.recipe(), seed=1, phase=2)
    for variable in system.generator.trainable_variables:
        variable.assign(np.array(variable) * 1.5)
    averaged, raw = (system.colour(PICTURES, ema=ema) for ema in (True, False))
    assert (averaged != raw).any()
    expected = (system.generator.predict_on_batch(FLOATS) + 1) * 127.5
    assert np.abs(raw - expected).max() <= 1


# === Backends ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_deoldify` finds: by backend."""
    return backends.results("tests.models.tiny_deoldify", tmp_path_factory)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_the_last_phase_changes_no_bit(backend, results):
    found = results(backend)
    whole = {name[6:]: value for name, value in found.items() if name.startswith("whole/")}
    assert len(whole) > 300
    for name, value in whole.items():
        np.testing.assert_array_equal(value, found[f"parts/{name}"], err_msg=name)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_what_is_kept_is_what_was_trained(backend, results):
    found = results(backend)
    np.testing.assert_allclose(found["read"], found["made"], atol=1e-5)
    assert found["kept"].shape == (2, 48, 80, 3)
    np.testing.assert_array_equal(found["moves"], 0)


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == 2 * 2 + 1 + 2 * 5
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=3e-3, atol=1e-3, err_msg=name)
