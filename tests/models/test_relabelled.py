"""Weights that read labels begin as the average picture has them, or as the label of that name."""

from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

from layers.reparametrization import normalized_layers
from models import portable, transfer
from models.relabelled import Labels
from models.systems.gan.turns import GAN
from tests.models import tiny

FIVE = ("red", "blue", "hat", "smile", "glasses")


def gan(kind="none", count=0, seed=0, **changes):
    """With weights that are far from those at the beginning, where all labels look alike."""
    made = GAN(tiny.recipe(d_norm="none", label_kind=kind, num_labels=count, **changes), seed=seed)
    rng = np.random.default_rng(seed)
    for network in (made.generator, made.ema_generator, made.discriminator):
        for variable in network.trainable_variables:
            if "embeddings" in variable.path or variable.path.endswith(("gamma", "beta", "bias")):
                variable.assign(variable.numpy() + rng.normal(0, 0.5, variable.shape))
    return made


def told(names, shares):
    return {"names": list(names), "shares": list(shares)}


def pictures(network, latents, labels):
    return ops.convert_to_numpy(network([latents, np.asarray(labels)], training=False))


@pytest.fixture
def latents():
    return np.random.default_rng(5).normal(0, 0.5, (2, 8)).astype("float32")


@pytest.mark.parametrize("palette", [0, 4])
def test_a_label_of_the_same_name_looks_as_before(palette, latents):
    source = gan("attributes", 5, seed=1, g_palette=palette)
    system = gan("attributes", 3, seed=2, g_palette=palette)
    before = told(FIVE, (0.4, 0.0, 0.5, 0.0, 0.0))  # those that are gone were never on
    taken = transfer.take(system, source, told(("glasses", "red", "hat"), (1, 1, 1)), before)
    now, then = [[1.0, 0.0, 1.0]] * 2, [[0.0, 0.0, 1.0, 0.0, 1.0]] * 2
    np.testing.assert_allclose(
        pictures(system.generator, latents, now), pictures(source.generator, latents, then),
        atol=1e-6,
    )  # fmt: skip
    assert "stage_0_norm" in str(taken[0])


def test_labels_in_another_order_are_found_by_their_names(latents):
    source, system = (gan("classes", 3, seed=seed) for seed in (1, 2))
    abc, cab = (told(names, (0.2, 0.3, 0.5)) for names in ("abc", "cab"))
    transfer.take(system, source, cab, abc)
    np.testing.assert_array_equal(
        pictures(system.generator, latents, [1, 0]), pictures(source.generator, latents, [0, 2])
    )
    image = np.zeros((2, 16, 16, 3), "float32")
    now, then = (
        ops.convert_to_numpy(each.discriminator([image, np.array(labels)], training=False))
        for each, labels in ((system, [1, 0]), (source, [0, 2]))
    )
    np.testing.assert_allclose(now, then, atol=1e-5)


def test_labels_without_names_are_taken_in_their_order(latents):
    source, system = (gan("classes", 3, seed=seed) for seed in (1, 2))
    assert all(not each.changed for each in transfer.take(system, source))
    np.testing.assert_array_equal(
        pictures(system.generator, latents, [1, 2]), pictures(source.generator, latents, [1, 2])
    )


@pytest.mark.parametrize("palette", [0, 4])
def test_without_labels_it_begins_as_the_average_label(palette, latents):
    """Where all pictures had one class, the average is that class."""
    source = gan("classes", 3, seed=1, g_palette=palette)
    system = gan(seed=2, g_palette=palette)
    transfer.take(system, source, None, told("abc", (0, 1, 0)))
    np.testing.assert_allclose(
        pictures(system.generator, latents, [0, 0]), pictures(source.generator, latents, [1, 1]),
        atol=1e-6,
    )  # fmt: skip


