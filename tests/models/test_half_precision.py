import io
import zipfile

import h5py
import keras
import numpy as np

from models import files
from models.systems.gan.turns import GAN
from tests.models import tiny


def test_weights_are_rounded_to_half_and_read_as_before(tmp_path):
    gan = GAN(tiny.recipe(), seed=1)
    generator = gan.generator
    metadata = {"verb": "generate", "recipe": gan.recipe.to_dict()}
    files.save(generator, tmp_path / "whole.keras", metadata)
    files.save(generator, tmp_path / "half.keras", metadata, half=True)
    sizes = [(tmp_path / f"{name}.keras").stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    network, known = files.load(tmp_path / "half.keras")
    assert known == metadata
    for mine, theirs in zip(network.variables, generator.variables, strict=True):
        assert mine.dtype == theirs.dtype
        expected = np.array(theirs)
        if expected.dtype == np.float32:
            expected = expected.astype("float16").astype("float32")
        np.testing.assert_array_equal(np.array(mine), expected, err_msg=mine.path)


def test_numbers_that_half_precision_lacks_stay(tmp_path):
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))
    kernel = np.array([[1e6, 1 / 3], [-1e-3, 0]], "float32")
    model.get_layer("dense").set_weights([kernel, np.array([1 / 3, 2], "float32")])
    files.save(model, tmp_path / "a.keras", {}, half=True)
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        content = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    stored = content["layers/dense/vars"]
    assert stored["0"].dtype == np.float32
    np.testing.assert_array_equal(stored["0"], kernel)
    assert stored["1"].dtype == np.float16
    np.testing.assert_array_equal(stored["1"], np.array([0.33325195, 2], "float32"))
