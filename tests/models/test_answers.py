"""The answers of D, and its auxiliary classifier: against numbers by hand."""

import numpy as np
import pytest
from keras import ops

from layers import reparametrization
from models import networks, transfer
from models.systems.gan.answers import Answer, classification
from models.systems.gan.turns import GAN
from tests.models import tiny

pytestmark = pytest.mark.usefixtures("eagerly")

CLASSES = {"label_kind": "classes", "num_labels": 5}
ATTRIBUTES = {"label_kind": "attributes", "num_labels": 5}
WEIGHTS = {"d_classifier_weight": 0.25, "g_classifier_weight": 0.05}
ARCHITECTURES = [
    ("SAGAN_V6", {}),
    ("biggan", {"resolution": 32, "latent_dim": 8}),
    ("BIGGAN_V1", {"resolution": 64}),
    ("sngan", {"resolution": 32, "attention_resolution": 0}),
    ("srngan", {"resolution": 32, "attention_resolution": 0}),
    ("SResNetGAN_V1", {"resolution": 32, "attention_resolution": 16}),
]


@pytest.mark.parametrize(
    ("name", "changes", "patches"),
    [
        ("fastgan", {"resolution": 32}, 50),
        ("projected", {"resolution": 32, "d_input": 128}, 4),
    ],
)
def test_patches_and_labels_are_told_apart(name, changes, patches):
    """D's columns are its patches, then its labels; its one logit of a picture is their mean."""
    own = {"g_filters": 4, "d_filters": 8, "latent_dim": 8, "augment": "none", **changes}
    own |= {"g_weight_norm": "none", "d_weight_norm": "none"}  # which would move at each call
    gan = GAN(tiny.recipe(name, **{**CLASSES, **WEIGHTS, **own}), seed=0)
    size = (2, *gan.recipe.data_shape)
    pictures = np.random.default_rng(0).uniform(-1, 1, size).astype("float32")
    labels = np.array([1, 4], "int32")
    whole = gan.discriminator([pictures, labels], training=True)
    said = ops.convert_to_numpy(whole[0] if name == "fastgan" else whole)
    assert said.shape == (2, patches + 5)
    found = gan.answers.to(pictures, labels, None)
    for one, other in ((found.logits, said[:, :patches]), (found.label_logits, said[:, patches:])):
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=1e-3, atol=1e-5)
    assert found.closeness is None
    drawn = gan.answers.to(pictures, labels, None, drawn=True).closeness
    assert (drawn is None) == (name == "projected")
    mean = ops.convert_to_numpy(gan.answers.logit(pictures, labels, None))
    np.testing.assert_allclose(mean[:, 0], said[:, :patches].mean(axis=1), rtol=1e-2, atol=1e-4)


def answer(label_logits, labels):
    return Answer(None, ops.convert_to_tensor(np.array(label_logits, "float32")), labels)


def test_classes_have_one_softmax():
    # -log(e³ / (e¹ + e² + e³)) = 0.407606, and -log(e¹ / (e¹ + e¹ + e¹)) = log 3.
    found = classification(answer([[1, 2, 3], [1, 1, 1]], np.array([2, 0], "int32")))
    assert float(found) == pytest.approx((0.407606 + 1.098612) / 2, rel=1e-5)


def test_attributes_are_independent_and_add_up():
    # -log s(0) = log 2; -log(1 - s(2)) = 2.126928; -log s(-100) = 100, without overflow.
    found = classification(answer([[0, 2], [-100, -100]], np.array([[1, 0], [1, 0]], "float32")))
    assert float(found) == pytest.approx((0.693147 + 2.126928 + 100) / 2, rel=1e-6)


@pytest.mark.parametrize(("name", "changes"), ARCHITECTURES)
def test_its_logits_stand_behind_those_of_the_plain_discriminator(name, changes):
    plain = tiny.recipe(name, **{**ATTRIBUTES, **changes})
    more = tiny.recipe(name, **{**ATTRIBUTES, **changes, **WEIGHTS})
    (_, one), (_, other) = (networks.build(each, seed=0) for each in (plain, more))
    assert one.output_shape == (None, 1)
    assert other.output_shape == (None, 1 + 5)
    own = [v for v in other.variables if v.path.startswith("to_label_logits/")]
    kernel, bias = own
    assert bias.shape == (5,)
    assert other.count_params() == one.count_params() + 5 * kernel.shape[0] + 5
    values = {variable.path: variable for variable in other.variables}
    for variable in one.variables:
        variable.assign(values[variable.path])
    size = (2, *more.data_shape)
    pictures = np.random.default_rng(0).uniform(-1, 1, size).astype("float32")
    labels = np.eye(5, dtype="float32")[:2]
    logits = ops.convert_to_numpy(other([pictures, labels]))
    np.testing.assert_allclose(
        logits[:, :1], ops.convert_to_numpy(one([pictures, labels])), rtol=1e-5, atol=1e-7
    )
    assert np.abs(logits[:, 1:]).max() > 0


def test_without_labels_there_is_none():
    recipe = tiny.recipe(**WEIGHTS)
    assert not recipe.classifies
    assert GAN(recipe).discriminator.output_shape == (None, 1)


