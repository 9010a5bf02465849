import io
import zipfile

import h5py
import keras
import numpy as np

from models import files
from models.systems.gan.turns import GAN
from tests.models import tiny


def attributes(path):
    """Name of each group and array of the weights → its attributes."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        content = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    content.visititems(lambda name, item: found.update({name: dict(item.attrs)}))
    return found


def test_large_weights_are_rounded_to_half_and_read_as_before(tmp_path):
    gan = GAN(tiny.recipe(g_filters=64), seed=1)
    generator = gan.generator
    metadata = {"verb": "generate", "recipe": gan.recipe.to_dict()}
    files.save(generator, tmp_path / "whole.keras", metadata)
    files.save(generator, tmp_path / "half.keras", metadata, half=True)
    sizes = [(tmp_path / f"{name}.keras").stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    assert attributes(tmp_path / "half.keras") == attributes(tmp_path / "whole.keras")
    network, known = files.load(tmp_path / "half.keras")
    assert known == metadata
    for mine, theirs in zip(network.variables, generator.variables, strict=True):
        assert mine.dtype == theirs.dtype
        expected = np.array(theirs)
        if expected.size >= 4096:
            expected = expected.astype("float16").astype("float32")
        np.testing.assert_array_equal(np.array(mine), expected, err_msg=mine.path)


def test_numbers_that_half_precision_lacks_stay(tmp_path):
    inputs = keras.Input((64,))
    model = keras.Model(
        inputs, [keras.layers.Dense(64, name=name)(inputs) for name in ("large", "fine")]
    )
    kernel = np.full((64, 64), 1 / 3, "float32")
    kernel[0, 0] = -70_000
    model.get_layer("large").set_weights([kernel, np.ones(64, "float32")])
    kernel[0, 0] = -65_504  # the largest that half precision has
    model.get_layer("fine").set_weights([kernel, np.ones(64, "float32")])
    files.save(model, tmp_path / "a.keras", {}, half=True)
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        content = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    large, fine = (content[f"layers/{name}/vars/0"] for name in ("dense", "dense_1"))
    assert large.dtype == np.float32
    assert large[0, 0] == -70_000
    assert fine.dtype == np.float16
    assert fine[1, 1] == np.float16(0.33325195)
