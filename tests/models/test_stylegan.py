"""StyleGAN: the source's networks, a whole synthesis by hand, mixing, growth, the losses."""

import math

import numpy as np
import pytest
from keras import ops

from layers import initializers
from layers.reparametrization import shared_kernels
from models import recipes
from models.systems.stylegan import networks
from models.systems.stylegan.turns import StyleGAN
from tests.models import tiny, tiny_growing

RNG = np.random.default_rng(0)


def recipe(**changes):
    return tiny_growing.recipe("stylegan", **changes)


def grown(phase=2, **changes):
    """A StyleGAN of that phase whose noise weights and biases are not at their start."""
    system = StyleGAN(recipe(**changes), seed=3, phase=phase)
    for variable in system.synthesis.trainable_variables:
        if len(variable.shape) == 1:
            variable.assign(0.3 * RNG.standard_normal(variable.shape))
    return system


# === Networks ===


def all_parameters(make):
    """The numbers learned by the networks of all sizes, layers of the same name counted once."""
    known, sizes = recipes.load("stylegan"), {}
    for number, phase in enumerate(known.phases()):
        if phase.name.startswith("stable"):
            with initializers.blank():
                model = make(known.in_phase(number))
            sizes |= {v.path: math.prod(v.shape) for v in model.trainable_variables}
    return sum(sizes.values())


def test_the_sources_counts():
    """The authors' numbers, less a layer to and one from pictures of 4 px, which no phase uses."""
    assert all_parameters(networks.mapping) == 2_101_248
    assert all_parameters(networks.synthesis) == 24_118_379 - (512 * 3 + 3)
    assert all_parameters(networks.discriminator) == 23_087_249 - (3 * 512 + 512)


def test_the_sources_layers_and_rates():
    known = recipes.load("stylegan")
    phases = {phase.name: known.in_phase(n) for n, phase in enumerate(known.phases())}
    layers = [phases[f"stable_{side}"].layers for side in (8, 64, 1024)]
    assert layers == [4, 10, 18]
    rates = [phases[f"stable_{8 << n}"].rate for n in range(8)]
    assert rates == pytest.approx([1e-3] * 4 + [1.5e-3, 2e-3, 3e-3, 3e-3])
    assert phases["stable_8"].noise_size == 2 * 16 + 2 * 64
    assert next(iter(phases)) == "stable_8"
    pictures = sum(p.steps * p.changed["batch_size"] for p in known.phases())
    assert pictures == pytest.approx(25e6, rel=1e-3)


def test_where_norms_blurs_and_activations_are():
    tiny_one = recipe().in_phase(2)
    synthesis, discriminator = networks.synthesis(tiny_one), networks.discriminator(tiny_one)
    blurs = [x.name for x in synthesis.layers + discriminator.layers if "blur" in x.name]
    assert blurs == ["conv_8_1_blur", "conv_16_1_blur", "conv_16_2_blur", "conv_8_2_blur"]
    assert len([x for x in synthesis.layers if x.name.endswith("_norm")]) == 6
    assert synthesis.get_layer("conv_4_norm").epsilon == 1e-8
    assert synthesis.layers[-1].name == "to_image_16"  # no tanh
    assert not synthesis.get_layer("conv_8_1").use_bias
    assert synthesis.get_layer("conv_8_1").method == "nearest"
    order = [x.name for x in discriminator.layers]
    of_second = [order.index(n) for n in
                 ("conv_16_2_blur", "conv_16_2", "conv_16_2_activation")]  # fmt: skip
    assert of_second == sorted(of_second)
    mapping = networks.mapping(tiny_one)
    dense = [x for x in mapping.layers if x.name.startswith("mapping") and hasattr(x, "kernel")]
    assert [x.rate for x in dense] == [0.01] * 8
    assert np.array(dense[1].kernel).std() == pytest.approx(100, rel=0.4)
    assert dense[0].factor == pytest.approx(0.01 * math.sqrt(2 / 6))


