"""CycleGAN's networks against torch, its turns and losses by hand, its pool against a list."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from layers import initializers
from models import autodiff, recipes
from models.systems.cyclegan import networks, pool
from models.systems.cyclegan.turns import CycleGAN
from tests.models import tiny, tiny_cyclegan

GOLDEN = np.load(Path(__file__).parent / "golden" / "cyclegan.npz")


# === Networks ===


def test_parameters_are_the_authors():
    """11,378,179 and 2,764,737: their networks, with the biases before norms, which do nothing."""
    recipe = recipes.load("cyclegan")
    with initializers.blank():
        assert networks.generator(recipe, "g").count_params() == 11_378_179
        judge = networks.discriminator(recipe, "d")
    assert judge.count_params() == 2_764_737
    assert judge.output_shape == (None, 30, 30, 1)


def with_golden_weights(name):
    recipe = tiny_cyclegan.recipe(resolution=32, blocks=2, d_layers=2)
    network = getattr(networks, name)(recipe, name)
    stored = [GOLDEN[f"{name}/weight_{n}"] for n in range(len(network.trainable_variables))]
    for variable, value in zip(network.trainable_variables, stored, strict=True):
        # torch: (out, in, h, w), transposed convolutions (in, out, h, w); Keras: (h, w, out, in).
        variable.assign(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value)
    return network


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_networks_are_those_that_torch_builds(name):
    network = with_golden_weights(name)
    to_keras = lambda x: ops.convert_to_tensor(x.transpose(0, 2, 3, 1).astype("float32"))  # noqa: E731
    pictures = to_keras(GOLDEN[f"{name}/pictures"])
    made = ops.convert_to_numpy(network(pictures, training=True))
    np.testing.assert_allclose(made, to_keras(GOLDEN[f"{name}/made"]), atol=2e-5)
    target = to_keras(GOLDEN[f"{name}/target"])
    gradient = autodiff.input_gradient(
        lambda x: network(x, training=True) * target, pictures, network.variables
    )
    expected = ops.convert_to_numpy(to_keras(GOLDEN[f"{name}/gradient"]))
    error = np.abs(ops.convert_to_numpy(gradient) - expected).max()
    assert error < 1e-4 * np.abs(expected).max()


def test_a_residual_generator_changes_its_picture_by_the_last_maps():
    """By hand: t > 0 goes that share of the way to 1, t < 0 to -1; the networks are else the same.

    Maps of ±∞ give pure 1 and -1, maps of 0 the picture itself.
    """
    recipe = tiny_cyclegan.recipe()
    residual = tiny_cyclegan.recipe(residual=True)
    plain, changing = (networks.generator(each, "g") for each in (recipe, residual))
    assert plain.count_params() == changing.count_params()
    weights = [12.0 * value for value in tiny.values(plain.variables)]
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    for network in (plain, changing):
        for variable, value in zip(network.variables, weights, strict=True):
            variable.assign(value)
    t, found = (ops.convert_to_numpy(network(x)).astype("float64") for network in (plain, changing))
    assert t.min() < -0.1
    assert t.max() > 0.1
    np.testing.assert_allclose(found, np.where(t > 0, x + t * (1 - x), x + t * (1 + x)), atol=1e-6)
    kernel, bias = changing.get_layer("to_image").variables
    kernel.assign(np.zeros(kernel.shape))
    for value, expected in ((0.0, x), (99.0, np.ones_like(x)), (-99.0, -np.ones_like(x))):
        bias.assign(np.full(3, value))
        np.testing.assert_allclose(ops.convert_to_numpy(changing(x)), expected, atol=1e-6)


def test_kernels_begin_normal_and_biases_at_zero():
    system = CycleGAN(tiny_cyclegan.recipe(g_filters=16), seed=1)
    kernels = [v for v in tiny.values(system.a_to_b.variables) if v.ndim == 4]
    assert np.std(np.concatenate([each.ravel() for each in kernels])) == pytest.approx(
        0.02, rel=0.02
    )
    assert not any(v.any() for v in tiny.values(system.a_to_b.variables) if v.ndim == 1)
    first, second = (tiny.values(each.variables)[0] for each in (system.a_to_b, system.b_to_a))
    assert not np.array_equal(first, second)


def test_a_deep_discriminator_needs_room():
    with pytest.raises(ValueError, match="d_layers 3 needs a resolution of at least 32, not 16"):
        tiny_cyclegan.recipe(d_layers=3)


# === Turns ===


def sizes(x, y=0.0):
    return np.mean(np.abs(np.asarray(x, "float64") - y))


def squares(x, y):
    return np.mean((np.asarray(x, "float64") - y) ** 2)


@pytest.mark.parametrize("micro_batches", [1, 2])
def test_all_losses_are_those_of_the_networks_before_the_step(micro_batches):
    """The discriminators judge fakes of before the generators' update, who face them as they were.

    By hand: LSGAN without a factor 1/2, halved for D; L1; sums over both directions.
    """
    system = CycleGAN(tiny_cyclegan.recipe(pool=0, micro_batches=micro_batches), seed=3)
    x = tiny_cyclegan.batch(system.recipe, 0)
    a, b = (x[name][:, 0] / 127.5 - 1 for name in ("a", "b"))
    run = lambda name, x: ops.convert_to_numpy(getattr(system, name)(x, training=True))  # noqa: E731
    fake_a, fake_b = run("b_to_a", b), run("a_to_b", a)
    expected = {
        "g_loss": squares(run("d_a", fake_a), 1) + squares(run("d_b", fake_b), 1),
        "cycle": sizes(run("b_to_a", fake_b), a) + sizes(run("a_to_b", fake_a), b),
        "identity": sizes(run("b_to_a", a), a) + sizes(run("a_to_b", b), b),
        "d_a_loss": 0.5 * (squares(run("d_a", a), 1) + squares(run("d_a", fake_a), 0)),
        "d_b_loss": 0.5 * (squares(run("d_b", b), 1) + squares(run("d_b", fake_b), 0)),
    }
    expected["d_loss"] = expected["d_a_loss"] + expected["d_b_loss"]
    before = {name: tiny.values(system.networks[name].variables) for name in system.network_names}
    logs = tiny_cyclegan.step(system, 0)
    assert logs == pytest.approx(expected, rel=1e-4)
    for name, values in before.items():  # every kernel of all four has moved
        after = tiny.values(system.networks[name].variables)
        pairs = zip(values, after, strict=True)
        assert all((old != new).any() for old, new in pairs if old.ndim == 4), name


def test_the_weights_of_the_terms():
    """The generators' loss is linear in λ and in the identity weight; 0 leaves its passes out."""
    x = {n: ops.convert_to_tensor(v[:, 0])
         for n, v in tiny_cyclegan.batch(tiny_cyclegan.recipe(), 0).items()}  # fmt: skip

    def loss(**weights):
        return CycleGAN(tiny_cyclegan.recipe(**weights), seed=3)._generators_loss(x, ())

    total, logs = loss(cycle_weight=7.0, identity_weight=3.0)
    by_hand = float(logs["g_loss"]) + 7 * float(logs["cycle"]) + 3 * float(logs["identity"])
    assert float(total) == pytest.approx(by_hand, rel=1e-5)
    total, logs = loss(cycle_weight=7.0, identity_weight=0.0)
    assert set(logs) == {"g_loss", "cycle"}
    assert float(total) == pytest.approx(float(logs["g_loss"]) + 7 * float(logs["cycle"]), rel=1e-5)


