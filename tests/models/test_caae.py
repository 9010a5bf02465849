"""CAAE: networks by the authors' counts, where the labels join, losses by hand, its phases."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from datasets import Labels
from layers import JoinLabel, initializers
from models import perceptual, recipes
from models.networks import trained_parameters
from models.systems.caae import labels as caae_labels
from models.systems.caae import networks
from models.systems.caae.turns import CAAE, total_variation
from tests.models import backends, tiny, tiny_caae

pytestmark = pytest.mark.usefixtures("eagerly")

# === Networks ===


def of_utkface(name):
    """The recipe with the ten ages, and the two sexes, of the authors' data."""
    recipe = recipes.load(name)
    labels = {"label_kind": "attributes", "num_labels": 12 if recipe.second_label else 10}
    return dataclasses.replace(recipe, ages=10, **labels)


def by_hand(second):
    """Added up from the authors' FaceAging.py, layer for layer."""
    conv = lambda i, o: 25 * i * o + o  # noqa: E731
    dense = lambda i, o: i * o + o  # noqa: E731
    encoder = sum(conv(i, o) for i, o in ((3, 64), (64, 128), (128, 256), (256, 512), (512, 1024)))
    encoder += dense(4 * 4 * 1024, 50)
    codes = 50 + 5 * 10 + (25 * 2 if second else 0)
    widths = (1024, 512, 256, 128, 64, 32, 16, 3)
    generator = dense(codes, 4 * 4 * 1024)
    generator += sum(conv(i, o) for i, o in itertools.pairwise(widths))
    d_code = dense(50, 64) + 64 + dense(64, 32) + 32 + dense(32, 16) + 16 + dense(16, 1)
    joined = 16 + 10 + (5 * 2 if second else 0)
    d_image = conv(3, 16) + 16 + conv(joined, 32) + 32 + conv(32, 64) + 64 + conv(64, 128) + 128
    d_image += dense(8 * 8 * 128, 1024) + dense(1024, 1)
    return encoder, generator, d_code, d_image


@pytest.mark.parametrize(("name", "counts"), [
    ("caae", (18_234_034, 19_128_995, 6_001, 8_669_137)),
    ("caae_g", (18_234_034, 19_948_195, 6_001, 8_677_137)),
    ("caae_gv", (18_234_034, 19_948_195, 6_001, 8_677_137)),
])  # fmt: skip
def test_the_authors_networks(name, counts):
    recipe = of_utkface(name)
    assert by_hand(bool(recipe.second_label)) == counts
    built = (networks.encoder, networks.generator, networks.code_discriminator,
             networks.image_discriminator)  # fmt: skip
    with initializers.blank():
        assert tuple(trained_parameters(build(recipe)) for build in built) == counts


def test_the_recipes_are_the_sources():
    """Ten epochs without discriminators, fifty with them, of 23 708 pictures in batches of 100."""
    for name in ("caae", "caae_g", "caae_gv"):
        recipe = recipes.load(name)
        assert [(each.name, each.steps) for each in recipe.phases()] == [
            ("warm-up", 10 * 237), ("adversarial", 50 * 237),
        ]  # fmt: skip
        assert (recipe.batch_size, recipe.learning_rate, recipe.beta_1) == (100, 2e-4, 0.5)
        assert (recipe.form, recipe.image_weight, recipe.code_weight) == ("released", 1e-4, 0.0)
        assert recipe.second_label == ("" if name == "caae" else "sex")
        assert bool(recipe.identity_weight) == (name == "caae_gv")


def test_where_norms_and_activations_are():
    recipe = tiny_caae.recipe()
    for build in (networks.encoder, networks.generator):
        network = build(recipe)
        assert not [each for each in network.layers if "norm" in each.name]
        assert network.layers[-1].activation is keras.activations.tanh
    for build, norms in ((networks.code_discriminator, 3), (networks.image_discriminator, 4)):
        found = [each for each in build(recipe).layers if each.name.endswith("norm")]
        assert len(found) == norms
        settings = {(each.scale, each.center, each.momentum, each.epsilon) for each in found}
        assert settings == {(False, True, 0.999, 1e-3)}


