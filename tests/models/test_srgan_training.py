"""SRGAN in training: crops and copies by Pillow, losses by hand, its phases, every backend."""

import numpy as np
import pytest
from keras import ops
from PIL import Image

from models import perceptual
from models.resizing import crops, shrunk
from models.systems.srgan.turns import SRGAN
from tests.models import backends, tiny, tiny_srgan

pytestmark = pytest.mark.usefixtures("eagerly")
# === Crops and small copies ===


def test_crops_are_slices():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 9, 12, 3), dtype=np.uint8)
    top, left = np.array([0, 4, 5], "int32"), np.array([8, 0, 3], "int32")
    found = ops.convert_to_numpy(crops(ops.convert_to_tensor(pictures), top, left, 4))
    assert found.dtype == np.uint8
    for row, (y, x) in enumerate(zip(top, left, strict=True)):
        np.testing.assert_array_equal(found[row], pictures[row, y : y + 4, x : x + 4])


@pytest.mark.parametrize("factor", [2, 4])
def test_small_copies_are_pillows(factor):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3), dtype=np.uint8)
    found = ops.convert_to_numpy(shrunk(ops.cast(pictures, "float32") / 127.5 - 1.0, factor))
    size = (24 // factor, 16 // factor)
    expected = [Image.fromarray(each).resize(size, Image.Resampling.BICUBIC) for each in pictures]
    levels = (found + 1.0) * 127.5
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)  # whole levels, as in a file
    # Pillow rounds between its two passes as well.
    assert np.abs(levels - np.stack([np.asarray(each) for each in expected])).max() <= 1.01


def test_edges_that_overshoot_stay_black_and_white():
    """Bicubic leaves 0..255 beside an edge; a file cannot."""
    picture = np.zeros((1, 32, 32, 3), "uint8")
    picture[:, :, 13:] = 255
    found = ops.convert_to_numpy(shrunk(ops.cast(picture, "float32") / 127.5 - 1.0, 4))
    assert (found.min(), found.max()) == (-1.0, 1.0)
    expected = Image.fromarray(picture[0]).resize((8, 8), Image.Resampling.BICUBIC)
    assert np.abs((found[0] + 1.0) * 127.5 - np.asarray(expected)).max() <= 1.01


def test_crops_begin_everywhere_in_the_picture():
    recipe = tiny_srgan.recipe(batch_size=64)
    drawn = recipe.draw(np.random.default_rng(0), None, None)
    for name in ("top", "left"):
        assert drawn[name].shape == (64, 1)
        assert (drawn[name].min(), drawn[name].max()) == (0, 16)
    assert (drawn["top"] != drawn["left"]).any()


# === Turns ===


def parts_of(system, part):
    """The crops and their small copies, by NumPy and Pillow's matrix alone."""
    top, left = (ops.convert_to_numpy(part[name]) for name in ("top", "left"))
    images, side = ops.convert_to_numpy(part["images"]), system.recipe.crop
    large = np.stack([images[i, y : y + side, x : x + side]
                      for i, (y, x) in enumerate(zip(top, left, strict=True))])  # fmt: skip
    large = large.astype("float32") / np.float32(127.5) - 1
    return ops.convert_to_numpy(shrunk(ops.convert_to_tensor(large), system.recipe.scale)), large


def test_the_first_phase_minimises_the_squared_error():
    system = SRGAN(tiny_srgan.recipe(), seed=3)
    assert system.network_names == ("generator",)
    part = tiny.part(system.recipe)
    small, large = parts_of(system, part)
    made = ops.convert_to_numpy(system.generator(small, training=True))
    loss, logs = system._pixel_loss(part, ())
    error = np.mean((made.astype("float64") - large) ** 2)
    assert float(loss) == pytest.approx(error, rel=1e-5)
    assert float(logs["mse"]) == pytest.approx(error / 4, rel=1e-5)  # of numbers from 0 to 1


