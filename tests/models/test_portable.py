import numpy as np
import pytest
from keras import ops

from layers.reparametrization import normalized_layers
from models import networks, portable
from models.sampling import generate
from tests.models import tiny

LABELS = {"label_kind": "attributes", "num_labels": 3}
CLASSES = {"label_kind": "classes", "num_labels": 3}


def pictures(model, recipe):
    model.jit_compile = False
    rng = np.random.default_rng(0)
    z = rng.standard_normal((3, recipe.latent_dim)).astype("float32")
    y = np.eye(3, dtype="float32") if recipe.label_kind == "attributes" else np.arange(3)
    return generate(model, z, y.astype(model.inputs[1].dtype))


@pytest.mark.parametrize(
    "changes",
    [
        {"attention_resolution": 8},
        {"upsample": "nearest", "g_norm": "none"},
        {"upsample": "subpixel", "g_weight_norm": "stable_rank"},
        {"g_weight_norm": "none"},
        LABELS,
        {**CLASSES, "g_conditioning": "concat"},
        {"name": "biggan", "resolution": 32, "attention_resolution": 16, **CLASSES},
    ],
    ids=str,
)
def test_plain_equals_the_normalised_network(changes):
    recipe = tiny.recipe(**{"initializer": "glorot_uniform", **changes})
    original, _ = networks.build(recipe, seed=3)
    for variable in original.variables:
        if variable.path.endswith("attention/gamma"):
            variable.assign(0.7)
    plain = portable.plain(original)
    assert not normalized_layers(plain)
    assert not any("singular" in variable.path for variable in plain.variables)
    expected = pictures(original, recipe)
    assert expected.std() > 0.01
    np.testing.assert_allclose(pictures(plain, recipe), expected, atol=1e-5)


def test_kernel_is_divided_by_its_sigma_by_hand():
    recipe = tiny.recipe()
    original, _ = networks.build(recipe, seed=3)
    plain = portable.plain(original)
    conv = original.get_layer("stage_0")  # kernel (height, width, outputs, inputs)
    kernel = ops.convert_to_numpy(conv.kernel)
    u = ops.convert_to_numpy(conv.singular_vector.u)
    sigma = np.linalg.norm(np.einsum("hwoi,o->hwi", kernel, u))
    folded = ops.convert_to_numpy(plain.get_layer("stage_0").kernel)
    np.testing.assert_allclose(folded, kernel / sigma, rtol=1e-5)


def test_mixed_precision_becomes_float32():
    recipe = tiny.recipe(attention_resolution=8)
    original, _ = networks.build(recipe, seed=3, precision="mixed_bfloat16")
    reference, _ = networks.build(recipe, seed=3, precision="float32")
    for made in (portable.plain(original), portable.in_float32(original)):
        assert {layer.compute_dtype for layer in made._flatten_layers(include_self=False)} == {
            "float32"
        }
        np.testing.assert_allclose(pictures(made, recipe), pictures(reference, recipe), atol=1e-5)
    assert original.get_layer("stage_1").compute_dtype == "bfloat16"