def test_the_label_is_repeated_to_about_the_length_of_the_code():
    """int(50 · 1 / 10) = 5 and int(50 / 2) = 25 times in the generator; once and 5 times in D."""
    recipe = of_utkface("caae_g")
    with initializers.blank():
        generator, judge = networks.generator(recipe), networks.image_discriminator(recipe)
    copies = lambda network: [  # noqa: E731
        (each.name, each.classes, each.copies)
        for each in network.layers if isinstance(each, JoinLabel)
    ]  # fmt: skip
    assert copies(generator) == [("join_age", 10, 5), ("join_sex", 2, 25)]
    assert copies(judge) == [("join_age", 10, 1), ("join_sex", 2, 5)]
    assert generator.get_layer("join_sex").output.shape[1] == 150
    half = networks.generator(tiny_caae.recipe(tile_ratio=0.6, latent_dim=10))
    assert copies(half) == [("join_age", 3, 2), ("join_sex", 2, 3)]
    few = networks.generator(tiny_caae.recipe(latent_dim=2))
    assert copies(few) == [("join_age", 3, 1), ("join_sex", 2, 1)]


def test_the_condition_joins_the_discriminator_after_its_first_convolution():
    network = networks.image_discriminator(tiny_caae.recipe())
    before = network.get_layer("conv_0_activation").output
    joined = network.get_layer("join_sex").output
    assert joined.shape[1:3] == before.shape[1:3]
    assert joined.shape[-1] == before.shape[-1] + 3 + 2
    inner = keras.Model(network.inputs, [before, joined])
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    maps, found = inner.predict_on_batch([pictures, np.array([2, 0]), np.array([1, 0])])
    np.testing.assert_array_equal(found[..., : maps.shape[-1]], maps)
    for row, signs in enumerate(([-1, -1, 1, -1, 1], [1, -1, -1, 1, -1])):
        everywhere = np.broadcast_to(signs, (8, 8, 5))
        np.testing.assert_array_equal(found[row, ..., maps.shape[-1] :], everywhere)


def test_the_ager_is_the_encoder_and_the_generator_in_one():
    system = CAAE(tiny_caae.recipe(initializer="he_normal"), seed=1)
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
    classes = [np.array([0, 2, 1], "int32"), np.array([1, 0, 1], "int32")]
    codes = system.encoder.predict_on_batch(pictures)
    assert codes.shape == (3, 6)
    expected = system.generator.predict_on_batch([codes, *classes])
    ager = networks.ager(system.encoder, system.generator)
    assert [each.name for each in ager.inputs] == ["images", "age", "sex"]
    np.testing.assert_allclose(ager.predict_on_batch([pictures, *classes]), expected, atol=1e-6)
    other = ager.predict_on_batch([pictures, classes[0][[1, 0, 2]], classes[1]])
    different = np.abs(other - expected).max(axis=(1, 2, 3))
    assert (different > 1e-3).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("initializer", "low", "high"), [("he_normal", 0.2, 3.0), ("normal", 0, 0.05)]
)
def test_he_kernels_keep_the_size_of_activations(initializer, low, high):
    """Which kernels of deviation 0.02 do not; the generator's strides and halved widths count."""
    recipe = tiny_caae.recipe(
        initializer=initializer, resolution=64, filters=8, g_filters=64, latent_dim=32
    )
    system = CAAE(recipe, seed=1)
    codes = np.random.default_rng(0).uniform(-1, 1, (8, 32)).astype("float32")
    classes = [np.arange(8) % 3, np.arange(8) % 2]
    x = system.generator
    inner = keras.Model(x.inputs, [x.get_layer("up_1").output, x.get_layer("to_image").output])
    first, last = (part.std() for part in inner.predict_on_batch([codes, *classes]))
    assert low < last / max(first, 1e-9) < high or initializer == "normal"
    assert low < last < high


# === Losses ===


def losses_of(system, part):
    """Codes, pictures and logits by the networks themselves, in float64."""
    run = lambda network, *x: ops.convert_to_numpy(  # noqa: E731
        network(
            ops.convert_to_tensor(x[0]) if len(x) == 1 else [*map(ops.convert_to_tensor, x)],
            training=True,
        )
    )
    x = ops.convert_to_numpy(part["images"]).astype("float32") / np.float32(127.5) - 1
    labels = [part[name] for name in system.recipe.conditions]
    codes = run(system.encoder, x)
    made = run(system.generator, codes, *labels)
    return run, x, labels, codes, made


def softplus(x):
    return np.mean(np.log1p(np.exp(x.astype("float64"))))


