import numpy as np
import pytest
from keras import ops

from console.errors import UserError
from datasets.pixels import to_uint8
from layers.norm import batch_norms
from serving.generator import BLOCK
from tests.serving import tiny


def test_pictures_depend_on_the_seed_and_their_number_alone(attributes):
    many = attributes.sample(BLOCK + 6, seed=5)
    few = attributes.sample(3, seed=5)
    np.testing.assert_array_equal(few.latents, many.latents[:3])
    np.testing.assert_array_equal(few.labels, many.labels[:3])
    batches = list(attributes.stream(BLOCK + 6, seed=5, batch_size=9))
    assert [len(batch) for batch in batches] == [9] * 7 + [7]
    streamed = np.concatenate([batch.images for batch in batches])
    assert np.abs(streamed.astype(int) - many.images).max() <= 1
    np.testing.assert_array_equal(np.concatenate([b.latents for b in batches]), many.latents)
    assert np.abs(attributes.sample(3, seed=6).latents - few.latents).max() > 0.1


def test_latents_of_different_blocks_and_streams_differ(plain):
    z = plain.draw_latents(2 * BLOCK)
    assert len(np.unique(z.round(6), axis=0)) == 2 * BLOCK
    assert np.abs(z).max() <= 1
    assert abs(z.std() - 0.44) < 0.03  # of a normal one of deviation 0.5, cut at ±1


def test_pictures_are_those_of_the_trained_network(classes):
    made = classes.sample(4, seed=1)
    network = classes.source.network
    images = network([ops.convert_to_tensor(made.latents), ops.convert_to_tensor(made.labels)])
    expected = to_uint8(ops.convert_to_numpy(images))
    assert np.abs(made.images.astype(int) - expected).max() <= 1
    assert expected.std() > 10


def test_attributes_by_name(attributes, classes):
    drawn = attributes.sample(8, attributes="red hair, no glasses").labels
    assert (drawn[:, [0, 1, 3]] == [0, 1, 0]).all()
    assert (classes.sample(8, attributes="owl").labels == 2).all()


def test_class_weights_blend_and_agree_with_indices(classes):
    z, y = classes.draw_latents(3), np.array([0, 1, 2], "int32")
    np.testing.assert_allclose(
        classes.generate(z, y), classes.generate(z, classes.as_weights(y)), atol=1e-5
    )
    half = classes.generate(z, np.full((3, 3), [0.5, 0.5, 0.0], "float32"))
    assert np.abs(half - classes.generate(z, np.zeros(3, "int32"))).max() > 0.01


def test_without_batch_norm_nothing_stands():
    """A record that says "standing" would be wrong."""
    generator = tiny.generator(g_norm="none")
    with pytest.raises(UserError, match="has no batch norm, so no standing statistics"):
        generator.sample(1, truncation=0.5, statistics="standing")
    assert len(generator.sample(1, truncation=0.5, statistics="running").images) == 1


def test_truncation_brings_standing_statistics_and_full_latents_take_them_away(plain):
    before = [ops.convert_to_numpy(norm.moving_mean) for norm in batch_norms(plain.network)]
    cut = plain.sample(4, truncation=0.5, statistics="standing")
    np.testing.assert_allclose(cut.latents, 0.5 * plain.sample(4).latents)
    plain.use_statistics(0.5, "standing")
    first = plain.network.get_layer("stage_0_norm")
    features = plain.network.get_layer("stage_0")
    z = plain.draw_latents(16 * BLOCK, seed=2**62, truncation=0.5)
    made = ops.convert_to_numpy(features(ops.convert_to_tensor(z[:, None, None, :])))
    np.testing.assert_allclose(
        ops.convert_to_numpy(first.moving_mean), made.mean(axis=(0, 1, 2)), atol=1e-5
    )
    variances = made.reshape(16, BLOCK, *made.shape[1:]).var(axis=(1, 2, 3))  # of each batch
    np.testing.assert_allclose(
        ops.convert_to_numpy(first.moving_variance), variances.mean(axis=0), rtol=1e-4
    )
    running = plain.sample(4, truncation=0.5, statistics="running")
    assert np.abs(running.images.astype(int) - cut.images).max() > 5
    after = [ops.convert_to_numpy(norm.moving_mean) for norm in batch_norms(plain.network)]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_auto_statistics_never_cancel_the_truncation(plain):
    whole, cut = plain.sample(8).images.astype(int), plain.sample(8, truncation=0.3).images
    assert np.abs(whole - cut).mean() > 5
    # Batch norm straight after the only layer that sees the latent: the scale falls out.
    stood = plain.sample(8, truncation=0.3, statistics="standing").images.astype(int)
    alike = plain.sample(8, statistics="standing").images
    assert np.abs(stood - alike).mean() < 1


def test_auto_statistics_stand_where_norms_take_the_latent(monkeypatch):
    monkeypatch.setattr("serving.generator._STANDING_BATCHES", 1)
    changes = {"resolution": 32, "attention_resolution": 16, "name": "biggan"}
    biggan = tiny.generator("classes", **changes)
    cut = biggan.sample(2, truncation=0.5).images
    expected = biggan.sample(2, truncation=0.5, statistics="standing").images
    np.testing.assert_array_equal(cut, expected)
    running = biggan.sample(2, truncation=0.5, statistics="running").images
    assert np.abs(running.astype(int) - cut).max() > 3


@pytest.mark.parametrize("truncation", [0, -1, 1.01, float("nan")])
def test_truncation_out_of_range(plain, truncation):
    with pytest.raises(UserError, match="truncation must be above 0 and at most 1"):
        plain.sample(1, truncation=truncation)


def test_mistakes_are_one_line(plain, attributes):
    for wrong, words in [
        (lambda: plain.sample(1, attributes="smile"), "without labels"),
        (lambda: plain.generate(plain.draw_latents(1), np.zeros(1, "int32")), "without labels"),
        (lambda: attributes.generate(attributes.draw_latents(1)), "needs labels"),
        (lambda: plain.generate(np.zeros((1, 5))), "latents must be"),
        (lambda: plain.sample(0), "count must be at least 1"),
        (lambda: plain.sample(1, seed=-1), "seed must be"),
        (lambda: plain.sample(1, statistics="moving"), "unknown statistics 'moving'"),
    ]:
        with pytest.raises(UserError, match=words) as raised:
            wrong()
        assert "\n" not in str(raised.value)


def test_pictures_show_themselves(attributes):
    made = attributes.sample(5)
    assert made.sheet(5).size == (5 * 18 + 2, 20)
    assert made._repr_png_().startswith(b"\x89PNG")
    assert len(made[1]) == len(made[-1]) == 1
    np.testing.assert_array_equal(made[-1].images[0], made.images[4])
    assert len(made[1:3]) == 2