def convolve(x, kernel):
    """A "same" convolution of odd size, spelled out."""
    size = kernel.shape[0]
    edge = size // 2
    padded = np.pad(x, [(0, 0), (edge, edge), (edge, edge), (0, 0)])
    height, width = x.shape[1:3]
    return sum(
        padded[:, i : i + height, j : j + width] @ kernel[i, j]
        for i in range(size)
        for j in range(size)
    )


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def test_a_whole_synthesis_by_hand():
    """Section 2 at 8 px in float64: noise, bias, leaky ReLU, norm, style; blur after doubling."""
    system = grown(phase=0)
    values = {v.path.removeprefix("synthesis/"): np.array(v, "float64")
              for v in system.synthesis.variables}  # fmt: skip
    styles = RNG.standard_normal((2, 4, 5))
    noise = RNG.standard_normal((2, 160))
    blur = np.outer([1, 2, 1], [1, 2, 1])[:, :, None, None] * np.eye(8) / 16

    def finished(x, name, number, start):
        side, channels = x.shape[1], x.shape[-1]
        own = noise[:, start : start + side**2].reshape(2, side, side, 1)
        x = leaky(x + own * values[f"{name}_noise/weight"] + values[f"{name}_bias/bias"])
        x = x - x.mean(axis=(1, 2), keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=(1, 2), keepdims=True) + 1e-8)
        style = styles[:, number] @ values[f"{name}_style/kernel"] / math.sqrt(5)
        style = style + values[f"{name}_style/bias"]
        return x * (1 + style[:, None, None, :channels]) + style[:, None, None, channels:]

    def kernel(name):
        path = name if name == "conv_4" or name.endswith("2") else f"{name}/conv"
        return values[f"{path}/kernel"] * math.sqrt(2 / (9 * 8))

    x = finished(np.repeat(values["constant/map"], 2, axis=0), "constant", 0, 0)
    x = finished(convolve(x, kernel("conv_4")), "conv_4", 1, 16)
    x = x.repeat(2, axis=1).repeat(2, axis=2)
    x = convolve(convolve(x, kernel("conv_8_1")), blur)
    x = finished(x, "conv_8_1", 2, 32)
    x = finished(convolve(x, kernel("conv_8_2")), "conv_8_2", 3, 96)
    x = convolve(x, values["to_image_8/kernel"] / math.sqrt(8)) + values["to_image_8/bias"]
    made = system.synthesis.predict_on_batch([styles.astype("float32"), noise.astype("float32")])
    np.testing.assert_allclose(made, x, atol=1e-4)


def test_the_generator_is_both_networks_with_noise_that_stays():
    system = grown()
    z = RNG.standard_normal((3, 6)).astype("float32")
    generator = system.output("generator", averaged=False)
    styles = system.mapping.predict_on_batch(z)
    noise = np.repeat(np.array(generator.get_layer("noise").values)[None], 3, axis=0)
    expected = system.synthesis.predict_on_batch([styles, noise])
    made, averaged = system.sample(z, ema=False), system.sample(z)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    np.testing.assert_allclose(system.sample(z, ema=False), made)
    # It follows the training, since it shares the weights.
    system.synthesis.get_layer("to_image_16").bias.assign([5.0, 5.0, 5.0])
    assert np.abs(system.sample(z, ema=False) - made).min() > 2
    np.testing.assert_allclose(system.sample(z), averaged, atol=1e-5)  # the average does not