def test_one_optimizer_moves_both_networks_of_a_kind():
    system = CycleGAN(tiny_cyclegan.recipe())
    players = system.players()
    assert [list(each.networks) for each in players.values()] == [
        [system.a_to_b, system.b_to_a], [system.d_a, system.d_b],
    ]  # fmt: skip
    assert list(system.optimizer.parts) == ["generators", "discriminators"]


def test_the_rate_falls_to_nothing_over_the_second_half():
    recipe = recipes.load("cyclegan")
    assert (recipe.steps, recipe.decay_start, recipe.decay) == (266_800, 133_400, "linear")
    assert (recipe.learning_rate, recipe.beta_1, recipe.batch_size) == (2e-4, 0.5, 1)
    system = CycleGAN(tiny_cyclegan.recipe(steps=8, decay_start=4, learning_rate=2e-4))
    rates = []
    for done in (0, 4, 6, 8):
        system.steps_done.assign(done)
        rates.append(float(system.optimizer_of("generators").learning_rate))
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 0.0])


# === Pool ===


class Listed:
    """The rule in plain Python, from its description (Zhu et al. 2017, section 4)."""

    def __init__(self, size):
        self.size, self.kept = size, []

    def show(self, made, places, chances):
        shown = []
        for new, place, chance in zip(made, places, chances, strict=True):
            if len(self.kept) < self.size:
                self.kept.append(new)
                shown.append(new)
            elif chance > 0.5:
                shown.append(self.kept[place])
                self.kept[place] = new
            else:
                shown.append(new)
        return np.stack(shown)


@pytest.mark.parametrize(("size", "count"), [(5, 3), (2, 4), (3, 1)])
def test_the_pool_follows_the_rule(size, count):
    rng = np.random.default_rng(0)
    listed = Listed(size)
    kept = np.zeros((size, 2, 2, 3), "float32")
    swaps = 0
    for step in range(12):
        made = rng.normal(size=(count, 2, 2, 3)).astype("float32")
        places = rng.integers(size, size=count).astype("int32")
        chances = rng.random(count).astype("float32")
        expected = listed.show(made, places, chances)
        shown, kept = pool.swap(*map(ops.convert_to_tensor, (kept, made, places, chances)),
                                ops.convert_to_tensor(step * count))  # fmt: skip
        np.testing.assert_array_equal(ops.convert_to_numpy(shown), expected)
        full = np.stack(listed.kept)
        np.testing.assert_array_equal(ops.convert_to_numpy(kept)[: len(full)], full)
        swaps += int((expected != made).any(axis=(1, 2, 3)).sum())
    assert swaps > 2


