import dataclasses
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from layers import initializers, norm
from layers.norm import ConditionalBatchNorm
from models import files, networks
from models import recipe as recipes
from models.gan import GAN
from tests.models import tiny

TINY = {"resolution": 32, "g_filters": 4, "d_filters": 4, "attention_resolution": 16}
ATTRIBUTES = {"label_kind": "attributes", "num_labels": 5}


def small(name="biggan", **changes):
    return dataclasses.replace(
        recipes.load(name),
        **{**TINY, "latent_dim": 16, "batch_size": 4, "shared_embedding": 6, **changes},
    )


def notes(name="BIGGAN_V1", **changes):
    options = {**TINY, "g_filters": 16, "latent_dim": 8, "batch_size": 4, **changes}
    return dataclasses.replace(recipes.load(name), **options)


def sresnet(name="SResNetGAN_V0", **changes):
    options = {**TINY, "latent_dim": 8, "batch_size": 4, **changes}
    return dataclasses.replace(recipes.load(name), **options)


@pytest.fixture
def empty_weights(monkeypatch):
    """Networks of full size without the minutes that drawing their weights takes."""
    monkeypatch.setattr(
        initializers._HostInitializer,
        "__call__",
        lambda self, shape, dtype=None, **_: ops.zeros(shape, dtype or "float32"),
    )


def count(model):
    """Trained numbers, as the papers count."""
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def attention_count(channels):
    """Keys and queries of an eighth, values of half and back, and gamma."""
    return 2 * channels * (channels // 8) + 2 * channels * (channels // 2) + 1


def paper_generator(widths, latent, attention, ch=96, classes=1000, shared=128):
    """The generator's parameters from the paper's tables, reckoned without Keras."""
    widths = [ch * width for width in widths]
    chunk = latent // len(widths)
    total = classes * shared + (chunk + 1) * 16 * widths[0]
    for block, (a, b) in enumerate(itertools.pairwise(widths), start=1):
        total += 2 * (chunk + shared) * (a + b)  # gain and shift of two conditional norms
        total += (9 * a * b + b) + (9 * b * b + b) + (a * b + b)
        if block == attention:
            total += attention_count(b)
    return total + 2 * widths[-1] + 27 * widths[-1] + 3


def paper_discriminator(widths, attention, ch=96, classes=1000):
    """The discriminator's parameters from the paper's tables, reckoned without Keras."""
    total, a = 0, 3
    for block, b in enumerate((ch * width for width in widths), start=1):
        total += (9 * a * b + b) + (9 * b * b + b) + (0 if a == b else a * b + b)
        if block == attention:
            total += attention_count(b)
        a = b
    return total + a + 1 + classes * a


PAPER = {  # px: latent, attention of G and D in px and in blocks, widths, golden counts
    32: (80, 16, 16, 2, 1, (4, 4, 4, 4), (2, 2, 2, 2), None),
    64: (120, 32, 32, 3, 1, (16, 16, 8, 4, 2), (2, 4, 8, 16, 16), None),
    128: (120, 64, 64, 4, 1, (16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), (70433988, 87982370)),
    256: (140, 128, 64, 5, 2, (16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16),
          (82097604, 98635298)),
    512: (160, 64, 64, 4, 3, (16, 16, 8, 8, 4, 2, 1, 1), (1, 1, 2, 4, 8, 8, 16, 16),
          (82468068, 98801378)),
}  # fmt: skip


@pytest.mark.parametrize("resolution", PAPER)
def test_parameter_counts_of_the_paper(resolution, empty_weights):
    latent, g_size, d_size, g_block, d_block, g_widths, d_widths, golden = PAPER[resolution]
    name = f"biggan_{resolution}" if resolution > 128 else "biggan"
    recipe = dataclasses.replace(
        recipes.load(name), label_kind="classes", num_labels=1000, resolution=resolution
    )
    if resolution < 128:
        recipe = dataclasses.replace(recipe, latent_dim=latent, attention_resolution=g_size)
    assert recipe.latent_dim == latent
    assert recipe.attention_resolution == g_size
    assert (recipe.d_attention_resolution or g_size) == d_size
    generator, discriminator = networks.build(recipe, seed=0)
    expected = (
        paper_generator(g_widths, latent, g_block),
        paper_discriminator(d_widths, d_block),
    )
    assert (count(generator), count(discriminator)) == expected
    assert golden in (None, expected)
    assert generator.output_shape == (None, resolution, resolution, 3)


def notes_attention(channels):
    """f and g to an eighth, h to all, gamma."""
    return 2 * channels * (channels // 8) + channels**2 + 1


def notes_generator(first, widths, attention, latent=128):
    total, a = 16 * latent * first, first
    for block, b in enumerate(widths, start=1):
        total += 2 * a + 9 * a * b + 2 * b + 9 * b * b + 9 * a * b
        total += notes_attention(b) if block == attention else 0
        a = b
    return total + 2 * a + 27 * a


def notes_discriminator(widths, attention):
    total, a = 0, 3
    for block, b in enumerate(widths, start=1):
        total += 2 * a + 9 * a * b + 2 * b + 9 * b * b + 9 * a * b
        total += notes_attention(b) if block == attention else 0
        a = b
    return total + 16 * a


@pytest.mark.parametrize(("name", "first"), [("BIGGAN_V0", 512), ("BIGGAN_V1", 1024)])
def test_parameter_counts_of_the_notes(name, first, empty_weights):
    generator, discriminator = networks.build(recipes.load(name), seed=0)
    assert count(generator) == notes_generator(first, (512, 256, 128, 64, 32), 3)
    assert count(discriminator) == notes_discriminator((64, 128, 256, 512, 1024), 2)
    golden = {"BIGGAN_V0": 12_069_601, "BIGGAN_V1": 17_837_793}
    assert (count(generator), count(discriminator)) == (golden[name], 25_150_599)


def test_layers_of_the_notes_at_128(empty_weights):
    generator, discriminator = networks.build(recipes.load("BIGGAN_V1"), seed=0)
    sums = [layer.output.shape[1:] for layer in generator.layers if _is_block(layer)]
    assert sums == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 64), (128, 128, 32)]
    sums = [layer.output.shape[1:] for layer in discriminator.layers if _is_block(layer)]
    assert sums == [(64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 1024)]
    for network in (generator, discriminator):
        assert network.get_layer("attention").output.shape[1:] == (32, 32, 128)