@pytest.mark.parametrize("labels", [CLASSES, ATTRIBUTES], ids=["classes", "attributes"])
def test_first_step_by_hand(labels):
    """D is as good as still, so that both losses of step 1 are its first answers'."""
    plain = tiny.recipe(d_norm="none", g_batch_factor=1, d_learning_rate=1e-12, **labels)
    recipe = tiny.recipe(
        d_norm="none", g_batch_factor=1, d_learning_rate=1e-12, **labels, **WEIGHTS
    )
    gan, twin = GAN(recipe, seed=1), GAN(recipe, seed=1)
    for made in (gan, twin):
        kernel = made.discriminator.get_layer("to_label_logits").kernel
        kernel.assign(np.random.default_rng(0).standard_normal(kernel.shape))
    batch = tiny.batch(recipe, 3)
    (logs,) = tiny.fit(gan, [3])
    for network in (twin.generator, twin.discriminator):
        reparametrization.power_iterate(network)
    with reparametrization.shared_kernels():
        made = [
            np.array(twin.generator([batch["latents"][:, n], labels], training=True))
            for n, labels in enumerate((batch["fake_labels"][:, 0], batch["fake_labels"][:, 1]))
        ]
        real = batch["images"][:, 0].astype("float32") / 127.5 - 1
        asked = [batch["labels"][:, 0], batch["fake_labels"][:, 0], batch["fake_labels"][:, 1]]
        seen = [
            np.array(twin.discriminator([x, y], training=True))
            for x, y in zip([real, *made], asked, strict=True)
        ]
    of_reals, _, of_fakes = (
        negative_log_likelihood(output[:, 1:], y) for output, y in zip(seen, asked, strict=True)
    )
    assert logs["d_classifier"] == pytest.approx(of_reals, rel=1e-4)
    assert logs["g_classifier"] == pytest.approx(of_fakes, rel=1e-3)
    hinge = np.maximum(0, 1 - seen[0][:, 0]).mean() + np.maximum(0, 1 + seen[1][:, 0]).mean()
    assert logs["d_loss"] == pytest.approx(hinge, rel=1e-4)
    assert logs["g_loss"] == pytest.approx(-seen[2][:, 0].mean() + 0.05 * of_fakes, rel=1e-3)
    (without,) = tiny.fit(GAN(plain, seed=1), [3])
    assert "d_classifier" not in without


def negative_log_likelihood(logits, labels):
    """In NumPy, by probabilities."""
    logits = logits.astype("float64")
    if labels.ndim == 1:
        chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.log(chance[np.arange(len(labels)), labels]).mean()
    chance = 1 / (1 + np.exp(-logits))
    return -np.log(np.where(labels > 0.5, chance, 1 - chance)).sum(axis=1).mean()


@pytest.mark.usefixtures("traced")
def test_it_learns_from_reals_alone_and_teaches_the_generator():
    """With a g_loss_weight near 0, all that moves G is the classifier."""
    start = {"d_norm": "none", "g_loss_weight": 1e-12, **ATTRIBUTES}
    recipe = tiny.recipe(
        **start, d_classifier_weight=1.0, g_classifier_weight=1.0, g_learning_rate=5e-3
    )
    gan = GAN(recipe, seed=1)
    first = tiny.fit(gan, [0])[0]
    last = tiny.fit(gan, [0] * 40)[-1]
    assert last["d_classifier"] < 0.8 * first["d_classifier"]
    assert last["g_classifier"] < 0.9 * first["g_classifier"]


def test_the_weight_of_its_loss():
    """Plain descent moves the biases by the mean of what is seen minus what is there."""
    recipe = tiny.recipe(
        d_norm="none", optimizer="sgd", d_learning_rate=0.1, **ATTRIBUTES, **WEIGHTS
    )
    gan, batch = GAN(recipe, seed=1), tiny.batch(recipe, 0)
    layer = gan.discriminator.get_layer("to_label_logits")
    layer.kernel.assign(np.zeros(layer.kernel.shape))  # every chance is a half
    tiny.fit(gan, [0])
    gradient = (0.5 - batch["labels"][:, 0]).mean(axis=0)
    np.testing.assert_allclose(np.array(layer.bias), -0.1 * 0.25 * gradient, rtol=1e-4)


def test_penalties_see_the_logit_alone():
    kept = {"d_norm": "none", "penalty": "r1", **ATTRIBUTES}
    rows = []
    for weights in ({}, WEIGHTS):
        gan = GAN(tiny.recipe(**kept, **weights), seed=1)
        source = GAN(tiny.recipe(**kept), seed=1)
        transfer.take(gan, source)  # the classifier alone begins anew
        rows += tiny.fit(gan, [0])
    assert rows[0]["penalty"] > 0
    assert rows[1]["penalty"] == pytest.approx(rows[0]["penalty"], rel=1e-4)


def test_a_source_without_it_may_be_taken():
    gan = GAN(tiny.recipe(**ATTRIBUTES, **WEIGHTS), seed=1)
    taken = transfer.take(gan, GAN(tiny.recipe(**ATTRIBUTES), seed=2))
    assert [each.changed for each in taken if each.changed] == [("to_label_logits",)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d_conditioning": "none"}, "d_conditioning none leaves .* set d_classifier_weight"),
        ({"g_classifier_weight": 0.1}, "g_classifier_weight needs a classifier"),
        ({**WEIGHTS, "label_noise": 0.1}, "needs true labels: set label_noise 0.1"),
        ({"d_classifier_weight": -1.0}, "d_classifier_weight must be"),
    ],
)
def test_combinations_that_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny.recipe(**ATTRIBUTES, **changes)


def test_without_projection_the_classifier_alone_reads_labels():
    recipe = tiny.recipe(**CLASSES, **WEIGHTS, d_conditioning="none")
    gan = GAN(recipe, seed=1)
    assert not any("projection" in v.path for v in gan.discriminator.variables)
    row = tiny.fit(gan, [0])[0]
    assert np.isfinite(list(row.values())).all()