def test_the_second_phase_by_hand():
    """Equations 2 to 6: cross entropy; the weighed sum of content, pixels and -log D."""
    weights = {"content_weight": 0.7, "adversarial_weight": 0.02, "pixel_weight": 0.3}
    recipe = tiny_srgan.recipe(**weights)
    system = SRGAN(recipe, seed=3, phase=1)
    part = tiny.part(system.recipe)
    small, large = parts_of(system, part)
    run = lambda network, x: ops.convert_to_numpy(network(x, training=True)).astype("float64")  # noqa: E731
    made = ops.convert_to_numpy(system.generator(small, training=True))
    real, fake = run(system.discriminator, large), run(system.discriminator, made)
    d_loss, _ = system._discriminator_loss(part, system._truth_and_fakes(part))
    by_hand = np.mean(np.log1p(np.exp(-real))) + np.mean(np.log1p(np.exp(fake)))
    assert float(d_loss) == pytest.approx(by_hand, rel=1e-4)
    maps = perceptual.content_map("lite0_block1", recipe.crop)
    content = np.mean((np.asarray(maps(made)).astype("float64") - np.asarray(maps(large))) ** 2)
    fooled = np.mean(np.log1p(np.exp(-fake)))
    loss, logs = system._generator_loss(part, ())
    assert float(logs["content"]) == pytest.approx(content, rel=1e-4)
    assert float(logs["g_loss"]) == pytest.approx(fooled, rel=1e-4)
    pixels = np.mean((made.astype("float64") - large) ** 2)
    assert float(logs["mse"]) == pytest.approx(pixels / 4, rel=1e-4)
    total = 0.7 * content + 0.02 * fooled + 0.3 * pixels
    assert float(loss) == pytest.approx(total, rel=1e-4)


def test_phases_take_over_the_generator_and_its_average():
    first = SRGAN(tiny_srgan.recipe(), seed=1)
    tiny_srgan.fit(first, [0, 1])
    second = SRGAN(tiny_srgan.recipe(), seed=2, phase=1)
    second.take_over(first)
    for name in ("generator", "ema_generator"):
        before, after = (tiny.values(each.networks[name].variables) for each in (first, second))
        for mine, theirs in zip(before, after, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert second.step == 2
    assert float(second.optimizer_of("discriminator").learning_rate) == pytest.approx(1e-4)


def test_the_average_enlarges_unless_the_network_in_training_is_asked_for():
    system = SRGAN(tiny_srgan.recipe(), seed=1)
    tiny_srgan.fit(system, [0, 1])
    shown = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
    floats = shown / np.float32(127.5) - 1
    averaged, raw = (
        system.networks[name].predict_on_batch(floats) for name in ("ema_generator", "generator")
    )
    assert not np.allclose(averaged, raw)
    np.testing.assert_allclose(system.enlarge(shown), averaged, atol=1e-6)
    np.testing.assert_allclose(system.enlarge(shown, ema=False), raw, atol=1e-6)


def test_every_phase_has_its_own_rate():
    changes = {"pixel_rate": 3e-3, "learning_rate": 2e-4, "late_steps": 1, "steps": 5}
    recipe = tiny_srgan.recipe(**changes)
    assert [(each.name, each.steps) for each in recipe.phases()] == [
        ("pixels", 2), ("adversarial", 2), ("late", 1),
    ]  # fmt: skip
    rates = [
        float(SRGAN(recipe, phase=phase).optimizer_of("generator").learning_rate)
        for phase in range(3)
    ]
    assert rates == pytest.approx([3e-3, 2e-4, 2e-5])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scale": 3}, "scale must be 2 or 4, not 3"),
        ({"crop": 24}, "crop must be a multiple of 16, such as 64 or 96, not 24"),
        ({"crop": 64}, "crop 64 does not fit into pictures of resolution 32"),
        ({"pixel_steps": 4}, "steps 4 leave no adversarial ones beside pixel_steps 4"),
        ({"late_steps": 2}, "leave no adversarial ones"),
        ({"held_out": 1}, "held_out 1 keeps every picture out of training"),
        ({"content": "vgg"}, "unknown content 'vgg', known: vgg54, vgg22, lite0_block11"),
    ],
)
def test_recipes_that_do_not_work_out(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_srgan.recipe(**changes)


# === On every backend ===


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What `tests.models.tiny_srgan` finds: by backend."""
    return backends.results("tests.models.tiny_srgan", tmp_path_factory)


@pytest.mark.parametrize("backend", backends.EVERY)
def test_a_resume_within_the_second_phase_changes_no_bit(backend, results):
    found = results(backend)
    tiny.assert_resumed_as_whole(found, 50)
    np.testing.assert_allclose(found["read"], found["kept"], atol=1e-6)
    assert found["kept"].shape == (2, 24, 40, 3)


@pytest.mark.parametrize("backend", backends.EVERY[1:])
def test_backends_agree(backend, results):
    ours, found = results("tensorflow"), results(backend)
    logs = [name for name in ours if name.startswith("logs/")]
    assert len(logs) == 2 * 1 + 2 * 4
    for name in logs:
        np.testing.assert_allclose(found[name], ours[name], rtol=2e-3, atol=1e-4, err_msg=name)
