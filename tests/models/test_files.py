import json
import zipfile

import keras
import numpy as np
import pytest

from models import files, networks
from models.sampling import generate
from models.systems import recipe_of
from tests.models import tiny


@pytest.fixture
def saved(tmp_path):
    recipe = tiny.recipe()
    generator, _ = networks.build(recipe, seed=0, precision="mixed_bfloat16")
    path = tmp_path / "generator.keras"
    files.save(generator, path, {"recipe": recipe.to_dict()})
    return generator, recipe, path


def test_round_trip(saved):
    generator, recipe, path = saved
    again, metadata = files.load(path)
    assert recipe_of(metadata["recipe"]) == recipe
    latents = np.random.default_rng(0).standard_normal((3, 8)).astype("float32")
    np.testing.assert_array_equal(generate(again, latents), generate(generator, latents))
    assert [p.name for p in path.parent.iterdir()] == ["generator.keras"]


def test_truncated_file(saved):
    path = saved[2]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a complete"):
        files.load(path)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        files.load(tmp_path / "nothing.keras")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="does not carry a recipe"):
        files.load(tmp_path / "other.keras")


def test_code_from_a_stranger_is_refused(tmp_path):
    path = tmp_path / "stranger.keras"
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(files.MEMBER, json.dumps({"recipe": {}}))
    with pytest.raises(ValueError, match="cannot be loaded"):
        files.load(path)