def _is_block(layer):
    return isinstance(layer, keras.layers.Add) and layer.name.startswith("block_")


def test_parameter_counts_of_sresnet(empty_weights):
    """16 residual blocks of 64 channels; PReLU has a number per channel, norms have two."""
    trunk = 256 * 128 * 64 + 3 * 64 + 16 * (2 * 9 * 64**2 + 5 * 64) + notes_attention(64)
    trunk += 9 * 64**2 + 2 * 64
    ups = {"SResNetGAN_V0": 9 * 64 * 256 + 256, "SResNetGAN_V1": 16 * 64 * 64 + 64}
    expected_d, a = notes_attention(128), 3
    for b in (32, 64, 128, 256, 512):
        expected_d += 16 * a * b + b + 4 * 9 * b * b
        a = b
    expected_d += 16 * a
    for name, up in ups.items():
        generator, discriminator = networks.build(recipes.load(name), seed=0)
        assert count(generator) == trunk + 3 * (up + 3 * 64) + 81 * 64 * 3 + 3
        assert count(discriminator) == expected_d
        assert sum("prelu" in type(layer).__name__.lower() for layer in generator.layers) == 20


@pytest.mark.parametrize(
    "recipe",
    [
        small(**ATTRIBUTES),
        small(label_kind="classes", num_labels=3, d_orthogonal=1e-3),
        notes(),
        notes("BIGGAN_V0", g_first_filters=8, **ATTRIBUTES),
        sresnet(),
    ],
    ids=lambda recipe: f"{recipe.name}-{recipe.label_kind}",
)
def test_every_kernel_moves_and_a_generator_can_be_saved(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("models.networks.sresnet.G_BLOCKS", 2)
    gan = GAN(recipe, seed=1)
    gan.run_eagerly = True  # two steps take less time than making their graph
    before = tiny.values(gan.trainable_variables)
    # gamma starts at 0, so the attention's kernels get their first gradient in the second step.
    logs = tiny.fit(gan, [0, 1])
    after = tiny.values(gan.trainable_variables)
    for variable, old, new in zip(gan.trainable_variables, before, after, strict=True):
        # A bias may stand still: before a norm, or while no term of the hinge loss is zero.
        assert old.ndim < 2 or np.abs(new - old).max() > 1e-7, variable.path
    assert all(np.isfinite(list(row.values())).all() for row in logs)
    batch = tiny.batch(recipe, 3)
    latents, labels = batch["latents"][:, 0], batch["fake_labels"][:, 0]
    pictures = gan.sample(latents, labels)
    assert pictures.shape == (4, 32, 32, 3)
    assert np.abs(pictures).max() <= 1
    path = tmp_path / "generator.keras"
    files.save_generator(gan.ema_generator, path, {"recipe": recipe.to_dict()})
    loaded, metadata = files.load_generator(path)
    assert metadata["recipe"] == recipe.to_dict()
    np.testing.assert_allclose(ops.convert_to_numpy(loaded([latents, labels])), pictures, atol=1e-6)


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("mixed_bfloat16", 0.1), ("mixed_float16", 0.02)]
)
def test_mixed_precision_is_close_to_float32(precision, tolerance):
    recipe = small(**ATTRIBUTES)
    batch = tiny.batch(recipe, 0)
    labels = batch["fake_labels"][:, 0]
    pictures, logits = [], []
    for dtype in ("float32", precision):
        generator, discriminator = networks.build(recipe, seed=1, precision=dtype)
        pictures.append(ops.convert_to_numpy(generator([batch["latents"][:, 0], labels])))
        logits.append(ops.convert_to_numpy(discriminator([pictures[0], labels])))
        for network in (generator, discriminator):
            assert {v.dtype for v in network.trainable_variables} == {"float32"}
    np.testing.assert_allclose(pictures[1], pictures[0], atol=tolerance)
    np.testing.assert_allclose(logits[1], logits[0], atol=tolerance * np.abs(logits[0]).max())


