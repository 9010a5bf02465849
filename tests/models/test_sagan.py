import keras
import numpy as np
import pytest

from models import networks
from tests.models import tiny


def test_256_px_builds():
    recipe = tiny.recipe(resolution=256, g_filters=64, d_filters=2, attention_resolution=16)
    generator, discriminator = networks.build(recipe, seed=0)
    assert generator.output.shape[1:] == (256, 256, 3)
    assert generator.get_layer("stage_5").output.shape[1:] == (128, 128, 2)
    assert discriminator.input_shape[0] == (None, 256, 256, 3)


@pytest.mark.parametrize("upsample", ["transposed", "nearest", "subpixel"])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_ends_are_float32_and_in_range(upsample, precision):
    recipe = tiny.recipe(upsample=upsample)
    generator, discriminator = networks.build(recipe, seed=0, precision=precision)
    batch = tiny.batch(recipe)
    images = generator([batch["latents"][:, 0], batch["fake_labels"][:, 0]])
    assert keras.backend.standardize_dtype(images.dtype) == "float32"
    assert np.abs(np.array(images)).max() <= 1
    logits = discriminator([np.array(images), batch["labels"][:, 0]])
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert logits.shape == (4, 1)
    assert generator.get_layer("stage_0").compute_dtype == precision.removeprefix("mixed_")


@pytest.mark.parametrize("how", [("batch_norm", "projection"), ("concat", "concat")])
@pytest.mark.parametrize("kind", ["classes", "attributes"])
def test_labels_change_both_networks(how, kind):
    recipe = tiny.recipe(
        label_kind=kind, num_labels=5, g_conditioning=how[0], d_conditioning=how[1]
    )
    generator, discriminator = networks.build(recipe, seed=0)
    rng = np.random.default_rng(0)
    for model in (generator, discriminator):
        for variable in model.trainable_variables:
            variable.assign(rng.normal(0, 0.3, variable.shape))
    labels = np.eye(5, dtype="float32")[[1, 3]] if kind == "attributes" else np.array([1, 3])
    latents = np.full((2, 8), 0.5, "float32")
    first, second = np.array(generator([latents, labels]))
    assert np.abs(first - second).max() > 1e-3
    images = np.repeat(first[None], 2, axis=0)
    logits = np.array(discriminator([images, labels]))
    assert abs(logits[0, 0] - logits[1, 0]) > 1e-4


def test_unlabelled_networks_ignore_y():
    recipe = tiny.recipe()
    generator, _ = networks.build(recipe, seed=0)
    latents = tiny.batch(recipe)["latents"][:, 0]
    first = generator([latents, np.zeros(4, "int32")])
    np.testing.assert_array_equal(first, generator([latents, np.full(4, 7, "int32")]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"resolution": 8}, "at least 16"), ({"resolution": 64, "g_filters": 12}, "halved 3 times")],
)
def test_refuses_what_it_cannot_build(changes, message):
    with pytest.raises(ValueError, match=message):
        networks.build(tiny.recipe(**changes), seed=0)


def test_one_seed_one_network():
    first, second = (networks.build(tiny.recipe(), seed=3)[0] for _ in range(2))
    other = networks.build(tiny.recipe(), seed=4)[0]
    for a, b in zip(tiny.values(first.variables), tiny.values(second.variables), strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [tiny.values(m.get_layer("stage_0").trainable_variables)[0] for m in (first, other)]
    assert (kernels[0] != kernels[1]).all()
    assert 0.015 < kernels[0].std() < 0.02