def test_the_average_is_by_the_shares():
    source, system = gan("attributes", 2, seed=1), gan(seed=2)
    norm = source.generator.get_layer("stage_0_norm")
    gain = np.zeros((2, 128), "float32")
    gain[0], gain[1] = 0.5, 2.0
    norm.gain.embeddings.assign(gain[:, : norm.gain.embeddings.shape[1]])
    transfer.take(system, source, None, told("ab", (0.4, 0.1)))
    gamma = system.generator.get_layer("stage_0_norm").gamma.numpy()
    np.testing.assert_allclose(gamma, 1 + 0.4 * 0.5 + 0.1 * 2.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "shares", "labels"),
    [("classes", (0.5, 0.5), [0, 1]), ("attributes", (1.0, 1.0), [[1.0, 1.0], [1.0, 1.0]])],
)
def test_with_new_labels_it_begins_as_it_was_without(kind, shares, labels, latents):
    source, system = gan(seed=1), gan(kind, 2, seed=2)
    transfer.take(system, source, told("ab", shares), None)
    np.testing.assert_allclose(
        pictures(system.generator, latents, labels), pictures(source.generator, latents, [0, 0]),
        atol=1e-6,
    )  # fmt: skip


def test_classes_that_are_new_begin_as_the_average_class():
    source, system = gan("classes", 2, seed=1), gan("classes", 3, seed=2)
    transfer.take(system, source, told("bcd", (0.3, 0.3, 0.4)), told("ab", (0.25, 0.75)))
    rows, old = (
        each.generator.get_layer("stage_1_norm").shift.embeddings.numpy()
        for each in (system, source)
    )
    np.testing.assert_array_equal(rows[0], old[1])
    for row in rows[1:]:
        np.testing.assert_allclose(row, 0.25 * old[0] + 0.75 * old[1], rtol=1e-5)


def test_what_is_gone_is_spread_over_the_labels_that_are_on():
    """Of attributes one has no row of its own for all pictures: their sum must come to it."""
    source, system = gan("attributes", 2, seed=1), gan("attributes", 2, seed=2)
    transfer.take(system, source, told("bc", (0.5, 1.5)), told("ab", (0.6, 0.2)))
    rows, old = (
        each.generator.get_layer("stage_1_norm").gain.embeddings.numpy()
        for each in (system, source)
    )
    gone = 0.6 * old[0] / 2.0
    np.testing.assert_allclose(rows[0], old[1] + gone, rtol=1e-5)
    np.testing.assert_allclose(rows[1], gone, rtol=1e-5)


@pytest.mark.parametrize("count", [0, 2])
def test_a_file_without_singular_vectors_is_the_same_network(count, latents):
    """The kernels of a generator's file are normalised already: its vectors must be found."""
    source = gan("classes", 2, seed=1)
    plain = portable.plain(source.generator)
    assert not any("singular_vector" in variable.path for variable in plain.variables)
    system = gan("classes" if count else "none", count, seed=2)
    networks = {
        "generator": plain, "ema_generator": plain, "discriminator": source.discriminator,
    }  # fmt: skip
    told_both = told("ab", (0, 1))
    taken = transfer.take(
        system, SimpleNamespace(recipe=source.recipe, networks=networks),
        told_both if count else None, told_both,
    )  # fmt: skip
    for layer in normalized_layers(system.generator):
        kernel = np.moveaxis(layer.raw_kernel.numpy(), layer.row_axis, 0)
        largest = np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)[0]
        assert float(layer.sigma()) == pytest.approx(largest, rel=1e-3), layer.name
    assert all("norm" in name for name in taken[0].changed)
    labels = [1, 1] if count else [0, 0]
    mine = pictures(system.generator, latents, labels)
    at_once = portable.plain(system.generator)  # whose sigmas are exact
    np.testing.assert_allclose(mine, pictures(at_once, latents, labels), atol=1e-3)