def test_trains_in_mixed_precision():
    gan = GAN(small(**ATTRIBUTES), precision="mixed_bfloat16", seed=1)
    gan.run_eagerly = True
    assert np.isfinite(list(tiny.fit(gan, [0])[0].values())).all()


def test_the_latent_is_split_over_the_blocks():
    """Chunk k reaches the picture only from block k on; the label reaches every block."""
    recipe = small(**ATTRIBUTES)
    generator, _ = networks.build(recipe, seed=0)
    taps = ["stage_0_4x4", "block_1", "block_2", "block_3"]
    probe = keras.Model(generator.inputs, [generator.get_layer(name).output for name in taps])
    rng = np.random.default_rng(0)
    latent, label = rng.normal(size=(1, 16)).astype("float32"), np.ones((1, 5), "float32")
    base = [ops.convert_to_numpy(tap) for tap in probe([latent, label])]
    for chunk in range(4):
        changed = latent.copy()
        changed[:, 4 * chunk : 4 * chunk + 4] += 1.0
        moved = [
            np.abs(ops.convert_to_numpy(tap) - old).max() > 1e-6
            for tap, old in zip(probe([changed, label]), base, strict=True)
        ]
        assert moved == [block >= chunk for block in range(4)], chunk
    other = probe([latent, np.zeros((1, 5), "float32")])
    moved = [
        np.abs(ops.convert_to_numpy(a) - b).max() > 1e-6 for a, b in zip(other, base, strict=True)
    ]
    assert moved == [False, True, True, True]


def test_conditional_norms_share_one_embedding():
    generator, _ = networks.build(small(label_kind="classes", num_labels=3), seed=0)
    conditional = [n for n in norm.batch_norms(generator) if isinstance(n, ConditionalBatchNorm)]
    assert len(conditional) == 6
    assert {layer.gain.input_dim for layer in conditional} == {6 + 4}
    assert {layer.weight_norm for layer in conditional} == {"spectral"}
    assert generator.get_layer("shared_embedding").output.shape[-1] == 6


def test_initialisation_is_orthogonal():
    generator, _ = networks.build(small(), seed=0)
    kernel = ops.convert_to_numpy(generator.get_layer("block_1_conv_2").kernel).reshape(-1, 16)
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(16), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent_dim": 18}, "16 can"),
        (
            {"attention_resolution": 64},
            "at 32 px has this size. Sizes: 8, 16",
        ),
        ({"resolution": 1024}, "tables for 32, 64"),
        ({"g_norm": "none"}, "must be 'batch'"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_way_out(changes, words):
    with pytest.raises(ValueError, match=words):
        networks.build(small(**changes), seed=0)


@pytest.mark.parametrize("conditioning", ["concat", "batch_norm"])
@pytest.mark.parametrize("recipe", [small(**ATTRIBUTES), notes(**ATTRIBUTES)])
def test_labels_reach_the_picture(recipe, conditioning):
    generator, _ = networks.build(dataclasses.replace(recipe, g_conditioning=conditioning), seed=1)
    for layer in norm.batch_norms(generator):  # the notes' label maps start at zero
        if isinstance(layer, ConditionalBatchNorm):
            layer.gain.embeddings.assign(layer.gain.embeddings + 0.1)
    latents = np.ones((1, recipe.latent_dim), "float32")
    pair = [
        ops.convert_to_numpy(generator([latents, np.full((1, 5), on, "float32")])) for on in (0, 1)
    ]
    assert np.abs(pair[0] - pair[1]).max() > 1e-4
