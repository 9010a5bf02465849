import numpy as np
import pytest
from keras import ops
from PIL import Image

from models import networks
from models.systems.gan.turns import GAN
from runs.rows import read_rows
from tests.models.test_biggan import ATTRIBUTES, notes, small, sresnet
from training.callbacks import singular_values as watcher


def svd(layer, output_axis=-1):
    kernel = ops.convert_to_numpy(layer.kernel)
    return np.linalg.svd(
        np.moveaxis(kernel, output_axis, -1).reshape(-1, kernel.shape[output_axis]),
        compute_uv=False,
    )


def test_equal_those_of_an_svd():
    generator, _ = networks.build(notes(), seed=0)
    deconvolution, convolution = generator.get_layer("stage_0"), generator.get_layer("to_image")
    np.testing.assert_allclose(
        watcher.singular_values(deconvolution, 5), svd(deconvolution, -2)[:5], rtol=1e-5
    )
    # 9 · 4 inputs, 3 outputs: three values are all there are.
    found = watcher.singular_values(convolution, 5)
    np.testing.assert_allclose(found, svd(convolution), rtol=1e-5)


@pytest.mark.parametrize(
    ("recipe", "g", "d"),
    [
        (small(**ATTRIBUTES), ("stage_0", "to_image"), ("block_1_conv_1", "to_logit")),
        (notes(**ATTRIBUTES), ("stage_0", "to_image"), ("block_1_conv_1", "to_logit")),
        (sresnet(), ("stage_0", "to_image"), ("stage_0", "to_logit")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_first_attention_and_last_layers_are_watched(recipe, g, d):
    attention = ["attention/f", "attention/g", "attention/h"]
    if recipe.name == "biggan":
        attention.append("attention/o")
    for network, (first, last) in zip(networks.build(recipe, seed=0), (g, d), strict=True):
        names = list(watcher.watched(network))
        assert names[0] == first
        assert names[-1] == last
        assert sorted(names[1:-1]) == attention


def test_logs_and_draws(tmp_path):
    log, picture = tmp_path / "singular_values.csv", tmp_path / "singular_values.png"
    callback = watcher.SingularValues(log, picture, every=10)
    gan = GAN(small(), seed=0)
    callback.set_model(gan)
    callback.on_step(10)
    kernel = gan.generator.get_layer("to_image").kernel
    kernel.assign(2.0 * ops.convert_to_tensor(kernel))
    heard = []
    callback.listeners.append(lambda step, first: heard.append((step, first)))
    callback.on_step(20)
    callback.on_train_end()
    rows = read_rows(log)
    assert [row["step"] for row in rows] == [10, 20]
    ranks = {column.rsplit("/", 1)[1] for column in rows[1] if column != "step"}
    assert ranks == {"1", "2", "3"}
    ((step, first),) = heard
    assert step == 20
    firsts = {column: value for column, value in rows[1].items() if column.endswith("/1")}
    assert {f"{kernel}/1": value for kernel, value in first.items()} == pytest.approx(firsts)
    name = "generator/to_image/1"
    assert rows[1][name] == pytest.approx(2 * rows[0][name], rel=1e-5)
    assert rows[1]["discriminator/to_logit/1"] == rows[0]["discriminator/to_logit/1"]
    assert Image.open(picture).size[0] > 500
    picture.unlink()
    callback = watcher.SingularValues(log, picture, every=10, first_step=20)
    callback.set_model(gan)
    drawn = []
    for step in (30, 40, 50, 60):
        callback.on_step(step)
        if picture.exists():
            drawn.append(step)
            picture.unlink()
    callback.on_train_end()
    assert drawn == [30, 40, 50]  # 60 is no quarter more than 50, but every step is logged
    assert [row["step"] for row in read_rows(log)] == [10, 20, 30, 40, 50, 60]
    # A run that goes on from step 10 forgets what came after it.
    again = watcher.SingularValues(log, picture, every=10, first_step=10)
    again.set_model(gan)
    again.on_step(20)
    again.on_train_end()
    rows = read_rows(log)
    assert [row["step"] for row in rows] == [10, 20]