@pytest.mark.parametrize("second", [False, True])
def test_the_discriminators_loss_by_hand(second):
    """-log D(real) - log(1 - D(fake)) of both: the prior is real to D_z, E(x) fake."""
    system = CAAE(tiny_caae.recipe(second, initializer="he_normal"), seed=3, phase=1)
    part = {n: ops.convert_to_tensor(a[:, 0]) for n, a in tiny_caae.batch(system.recipe).items()}
    run, x, labels, codes, made = losses_of(system, part)
    d_z, d_img = system.code_discriminator, system.image_discriminator
    code = softplus(-run(d_z, part["prior"])) + softplus(run(d_z, codes))
    image = softplus(-run(d_img, x, *labels)) + softplus(run(d_img, made, *labels))
    loss, logs = system._discriminators_loss(part, system._codes_and_pictures(part))
    assert float(logs["d_code_loss"]) == pytest.approx(code, rel=1e-4)
    assert float(logs["d_image_loss"]) == pytest.approx(image, rel=1e-4)
    assert float(loss) == pytest.approx(code + image, rel=1e-4)


@pytest.mark.parametrize("form", ["released", "paper"])
def test_the_autoencoders_loss_by_hand(form):
    changes = {"form": form, "code_weight": 0.3, "image_weight": 0.2, "identity_weight": 0.7}
    if form == "paper":
        changes["variation_weight"] = 0.05
    recipe = tiny_caae.recipe(initializer="he_normal", resolution=32, **changes)
    system = CAAE(recipe, seed=3, phase=1)
    part = {n: ops.convert_to_tensor(a[:, 0]) for n, a in tiny_caae.batch(recipe).items()}
    run, x, labels, codes, made = losses_of(system, part)
    gap = made.astype("float64") - x
    error = np.mean(np.abs(gap)) if form == "released" else np.mean(gap**2)
    code = softplus(-run(system.code_discriminator, codes))
    image = softplus(-run(system.image_discriminator, made, *labels))
    maps = perceptual.content_map("lite0_block3", 32)
    identity = np.mean((np.asarray(maps(made)).astype("float64") - np.asarray(maps(x))) ** 2)
    total = error + 0.3 * code + 0.2 * image + 0.7 * identity
    if form == "paper":
        steps = np.square(np.diff(made.astype("float64"), axis=1)).sum()
        steps += np.square(np.diff(made.astype("float64"), axis=2)).sum()
        total += 0.05 * steps / 2 / 32 / len(made)
    loss, logs = system._autoencoder_loss(part, ())
    for name, value in {
        "error": error, "identity": identity, "code_loss": code, "image_loss": image,
    }.items():  # fmt: skip
        assert float(logs[name]) == pytest.approx(value, rel=1e-4), name
    assert float(loss) == pytest.approx(total, rel=1e-4)


def test_the_variation_of_a_picture_by_hand():
    """Steps of 1, 2 down and 3, 0 across: (1 + 4 + 9 + 0) / 2 / R."""
    x = np.array([[[0.0], [3.0]], [[1.0], [1.0]]])  # down 1 and -2, across 3 and 0
    both = np.stack([x, np.zeros_like(x)])
    assert float(total_variation(ops.convert_to_tensor(both))) == pytest.approx(14 / 2 / 2 / 2)


def test_as_released_nothing_listens_to_d_z():
    """Another D_z changes no weight of E and G; with a weight it does."""
    for weight, same in ((0.0, True), (0.5, False)):
        made = []
        for seed in (1, 2):
            recipe = tiny_caae.recipe(
                code_weight=weight, image_weight=0.0, warm_up=0, initializer="he_normal"
            )
            system = CAAE(recipe, seed=1)
            other = CAAE(recipe, seed=seed).code_discriminator.variables
            for mine, theirs in zip(system.code_discriminator.variables, other, strict=True):
                mine.assign(np.array(ops.convert_to_numpy(theirs)))
            before = tiny.values(system.code_discriminator.trainable_variables)
            tiny_caae.fit(system, [0])
            after = tiny.values(system.code_discriminator.trainable_variables)
            assert any((a != b).any() for a, b in zip(before, after, strict=True))  # D_z learns
            made.append(tiny.values(system.encoder.variables))
        equal = all((a == b).all() for a, b in zip(*made, strict=True))
        assert equal == same, weight