def test_a_new_size_changes_nothing_at_first():
    old = grown(phase=0)
    new = StyleGAN(recipe(), seed=9, phase=1)
    new.take_over(old)
    z = RNG.standard_normal((4, 6)).astype("float32")
    noise = RNG.standard_normal((4, new.recipe.noise_size)).astype("float32")
    before = old.synthesis.predict_on_batch([old.mapping.predict_on_batch(z), noise[:, :160]])
    after = new.synthesis.predict_on_batch([new.mapping.predict_on_batch(z), noise])
    np.testing.assert_array_equal(after, before.repeat(2, axis=1).repeat(2, axis=2))
    pictures = RNG.uniform(-1, 1, (4, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        new.discriminator.predict_on_batch(pictures.repeat(2, axis=1).repeat(2, axis=2)),
        old.discriminator.predict_on_batch(pictures),
        atol=1e-6,
    )


def test_pictures_that_have_not_grown_up_are_shown_at_full_size():
    system = grown(phase=0)
    z = RNG.standard_normal((2, 6)).astype("float32")
    made = system.sample(z)
    assert made.shape == (2, 16, 16, 3)
    np.testing.assert_array_equal(made[:, ::2, ::2], made[:, 1::2, 1::2])
    assert system.output("generator") is system.output("generator")  # built once


# === Its random numbers ===


def test_cuts_are_one_for_a_batch_and_lie_between_two_layers():
    here = recipe(mixing=0.75).in_phase(2)
    rng, cuts = np.random.default_rng(5), []
    for _ in range(400):
        drawn = here.draw(rng, None, None)
        assert drawn["latents"].shape == (4, 2, 2, 6)
        assert drawn["noise"].shape == (4, 2, 672)
        assert (drawn["cut"] == drawn["cut"][:1]).all()
        cuts += drawn["cut"][0].tolist()
    counts = np.bincount(cuts, minlength=7)
    assert counts[0] == 0
    assert counts[6] / 800 == pytest.approx(0.25, abs=0.05)  # not mixed
    assert (counts[1:6] / 800 > 0.10).all()
    assert (counts[1:6] / 800 < 0.20).all()
    never = recipe(mixing=0.0).in_phase(2).draw(rng, None, None)
    assert (never["cut"] == 6).all()


def test_the_second_latent_takes_over_from_the_cut_on():
    system = grown()
    latents = RNG.standard_normal((3, 2, 6)).astype("float32")
    one, two = (system.mapping.predict_on_batch(latents[:, n]) for n in (0, 1))
    part = {"latents": ops.convert_to_tensor(latents)}
    for cut in (1, 4, 6):
        part["cut"] = ops.full((3,), cut, "int32")
        expected = np.concatenate([one[:, :cut], two[:, cut:]], axis=1)
        np.testing.assert_allclose(system._styles(part), expected, atol=1e-5)


# === Turns ===


def test_the_discriminators_loss_by_hand():
    """softplus(D(fake)) + softplus(-D(x)) + 7 / 2 ‖∇D(x)‖², the slope by finite differences."""
    system = grown(phase=0, penalty_weight=7.0, group=0)
    part = tiny.part(system.recipe)
    fake = system.fakes(part)
    with shared_kernels():
        loss, logs = system._discriminator_loss(part, (fake,))
    real = ops.convert_to_numpy(system.reals(part)).astype("float64")
    score = lambda x: system.discriminator.predict_on_batch(x.astype("float32")).astype("float64")  # noqa: E731
    slopes, step = np.zeros(real.shape), 1e-2
    for place in np.ndindex(real.shape[1:]):
        moved = [real.copy(), real.copy()]
        moved[0][(slice(None), *place)] += step
        moved[1][(slice(None), *place)] -= step
        slopes[(slice(None), *place)] = (score(moved[0]) - score(moved[1]))[:, 0] / (2 * step)
    penalty = 0.5 * (slopes**2).sum((1, 2, 3)).mean()
    softplus = lambda x: np.log1p(np.exp(x)).mean()  # noqa: E731
    plain = softplus(score(ops.convert_to_numpy(fake))) + softplus(-score(real))
    assert float(logs["penalty"]) == pytest.approx(penalty, rel=2e-2)
    assert float(logs["d_loss"]) == pytest.approx(plain, rel=1e-3)
    assert float(loss) == pytest.approx(plain + 7 * penalty, rel=2e-2)


def test_the_generators_turn_has_random_numbers_of_its_own():
    system = grown()
    drawn = tiny.drawn(system.recipe)
    batch = {name: ops.convert_to_tensor(array) for name, array in drawn.items()}
    part = system._for_generator(batch, 0)
    for name in ("latents", "cut", "noise"):
        np.testing.assert_array_equal(part[name], drawn[name][:, 1])
    loss, logs = system._generator_loss(part, ())
    score = ops.convert_to_numpy(system.discriminator(system.fakes(part), training=True))
    assert float(loss) == pytest.approx(np.log1p(np.exp(-score)).mean(), rel=1e-4)
    assert float(logs["alpha"]) == 1.0


def test_a_step_trains_mapping_and_synthesis_together_and_keeps_the_average_style():
    system = StyleGAN(recipe(), seed=3, phase=2)
    networks_now = {name: getattr(system, name) for name in system.network_names}
    before = {name: tiny.values(n.trainable_variables) for name, n in networks_now.items()}
    tiny_growing.fit(system, [0])
    for name, network in networks_now.items():
        now = tiny.values(network.trainable_variables)
        moved = [(old != new).any() for old, new in zip(before[name], now, strict=True)]
        assert np.mean(moved) > 0.9, name
    average = np.array(system.mapping.get_layer("styles").average)
    assert np.abs(average).min() > 0
    np.testing.assert_array_equal(system.ema_mapping.get_layer("styles").average, average)
    assert len(system.optimizer_of("generator").variables) > 2 * 8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolution": 8}, "resolution must be a whole number of at least 16, not 8"),
        ({"mixing": 1.5}, "mixing must be from 0 to 1, not 1.5"),
        ({"group": 3}, "which group 3 does not divide"),
        ({"steps": 5}, "steps 5 leave none at 16 px"),
        ({"average_decay": 1.0}, "average_decay must be .* below 1"),
        ({"style_dim": 0}, "style_dim must be a whole number of at least 1, not 0"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        recipe(**changes)