def test_the_pools_of_a_training_follow_the_rule():
    """Each domain's own fakes and numbers, in the order of the rows, also in micro-batches."""
    system = CycleGAN(tiny_cyclegan.recipe(batch_size=4, micro_batches=2), seed=3)
    listed = {domain: Listed(3) for domain in ("a", "b")}
    for seed in range(4):
        x = tiny_cyclegan.batch(system.recipe, seed)
        fakes = {
            domain: getattr(system, network)(x[other][:, 0] / 127.5 - 1, training=True)
            for domain, other, network in (("a", "b", "b_to_a"), ("b", "a", "a_to_b"))
        }
        tiny_cyclegan.step(system, seed)
        for domain, made in fakes.items():
            drawn = (x[f"{name}_{domain}"][:, 0] for name in ("place", "chance"))
            listed[domain].show(ops.convert_to_numpy(made), *drawn)
            kept = ops.convert_to_numpy(system.pools[domain])
            np.testing.assert_allclose(kept, np.stack(listed[domain].kept), atol=1e-5)


def test_what_a_step_draws():
    recipe = tiny_cyclegan.recipe(batch_size=64, pool=50)
    draw = lambda seed: recipe.draw(np.random.default_rng(seed), None, None)  # noqa: E731
    drawn = draw(0)
    assert drawn["row"][:, 0].tolist() == list(range(64))
    assert {array.shape for array in drawn.values()} == {(64, 1)}
    for domain in ("a", "b"):
        places = np.concatenate([draw(seed)[f"place_{domain}"] for seed in range(9)])
        assert set(places.ravel()) == set(range(50))
    assert not np.array_equal(drawn["place_a"], drawn["place_b"])
    assert not np.array_equal(drawn["chance_a"], drawn["chance_b"])
    assert set(tiny_cyclegan.recipe(pool=0).draw(np.random.default_rng(0), None, None)) == {"row"}


# === What it tells of itself ===


class Part:
    def __init__(self, images):
        self.images = images


def two_domains(count=5):
    rng = np.random.default_rng(1)
    return {name: Part(rng.integers(0, 256, (count, 16, 16, 3)).astype("uint8")) for name in "ab"}


def test_a_preview_has_six_rows_of_fixed_pictures():
    system, data = CycleGAN(tiny_cyclegan.recipe(), seed=3), two_domains()
    shown = system.preview(data, np.random.default_rng(0), rows=2, columns=3)
    drawn = shown.draw(system)
    assert (drawn.shape, shown.columns) == ((18, 16, 16, 3), 3)
    a, fake_b, back_a, b, fake_a, back_b = drawn.reshape(6, 3, 16, 16, 3)
    for rows, part in ((a, data["a"]), (b, data["b"])):
        pixels = np.rint((rows + 1) * 127.5).astype(int)
        assert all((each == part.images).all(axis=(1, 2, 3)).sum() == 1 for each in pixels)
    ran = [system.ema_a_to_b(a), system.ema_b_to_a(fake_b), system.ema_b_to_a(b),
           system.ema_a_to_b(fake_a)]  # fmt: skip
    for found, expected in zip((fake_b, back_a, fake_a, back_b), ran, strict=True):
        np.testing.assert_allclose(found, ops.convert_to_numpy(expected), atol=1e-5)
    np.testing.assert_array_equal(shown.draw(system), drawn)


def test_what_is_judged_are_translations_of_a_against_b():
    system, data = CycleGAN(tiny_cyclegan.recipe(), seed=3), two_domains()
    judged = system.judged(data, np.random.default_rng(0), 5)
    assert judged.domain == "b"
    expected = ops.convert_to_numpy(system.ema_a_to_b(data["a"].images / 127.5 - 1))
    np.testing.assert_allclose(judged.draw(system), expected, atol=1e-5)


def test_outputs_name_both_ways():
    titles = {name: each.title.format(a="red hair", b="blue hair")
              for name, each in CycleGAN.outputs.items()}  # fmt: skip
    assert titles == {
        "translator": "red hair → blue hair", "translator_back": "blue hair → red hair",
    }  # fmt: skip
    system = CycleGAN(tiny_cyclegan.recipe())
    assert system.output("translator") is system.ema_a_to_b
    assert system.output("translator_back", averaged=False) is system.b_to_a


def test_pictures_of_another_size_are_refused():
    system = CycleGAN(tiny_cyclegan.recipe())
    with pytest.raises(ValueError, match=r"\('N', 16, 16, 3\), not \(2, 8, 8, 3\)"):
        system.translate(np.zeros((2, 8, 8, 3), "uint8"))


if keras.backend.backend() == "tensorflow":

    @pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
    def test_half_precision_trains_near_float32(precision):
        logs = [tiny_cyclegan.step(CycleGAN(tiny_cyclegan.recipe(), each, seed=3), 0)
                for each in ("float32", precision)]  # fmt: skip
        assert logs[1] == pytest.approx(logs[0], rel=0.05)