def test_only_the_own_turn_changes_a_network():
    system = CAAE(tiny_caae.recipe(warm_up=0, initializer="he_normal"), seed=1)
    batch = tiny_caae.batch(system.recipe)
    part = {n: ops.convert_to_tensor(a) for n, a in batch.items()}
    judges = (system.code_discriminator, system.image_discriminator)
    for index, networks_of in enumerate((judges, (system.encoder, system.generator))):
        before = {n: tiny.values(net.trainable_variables) for n, net in system.networks.items()}
        if keras.backend.backend() == "jax":
            pytest.skip("a turn alone runs in a step only")
        system._take(system._turns[index], part, 0)
        for name, network in system.networks.items():
            pairs = zip(before[name], tiny.values(network.trainable_variables), strict=True)
            changed = any((a != b).any() for a, b in pairs)
            assert changed == any(network is each for each in networks_of), name


# === Phases ===


def test_the_warm_up_has_no_discriminators():
    recipe = tiny_caae.recipe()
    first, second = CAAE(recipe, seed=1), CAAE(recipe, seed=1, phase=1)
    assert first.network_names == ("encoder", "generator")
    assert second.network_names == (
        "encoder", "generator", "code_discriminator", "image_discriminator",
    )  # fmt: skip
    assert set(tiny_caae.fit(first, [0])[0]) == {"error"}
    second.take_over(first)
    assert second.step == 1
    for name in ("encoder", "ema_generator"):
        both = (tiny.values(each.networks[name].variables) for each in (first, second))
        for before, after in zip(*both, strict=True):
            np.testing.assert_array_equal(before, after)
    (only,) = tiny_caae.recipe(warm_up=0).phases()
    assert (only.steps, only.changed) == (4, {"adversarial": True})


def test_the_average_ages_unless_the_networks_in_training_are_asked_for():
    system = CAAE(tiny_caae.recipe(initializer="he_normal", learning_rate=0.01), seed=1)
    tiny_caae.fit(system, [0, 1])
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    labels = tiny_caae.multi_hot(system.recipe, rng, (2,))
    inputs = [shown / np.float32(127.5) - 1, *system.recipe.classes(labels)]
    averaged, raw = (
        networks.ager(*parts).predict_on_batch(inputs)
        for parts in ((system.ema_encoder, system.ema_generator),
                      (system.encoder, system.generator))
    )  # fmt: skip
    assert not np.allclose(averaged, raw)
    np.testing.assert_allclose(system.age(shown, labels), averaged, atol=1e-6)
    np.testing.assert_allclose(system.age(shown, labels, ema=False), raw, atol=1e-6)
    # Built once, since each is traced anew; it follows the training all the same.
    ager = system.output("ager", averaged=False)
    assert system.output("ager", averaged=False) is ager
    assert system.output("ager") is not ager
    tiny_caae.fit(system, [2])
    now = networks.ager(system.encoder, system.generator).predict_on_batch(inputs)
    assert not np.allclose(now, raw)
    np.testing.assert_allclose(system.age(shown, labels, ema=False), now, atol=1e-6)


