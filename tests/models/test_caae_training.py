"""CAAE in training: losses by hand, its phases, what a step draws, every backend."""

import keras
import numpy as np
import pytest
from keras import ops

from models import perceptual
from models.systems.caae import networks
from models.systems.caae.turns import CAAE, total_variation
from tests.models import backends, tiny, tiny_caae

pytestmark = pytest.mark.usefixtures("eagerly")


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


# === On every backend ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_caae` finds: by backend."""
    return backends.results("tests.models.tiny_caae", tmp_path_factory)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_the_second_phase_changes_no_bit(backend, results):
    found = results(backend)
    tiny.assert_resumed_as_whole(found, 60)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert found["kept"].shape == (3, 32, 32, 3)


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == 2 * 2 + 2 * 6
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=2e-3, atol=1e-4, err_msg=name)