@pytest.mark.parametrize("palette", [0, 4])
def test_labels_beside_the_latents(palette, latents):
    """Their inputs of a kernel go, or do nothing at first; those of the latents stay."""
    changes = {"g_conditioning": "concat", "d_conditioning": "concat", "g_palette": palette}
    source, labelled, plain = (
        gan(seed=1, **changes),
        gan("classes", 2, 2, **changes),
        gan(seed=3, **changes),
    )
    transfer.take(labelled, source, told("ab", (0.5, 0.5)), None)
    np.testing.assert_allclose(
        pictures(labelled.generator, latents, [0, 1]), pictures(source.generator, latents, [0, 0]),
        atol=1e-3,
    )  # fmt: skip
    image = pictures(source.generator, latents, [0, 0])
    logits = [
        ops.convert_to_numpy(each.discriminator([image, np.array(labels)], training=False))
        for each, labels in ((labelled, [0, 1]), (source, [0, 0]))
    ]
    np.testing.assert_allclose(*logits, rtol=1e-2, atol=1e-3)
    transfer.take(plain, labelled, None, told("ab", (0.5, 0.5)))
    np.testing.assert_allclose(
        pictures(plain.generator, latents, [0, 0]), image, atol=1e-3
    )  # fmt: skip


def test_a_new_class_after_attributes_is_the_average_picture():
    source, system = gan("attributes", 3, seed=1), gan("classes", 2, seed=2)
    transfer.take(system, source, told("ax", (0.5, 0.5)), told("abc", (0.5, 0.25, 1.0)))
    rows, old = (
        each.generator.get_layer("stage_1_norm").gain.embeddings.numpy()
        for each in (system, source)
    )
    beside = 0.25 * old[1] + old[2]
    np.testing.assert_allclose(rows[0], old[0] + beside, rtol=1e-5)
    np.testing.assert_allclose(rows[1], 0.5 * old[0] + beside, rtol=1e-5)


def test_a_classifier_that_is_new_begins_anew():
    """Also where the labels are the same."""
    source = gan("classes", 2, seed=1)
    system = gan("classes", 2, seed=2, d_classifier_weight=0.1)
    own = system.discriminator.get_layer("to_label_logits").kernel.numpy()
    taken = {each.network: each for each in transfer.take(system, source)}
    assert taken["discriminator"].changed == ("to_label_logits",)
    now = system.discriminator.get_layer("to_label_logits").kernel.numpy()
    np.testing.assert_array_equal(now, own)


def test_other_shapes_are_not_explained_by_labels():
    with pytest.raises(ValueError, match="its shapes are others: generator's stage_0/kernel was"):
        transfer.take(gan("classes", 2, g_filters=32), gan(seed=1))


def test_the_classifier_keeps_the_columns_of_its_labels():
    changes = {"d_classifier_weight": 0.1}
    source = gan("classes", 2, seed=1, **changes)
    system = gan("classes", 3, seed=2, **changes)
    own = system.discriminator.get_layer("to_label_logits").kernel.numpy()
    transfer.take(system, source, told("xby", (0.3,) * 3), told("ab", (0.5, 0.5)))
    now, then = (
        each.discriminator.get_layer("to_label_logits").kernel.numpy() for each in (system, source)
    )
    np.testing.assert_array_equal(now[:, 1], then[:, 1])
    np.testing.assert_array_equal(now[:, [0, 2]], own[:, [0, 2]])


@pytest.mark.parametrize("shares", [None, (0.5,)])
def test_labels_that_no_record_describes(shares):
    """Classes are equally frequent then; attributes count as off."""
    recipe = tiny.recipe(label_kind="classes", num_labels=4)
    names = None if shares is None else told("a", shares)
    found = Labels.of(recipe, names)
    assert (found.kind, found.names, found.on) == ("classes", (), 1.0)
    np.testing.assert_array_equal(found.shares, [0.25] * 4)
    off = Labels.of(tiny.recipe(label_kind="attributes", num_labels=4), names)
    assert not off.shares.any()
    assert off.on == 1.0
    assert Labels.of(tiny.recipe(), told("ab", (0.5, 0.5))).kind == "none"