def test_what_a_step_draws():
    recipe = tiny_caae.recipe(batch_size=300)
    rng = np.random.default_rng(0)
    labels = tiny_caae.multi_hot(recipe, rng, (300, 1))
    drawn = recipe.draw(rng, labels, None)
    assert set(drawn) == {"age", "sex", "prior"}
    np.testing.assert_array_equal(drawn["age"], labels[..., :3].argmax(-1))
    np.testing.assert_array_equal(drawn["sex"], labels[..., 3:].argmax(-1))
    assert drawn["age"].dtype == drawn["sex"].dtype == np.int32
    prior = drawn["prior"]
    assert (prior.shape, prior.dtype) == ((300, 1, 6), np.float32)
    assert -1 <= prior.min() < -0.99 < 0.99 < prior.max() <= 1
    assert prior.var() == pytest.approx(1 / 3, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"form": "paper"}, "form paper lets the encoder play against D_z; give code_weight above"),
        ({"second_label": "Prior"}, "second_label cannot be 'Prior', which names another input"),
        ({"second_label": "codes"}, "second_label cannot be 'codes', which .* or a layer"),
        ({"warm_up": 4}, "warm_up 4 leaves no steps for the discriminators"),
        ({"form": "both"}, "unknown form 'both', known: released, paper"),
        ({"resolution": 8}, "resolution must be a whole number of at least 16"),
        ({"tile_ratio": 0.0}, "tile_ratio must be above 0"),
        ({"held_out": 1}, "held_out 1 keeps every picture out of training"),
        ({"variation_weight": -1.0}, "variation_weight must be at least 0"),
        ({"identity_weight": -1.0}, "identity_weight must be at least 0"),
        ({"batch_size": 1}, "batch_size must be a whole number of at least 2"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_caae.recipe(**changes)


# === Labels ===


def labels_of(kind, names, values, groups=()):
    return Labels(kind, tuple(names), np.asarray(values), dict(groups))


def test_ages_are_ordered_by_their_first_number():
    assert caae_labels.ordered(["10-19", "30+", "4 to 9"]) == ("4 to 9", "10-19", "30+")
    assert caae_labels.ordered(["adult", "child"]) == ("adult", "child")
    assert caae_labels.ordered(["age 10", "young"]) == ("age 10", "young")


def test_folders_are_taken_as_ages():
    found = caae_labels.taken(labels_of("classes", ["10-19", "4-9"], [1, 0, 0]))
    assert (found.kind, found.names) == ("attributes", ("4-9", "10-19"))
    assert found.groups == {"age": ("4-9", "10-19")}
    np.testing.assert_array_equal(found.values, [[1, 0], [0, 1], [0, 1]])


def test_the_labels_that_a_recipe_takes():
    values = np.array([[1, 0, 0, 1, 1, 0, 0], [0, 1, 1, 0, 0, 1, 0]], "float32")
    names = ("f", "m", "age 20", "age 3", "x", "y", "z")
    groups = {"sex": ("f", "m"), "age": ("age 20", "age 3"), "eyes": ("x", "y", "z")}
    labels = labels_of("attributes", names, values, groups)
    alone, mine = dataclasses.replace(recipes.load("caae")).with_labels(labels)
    assert mine.names == ("age 3", "age 20")
    assert (alone.ages, alone.num_labels, alone.conditions) == (2, 2, {"age": 2})
    np.testing.assert_array_equal(mine.values, [[1, 0], [0, 1]])
    recipe = dataclasses.replace(recipes.load("caae"), second_label="eyes")
    fitted, mine = recipe.with_labels(labels)
    assert fitted.conditions == {"age": 2, "eyes": 3}
    np.testing.assert_array_equal(mine.values, [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0]])
    assert mine.groups == {"age": ("age 3", "age 20"), "eyes": ("x", "y", "z")}


@pytest.mark.parametrize(
    ("labels", "second", "words"),
    [
        (labels_of("attributes", ["hat"], [[1.0]]), "", "have labels but no ages; give --labels"),
        (labels_of("classes", ["7"], [0]), "", "all pictures have the same age, '7'; two are need"),
        (labels_of("classes", ["7", "9"], [0, 1]), "sex", "no label 'sex': it has the age alone"),
        (labels_of("attributes", ["a", "b", "c"], [[1, 0, 1]],
                   {"age": ("a", "b"), "hat": ("c",)}), "sex", "no label 'sex': it has 'hat'"),
        (labels_of("attributes", ["a", "b", "c"], [[1, 0, 1]],
                   {"age": ("a", "b"), "hat": ("c",)}), "hat", "same hat, 'c'; two are needed"),
    ],
)  # fmt: skip
def test_labels_that_are_refused(labels, second, words):
    recipe = dataclasses.replace(recipes.load("caae"), second_label=second)
    with pytest.raises(ValueError, match=words):
        recipe.with_labels(labels)


# === On every backend ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_caae` finds: by backend."""
    return backends.results("tests.models.tiny_caae", tmp_path_factory)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_the_second_phase_changes_no_bit(backend, results):
    found = results(backend)
    whole = {name[6:]: value for name, value in found.items() if name.startswith("whole/")}
    assert len(whole) > 60
    for name, value in whole.items():
        np.testing.assert_array_equal(value, found[f"parts/{name}"], err_msg=name)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert found["kept"].shape == (3, 32, 32, 3)


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == 2 * 2 + 2 * 6
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=2e-3, atol=1e-4, err_msg=name)


def test_the_work_of_its_turns():
    """A forward pass is 1, a backward pass 2, or 1 where no kernel of that network moves."""
    alone = CAAE(tiny_caae.recipe(), seed=1).work()
    assert [turn.passes for turn in alone] == [{"encoder": 3, "generator": 3}]
    judges, maker = CAAE(tiny_caae.recipe(), seed=1, phase=1).work()
    # Reals and fakes through D, forwards and backwards; the fakes are made without a gradient.
    assert judges.passes == {"encoder": 1, "generator": 1, "image_discriminator": 6}
    assert maker.passes == {"encoder": 3, "generator": 3, "image_discriminator": 2}
    assert judges.kept == {"image_discriminator": 2}
    assert maker.kept == {"encoder": 1, "generator": 1, "image_discriminator": 1}
